"""VoVNet V2 (arXiv:1911.06667): all layers of a block are joined once, then gated.

No hub class has it: ``stem_widths``, per stage ``inner_widths``, ``hidden_sizes`` and ``depths``,
``layers_per_block``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``vovnet``."""
    image = source.image()
    first, second, third = source.widths("stem_widths", count=3)
    widths = source.widths("hidden_sizes")
    inner = source.widths("inner_widths", count=len(widths))
    depths = source.depths("depths", count=len(widths))
    layers = source.blocks("layers_per_block")
    network = source.network()
    x = conv_norm(network, "stem.conv1", image, first, 3, 2)
    x = conv_norm(network, "stem.conv2", x, second, 3)
    x = conv_norm(network, "stem.conv3", x, third, 3, 2)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        if stage:
            x = network.pool(f"stages.{stage}.pool", x, 3, 2, ceil=True)
        for block in range(depth):
            with network.scope(f"stages.{stage}.{block}"):
                x = _block(network, x, inner[stage], width, layers, (block > 0, block + 1 == depth))
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "vovnet")


def _block(
    network: Network, x: Shape, inner: int, width: int, layers: int, place: tuple[bool, bool]
) -> Shape:
    """``place``: whether the block adds its input, and whether it ends its stage with a gate."""
    residual, gated = place
    parts = [x]
    for number in range(layers):
        parts.append(conv_norm(network, f"conv{number}", parts[-1], inner, 3))
    y = conv_norm(network, "join", network.concat("concat", parts), width)
    if gated:
        gate = network.conv("gate", network.pool_to("pool", y), width, bias=True)
        network.activation("gate.activation", gate)
        network.scale("scale", y)
    return network.add("add", y) if residual else y
