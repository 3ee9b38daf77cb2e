"""DaViT (arXiv:2204.03645): attention inside windows and attention between channels in turn.

No hub class has it: ``hidden_sizes``, ``depths`` (pairs of blocks) and ``num_attention_heads`` per
stage, ``window_size``.
"""

from __future__ import annotations

import math

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``davit``."""
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    heads = source.depths("num_attention_heads", count=len(widths))
    window = source.keys.integer("window_size", default=7, maximum=1024)
    if any(width % count for width, count in zip(widths, heads, strict=True)):
        raise source.keys.problem(
            "num_attention_heads", heads, say("divisors of {number}", number=widths)
        )
    network = source.network()
    x = network.conv("stem", image, widths[0], 7, 4, bias=True)
    network.norm("stem.norm", x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                network.norm("down.norm", x)
                x = network.conv("down.conv", x, width, 2, 2, padding=0, bias=True)
            for number in range(depth):
                with network.scope(f"{number}.window"):
                    _block(network, x, heads[stage], window)
                with network.scope(f"{number}.channel"):
                    _block(network, x, heads[stage], 0)
    x = network.pool_to("pool", x)
    network.norm("norm", x)
    classifier(network, x, source.classes())
    return source.done(network, image, "davit")


def _block(network: Network, x: Shape, heads: int, window: int) -> None:
    """``window`` 0: between channels."""
    _positions(network, "positions1", x)
    network.norm("norm1", x)
    width = x.channels // heads
    if window:
        rows, columns = math.ceil(x.height / window), math.ceil(x.width / window)
        padded = Shape(x.channels, rows * window, columns * window)
        network.copy("partition", x, padded)
        network.linear("qkv", padded, 3 * x.channels)
        network.attention("products", window**2, window**2, heads, width, windows=rows * columns)
        network.linear("out", padded, x.channels)
        network.copy("reverse", padded, x)
    else:
        network.linear("qkv", x, 3 * x.channels)
        network.attention("products", width, width, heads, x.positions)
        network.linear("out", x, x.channels)
    network.add("add1", x)
    _positions(network, "positions2", x)
    network.norm("norm2", x)
    feed_forward(network, x, 4 * x.channels)
    network.add("add2", x)


def _positions(network: Network, name: str, x: Shape) -> None:
    network.conv(name, x, x.channels, 3, groups=x.channels, bias=True)
    network.add(f"{name}.add", x)
