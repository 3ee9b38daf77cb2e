"""PiT (arXiv:2103.16302): a ViT that shrinks its map between stages.

No hub class has it: ``hidden_sizes``, ``num_attention_heads`` and ``depths`` per stage, overlapping
patches of ``patch_size`` every ``patch_stride``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.dialects.vit import block
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``pit``: its positions hold for one image size."""
    image = source.fixed_image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    heads = source.depths("num_attention_heads", count=len(widths))
    if any(width % count for width, count in zip(widths, heads, strict=True)):
        raise source.keys.problem(
            "num_attention_heads", heads, say("divisors of {number}", number=widths)
        )
    patch = source.pair("patch_size")
    stride = source.keys.integer("patch_stride", maximum=1024)
    network = source.network()
    x = network.conv("patch", image, widths[0], patch, stride, padding=0, bias=True)
    network.table("positions", x, (x.positions + 1) * widths[0])
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        if stage:
            with network.scope(f"stages.{stage}.pool"):
                x = _shrink(network, x, width)
        tokens = x.tokens(1)
        for number in range(depth):
            with network.scope(f"stages.{stage}.{number}"):
                block(network, tokens, heads[stage], 4 * width)
    first = Shape(x.channels, 1, 1)
    network.norm("norm", first)
    classifier(network, first, source.classes())
    return source.done(network, image, "pit")


def _shrink(network: Network, x: Shape, width: int) -> Shape:
    """A depthwise filter for the map, a projection for the class token."""
    network.linear("class", Shape(x.channels, 1, 1), width)
    return network.conv("map", x, width, 3, 2, groups=x.channels, bias=True)
