"""Twins-SVT (arXiv:2104.13840): attention inside windows, then to a coarse summary of the map.

No hub class has it: ``hidden_sizes``, ``depths``, ``num_attention_heads`` and
``reduction_ratios`` per stage, ``window_size``.
"""

from __future__ import annotations

import math

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``twins_svt``."""
    image = source.image()
    source.multiple(image, (32, 32), "the strides of all stages")
    widths = source.widths("hidden_sizes", count=4)
    depths = source.depths("depths", count=4)
    heads = source.depths("num_attention_heads", count=4)
    ratios = source.depths("reduction_ratios", count=4)
    window = source.keys.integer("window_size", default=7, maximum=1024)
    if any(width % count for width, count in zip(widths, heads, strict=True)):
        raise source.keys.problem(
            "num_attention_heads", heads, say("divisors of {number}", number=widths)
        )
    network = source.network()
    x = image
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        side = 2 if stage else 4
        with network.scope(f"stages.{stage}"):
            x = network.conv("patch", x, width, side, side, padding=0, bias=True)
            network.norm("patch.norm", x)
            for number in range(depth):
                with network.scope(str(number)):
                    network.norm("norm1", x)
                    if number % 2:
                        _summary_attention(network, x, heads[stage], ratios[stage])
                    else:
                        _window_attention(network, x, heads[stage], window)
                    network.add("add1", x)
                    network.norm("norm2", x)
                    feed_forward(network, x, 4 * width)
                    network.add("add2", x)
                if number == 0:
                    network.conv("positions", x, width, 3, groups=width, bias=True)
                    network.add("positions.add", x)
    network.norm("norm", x)
    classifier(network, network.pool_to("pool", x), source.classes())
    return source.done(network, image, "twins_svt")


def _window_attention(network: Network, x: Shape, heads: int, window: int) -> None:
    rows, columns = math.ceil(x.height / window), math.ceil(x.width / window)
    padded = Shape(x.channels, rows * window, columns * window)
    network.copy("partition", x, padded)
    network.linear("qkv", padded, 3 * x.channels)
    network.attention(
        "products", window**2, window**2, heads, x.channels // heads, windows=rows * columns
    )
    network.copy("reverse", padded)
    network.linear("out", padded, x.channels)


def _summary_attention(network: Network, x: Shape, heads: int, ratio: int) -> None:
    network.linear("q", x, x.channels)
    summary = x
    if ratio > 1:
        summary = network.conv("reduce", x, x.channels, ratio, ratio, padding=0, bias=True)
        network.norm("reduce.norm", summary)
    network.linear("kv", summary, 2 * x.channels)
    network.attention("products", x.positions, summary.positions, heads, x.channels // heads)
    network.linear("out", x, x.channels)
