"""RepVGG (arXiv:2101.03697), with its three branches as trained, or ``merged`` into one 3×3 each.

No hub class has it: ``stem``, ``hidden_sizes``, ``depths``, ``groups`` of every other block.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``repvgg``."""
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    groups = max(1, source.option_integer("groups", 1))
    merged = source.option("merged")
    network = source.network()
    with network.scope("stem"):
        x = _block(network, image, source.width("stem"), 2, 1, merged)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for block in range(depth):
            with network.scope(f"stages.{stage}.{block}"):
                split = groups if block % 2 else 1
                x = _block(network, x, width, 1 if block else 2, split, merged)
    pooled_classifier(network, x, source.classes())
    if not merged:
        source.notes.append("branches as trained; engines may merge them into one convolution")
    return source.done(network, image, "repvgg")


def _block(network: Network, x: Shape, width: int, stride: int, groups: int, merged: bool) -> Shape:
    if merged:
        out = network.conv("conv", x, width, 3, stride, groups=groups, bias=True)
        return network.activation("activation", out)
    identity = stride == 1 and x.channels == width
    if identity:
        network.norm("identity.norm", x)
    conv_norm(network, "conv1", x, width, 1, stride, padding=0, groups=groups, activation=False)
    out = conv_norm(network, "conv3", x, width, 3, stride, groups=groups, activation=False)
    network.add("add", out, 2 if identity else 1)
    return network.activation("activation", out)
