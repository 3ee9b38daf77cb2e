"""EfficientNet B0 to B7 (arXiv:1905.11946), and NVIDIA's wide squeeze-and-excitation variant.

``squeeze_from`` says which channels the squeeze ratio counts from: ``input`` of the block (the
paper) or its ``expanded`` ones (efficientnet-widese of NVIDIA's DeepLearningExamples).
``round_up``: odd maps are halved upwards, as torchvision and timm do. transformers halves them
downwards, but for the blocks that ``depthwise_padding`` lists.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier, squeeze_excite
from engine.model.forward.parts import Network, Shape, divisible
from engine.model.forward.source import Source
from engine.words.messages import say


@dataclass(frozen=True)
class InvertedResidual:
    """One inverted residual with a gate."""

    kernel: int
    stride: int
    expansion: int
    channels: int
    squeeze: float
    wide: bool


def read(source: Source) -> ForwardArchitecture:
    """``efficientnet``: every figure scaled by the width and depth coefficients."""
    keys = source.keys
    keys.ignore("hidden_act", "num_hidden_layers", "batch_norm_eps")
    keys.ignore("batch_norm_momentum", "dropout_rate", "drop_connect_rate")
    source.choice("pooling_type", "mean", "max", default="mean")
    image = source.image()
    network = source.network()
    x = stages(source, network, image)[-1]
    head = _scaled(source, 1280)
    source.expect("hidden_dim", head, say("1280 scaled"))
    x = conv_norm(network, "head", x, head)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "efficientnet", "V1")


def _scaled(source: Source, channels: int) -> int:
    width = source.ratio("width_coefficient")
    return divisible(channels * width, source.width("depth_divisor"))


def stages(source: Source, network: Network, image: Shape) -> list[Shape]:
    """The last map of each size, from half the image on."""
    upwards = source.option("round_up")
    whole = set(source.keys.integers("depthwise_padding") or ())
    x = image if upwards else _even(network, image)
    x = conv_norm(network, "stem", x, _scaled(source, 32), 3, 2, same=True)
    maps = [x]
    for number, block in enumerate(_blocks(source)):
        with network.scope(f"blocks.{number}"):
            if block.stride == 2 and not upwards and number not in whole:
                x = _even(network, x)
            x = _block(network, x, block, _scaled(source, block.channels))
        if block.stride == 1:
            maps.pop()
        maps.append(x)
    return maps


def _blocks(source: Source) -> list[InvertedResidual]:
    keys = source.keys
    kernels = source.depths("kernel_sizes")
    count = len(kernels)
    outputs = source.widths("out_channels", count=count)
    inputs = source.widths("in_channels", count=count)
    if inputs[0] != 32 or inputs[1:] != outputs[:-1]:
        raise keys.problem("in_channels", inputs, say("32 and then out_channels without the last"))
    strides = source.depths("strides", count=count)
    repeats = source.depths("num_block_repeats", count=count)
    expansions = source.depths("expand_ratios", count=count)
    deep = source.ratio("depth_coefficient")
    squeeze = source.ratio("squeeze_expansion_ratio", maximum=1)
    wide = source.option_text("squeeze_from", "input", "expanded") == "expanded"
    found = []
    for stage in range(count):
        for block in range(math.ceil(deep * repeats[stage])):
            stride = strides[stage] if block == 0 else 1
            found.append(
                InvertedResidual(
                    kernels[stage], stride, expansions[stage], outputs[stage], squeeze, wide
                )
            )
    return found


def _even(network: Network, x: Shape) -> Shape:
    """Without a last odd row and column."""
    if min(x.height, x.width) < 2:
        raise network.problem(
            "depthwise", say("a map of {size} cannot be halved", size=f"{x.height}×{x.width}")
        )
    return Shape(x.channels, x.height // 2 * 2, x.width // 2 * 2)


def _block(network: Network, x: Shape, block: InvertedResidual, channels: int) -> Shape:
    entry = x
    if block.expansion != 1:
        x = conv_norm(network, "expand", x, x.channels * block.expansion)
    x = conv_norm(
        network,
        "depthwise",
        x,
        x.channels,
        block.kernel,
        block.stride,
        groups=x.channels,
        same=True,
    )
    base = x.channels if block.wide else entry.channels
    squeeze_excite(network, x, max(1, int(base * block.squeeze)))
    x = conv_norm(network, "project", x, channels, activation=False)
    return network.add("add", x) if block.stride == 1 and entry.channels == channels else x
