"""MobileViT (arXiv:2110.02178): inverted residuals, and attention between the pixels that stand at
the same place of each patch."""

from __future__ import annotations

import math

from engine.vision.architecture import VisionArchitecture
from engine.vision.blocks import conv_norm, feed_forward, pooled_classifier, self_attention
from engine.vision.dialects.mobilenet import inverted_residual
from engine.vision.parts import Network, Shape, divisible
from engine.vision.source import Source

DEPTHS = (2, 4, 3)
"""Transformer layers of the last three stages in every released size."""


def read(source: Source) -> VisionArchitecture:
    """``mobilevit``."""
    keys = source.keys
    keys.ignore("hidden_act", "aspp_out_channels", "atrous_rates", "aspp_dropout_prob")
    keys.ignore("semantic_loss_ignore_index", "classifier_dropout_prob")
    source.expect("output_stride", 32, "the only one understood")
    source.expect("conv_kernel_size", 3, "the only one understood")
    image = source.image(default=256)
    patch = source.pair("patch_size", default=2)
    widths = source.widths("hidden_sizes", count=3)
    necks = source.widths("neck_hidden_sizes", count=7)
    heads = keys.integer("num_attention_heads", maximum=1024)
    if any(width % heads for width in widths):
        raise keys.problem("num_attention_heads", heads, f"a divisor of all of {widths}")
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
