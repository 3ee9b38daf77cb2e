"""EdgeNeXt (arXiv:2206.10589): ConvNeXt blocks, and attention between channels.

No hub class has it; the keys are those of ConvNeXt with ``kernel_sizes``, ``scales``,
``global_blocks`` (attention blocks at the end of a stage), ``positions`` (stages whose attention
adds them) and ``num_attention_heads``.
"""

from __future__ import annotations

import math

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

POSITION_CHANNELS = 64


def read(source: Source) -> ForwardArchitecture:
    """``edgenext``."""
    keys = source.keys
    image = source.image(default=256)
    widths = source.widths("hidden_sizes")
    count = len(widths)
    depths = source.depths("depths", count=count)
    kernels = source.depths("kernel_sizes", count=count)
    scales = source.depths("scales", count=count)
    globals_ = keys.integers("global_blocks", maximum=1000) or [0] * count
    positioned = keys.integers("positions", maximum=32) or []
    heads = keys.integer("num_attention_heads", default=8, maximum=1024)
    if len(globals_) != count or any(width % heads for width in widths):
        raise keys.problem("num_attention_heads", heads, say("divisors of {number}", number=widths))
    network = source.network()
    with network.scope("stem"):
        x = network.conv("conv", image, widths[0], 4, 4, padding=0, bias=True)
        network.norm("norm", x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        with network.scope(f"stages.{stage}"):
            if stage:
                network.norm("downsample.norm", x)
                x = network.conv("downsample.conv", x, width, 2, 2, padding=0, bias=True)
            for block in range(depth):
                with network.scope(str(block)):
                    if block < depth - globals_[stage]:
                        _convolution(network, x, kernels[stage])
                    else:
                        _transposed(network, x, scales[stage], heads, stage in positioned)
    x = network.norm("norm", network.pool_to("pool", x))
    classifier(network, x, source.classes())
    return source.done(network, image, "edgenext")


def _convolution(network: Network, x: Shape, kernel: int) -> None:
    network.conv("depthwise", x, x.channels, kernel, groups=x.channels, bias=True)
    network.norm("norm", x)
    feed_forward(network, x, 4 * x.channels)
    network.scale("layer_scale", x, x.channels)
    network.add("add", x)


def _transposed(network: Network, x: Shape, scales: int, heads: int, positioned: bool) -> None:
    """Depthwise filters over growing parts of the channels, then attention between channels."""
    part = x.resized(math.ceil(x.channels / scales))
    for number in range(max(1, scales - 1)):
        if number:
            network.add(f"split{number}.add", part)
        network.conv(f"split{number}", part, part.channels, 3, groups=part.channels, bias=True)
    network.copy("concat", x)
    if positioned:
        network.conv("positions", x.resized(POSITION_CHANNELS), x.channels, bias=True)
        network.add("positions.add", x)
    network.norm("norm1", x)
    network.linear("attention.qkv", x, 3 * x.channels)
    network.norm("attention.normalise", x.resized(2 * x.channels), 0)
    width = x.channels // heads
    network.attention("attention.products", width, width, heads, x.positions, parameters=heads)
    network.linear("attention.out", x, x.channels)
    network.scale("layer_scale1", x, x.channels)
    network.add("add1", x)
    network.norm("norm2", x)
    feed_forward(network, x, 4 * x.channels)
    network.scale("layer_scale2", x, x.channels)
    network.add("add2", x)
