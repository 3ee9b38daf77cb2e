"""MobileViT (arXiv:2110.02178): inverted residuals, and attention between the pixels that stand at
the same place of each patch."""

from __future__ import annotations

import math

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, feed_forward, pooled_classifier, self_attention
from engine.model.forward.dialects.mobilenet import inverted_residual
from engine.model.forward.parts import Network, Shape, divisible
from engine.model.forward.source import Source
from engine.words.messages import say

DEPTHS = (2, 4, 3)
"""Transformer layers of the last three stages in every released size."""


def read(source: Source) -> ForwardArchitecture:
    """``mobilevit``."""
    keys = source.keys
    keys.ignore("hidden_act", "aspp_out_channels", "atrous_rates", "aspp_dropout_prob")
    keys.ignore("semantic_loss_ignore_index", "classifier_dropout_prob")
    source.expect("output_stride", 32)
    source.expect("conv_kernel_size", 3)
    image = source.image(default=256)
    patch = source.pair("patch_size", default=2)
    widths = source.widths("hidden_sizes", count=3)
    necks = source.widths("neck_hidden_sizes", count=7)
    heads = keys.integer("num_attention_heads", maximum=1024)
    if any(width % heads for width in widths):
        raise keys.problem("num_attention_heads", heads, say("divisors of {number}", number=widths))
    ratio, expansion = source.ratio("mlp_ratio"), source.ratio("expand_ratio")
    biased = 3 if keys.flag("qkv_bias", default=True) else 0
    network = source.network()

    def mobile(x: Shape, channels: int, stride: int) -> Shape:
        return inverted_residual(
            network, x, divisible(round(x.channels * expansion)), channels, stride
        )

    x = conv_norm(network, "stem", image, necks[0], 3, 2)
    for number, (channels, stride) in enumerate(
        ((necks[1], 1), (necks[2], 2), (necks[2], 1), (necks[2], 1))
    ):
        with network.scope(f"mobile.{number}"):
            x = mobile(x, channels, stride)
    for stage, (width, depth) in enumerate(zip(widths, DEPTHS, strict=True)):
        with network.scope(f"stages.{stage}"):
            with network.scope("down"):
                x = mobile(x, necks[3 + stage], 2)
            x = _mixed(network, x, width, depth, heads, (int(width * ratio), biased), patch)
    x = conv_norm(network, "head", x, necks[6])
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "mobilevit", "V1")


def _mixed(
    network: Network,
    x: Shape,
    width: int,
    depth: int,
    heads: int,
    block_figures: tuple[int, int],
    patch: tuple[int, int],
) -> Shape:
    """A convolution for what is near, attention for what is far, and both joined."""
    feed_forward_width, biased = block_figures
    rows, columns = math.ceil(x.height / patch[0]), math.ceil(x.width / patch[1])
    whole = Shape(width, rows * patch[0], columns * patch[1])
    y = conv_norm(network, "conv_local", x, x.channels, 3)
    y = network.conv("conv_in", y, width)
    network.copy("unfold", y, whole)
    for number in range(depth):
        with network.scope(f"layers.{number}"):
            network.norm("norm1", whole)
            self_attention(network, whole, heads, biased=biased, windows=patch[0] * patch[1])
            network.add("add1", whole)
            network.norm("norm2", whole)
            feed_forward(network, whole, feed_forward_width)
            network.add("add2", whole)
    network.norm("norm", whole)
    network.copy("fold", whole, y)
    y = conv_norm(network, "conv_out", y, x.channels)
    return conv_norm(network, "conv_fuse", network.concat("concat", [x, y]), x.channels, 3)


SECOND_WIDTHS = ((64, 16), (128, 8), (256, 8), (384, 8), (512, 8))
"""Channels of the five stages before scaling, and what they are rounded to."""


def read_second(source: Source) -> ForwardArchitecture:
    """``mobilevitv2`` (arXiv:2206.02680): attention whose work is linear in the pixels."""
    keys = source.keys
    keys.ignore("hidden_act", "aspp_out_channels", "atrous_rates", "aspp_dropout_prob")
    keys.ignore("semantic_loss_ignore_index", "attn_dropout", "ffn_dropout", "patch_size")
    source.expect("output_stride", 32)
    source.expect("conv_kernel_size", 3)
    image = source.image(default=256)
    factor = source.ratio("width_multiplier", default=1.0)
    expansion = source.ratio("expand_ratio", default=2.0)
    multiplier = source.ratio("ffn_multiplier", default=2.0)
    depths = source.depths("n_attn_blocks", count=3)
    units = source.widths("base_attn_unit_dims", count=3)
    widths = [divisible(base * factor, to, 16) for base, to in SECOND_WIDTHS]
    network = source.network()

    def mobile(x: Shape, channels: int, stride: int) -> Shape:
        hidden = divisible(round(x.channels * expansion))
        return inverted_residual(network, x, hidden, channels, stride)

    first = divisible(max(16, min(64, 32 * factor)), 8, 16)
    x = conv_norm(network, "stem", image, first, 3, 2)
    for number, (channels, stride) in enumerate(((widths[0], 1), (widths[1], 2), (widths[1], 1))):
        with network.scope(f"mobile.{number}"):
            x = mobile(x, channels, stride)
    for stage, depth in enumerate(depths):
        with network.scope(f"stages.{stage}"):
            with network.scope("down"):
                x = mobile(x, widths[2 + stage], 2)
            unit = divisible(units[stage] * factor)
            _linear_mixed(network, x, unit, depth, int(multiplier * unit // 16 * 16))
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "mobilevit", "V2")


def _linear_mixed(network: Network, x: Shape, width: int, depth: int, hidden: int) -> None:
    conv_norm(network, "conv_local", x, x.channels, 3, groups=x.channels)
    y = network.conv("conv_in", x, width)
    network.copy("unfold", y)
    for number in range(depth):
        with network.scope(f"layers.{number}"):
            network.norm("norm1", y)
            network.conv("attention.qkv", y, 2 * width + 1, bias=True)
            network.activation("attention.softmax", y.resized(1))
            network.add("attention.context", y)
            network.add("attention.gate", y)
            network.conv("attention.out", y, width, bias=True)
            network.add("add1", y)
            network.norm("norm2", y)
            inner = network.conv("mlp.in", y, hidden, bias=True)
            network.activation("mlp.activation", inner)
            network.conv("mlp.out", inner, width, bias=True)
            network.add("add2", y)
    network.norm("norm", y)
    network.copy("fold", y)
    conv_norm(network, "conv_out", y, x.channels, activation=False)
