"""ShuffleNet V2 (arXiv:1807.11164): half of the channels pass by, then both halves mix.

No hub class has it, so the keys are ours: ``stem``, ``widths``, ``depths``, ``head``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``shufflenet_v2``."""
    image = source.image()
    widths = source.widths("widths")
    if any(width % 2 for width in widths):
        raise source.keys.problem("widths", widths, say("even channel counts"))
    depths = source.depths("depths", count=len(widths))
    network = source.network()
    x = conv_norm(network, "stem", image, source.width("stem"), 3, 2)
    x = network.pool("stem.pool", x, 3, 2, 1)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            with network.scope(f"stages.{stage}.{block}"):
                x = _block(network, x, width, 1 if block else 2)
    x = conv_norm(network, "head", x, source.width("head"))
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "shufflenet", "V2")


def _block(network: Network, x: Shape, width: int, stride: int) -> Shape:
    half = width // 2
    if stride == 1:
        entry = passed = x.resized(half)
    else:
        entry = x
        passed = _depthwise(network, "left", x, stride)
        passed = conv_norm(network, "left.pointwise", passed, half)
    y = conv_norm(network, "right.in", entry, half)
    y = _depthwise(network, "right", y, stride)
    y = conv_norm(network, "right.out", y, half)
    return network.copy("shuffle", network.concat("concat", [passed, y]))


def _depthwise(network: Network, name: str, x: Shape, stride: int) -> Shape:
    return conv_norm(
        network,
        f"{name}.depthwise",
        x,
        x.channels,
        3,
        stride,
        groups=x.channels,
        activation=False,
    )
