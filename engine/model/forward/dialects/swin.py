"""Swin Transformer V1 and V2 (arXiv:2103.14030, 2111.09883): attention inside shifted windows.

``key_bias`` beside the keys of transformers: V2 has no bias on its keys, torchvision stores one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

BIAS_HIDDEN = 512
"""Hidden units of V2's position-bias network (arXiv:2111.09883, §3.3)."""


@dataclass(frozen=True)
class Figures:
    """What all blocks share."""

    window: int
    ratio: float
    qkv_bias: bool
    key_bias: bool
    second: bool


def read(source: Source) -> ForwardArchitecture:
    """``swin`` and ``swinv2``."""
    keys = source.keys
    keys.ignore("out_features", "out_indices", "stage_names", "hidden_act", "encoder_stride")
    keys.ignore("pretrained_window_sizes", "path_norm", "num_layers")
    image = source.image()
    second = keys.model_type == "swinv2"
    figures = Figures(
        window=keys.integer("window_size", maximum=1024),
        ratio=source.ratio("mlp_ratio"),
        qkv_bias=keys.flag("qkv_bias", default=True),
        key_bias=source.option("key_bias", not second),
        second=second,
    )
    width = source.width("embed_dim")
    depths = source.depths("depths")
    heads = source.depths("num_heads", count=len(depths))
    last = width * 2 ** (len(depths) - 1)
    source.expect("hidden_size", last, say("the last stage's channels"))
    network = source.network()
    x = _embed(source, network, image, width)
    for stage, depth in enumerate(depths):
        if x.channels % heads[stage]:
            raise keys.problem(
                "num_heads",
                heads,
                say("a divisor of {number} in stage {stage}", number=x.channels, stage=stage),
            )
        for number in range(depth):
            with network.scope(f"layers.{stage}.{number}"):
                x = _block(network, x, heads[stage], figures, number % 2 == 1)
        if stage + 1 < len(depths):
            with network.scope(f"layers.{stage}.merge"):
                x = _merge(network, x, second)
    network.norm("norm", x)
    if second:
        source.notes.append("position biases are computed once, not for every image")
    classifier(network, network.pool_to("pool", x), source.classes())
    return source.done(network, image, keys.model_type, "V2" if second else "V1")


def _embed(source: Source, network: Network, image: Shape, width: int) -> Shape:
    """Patches, padded to whole ones, with a norm and perhaps learnt positions."""
    patch = source.pair("patch_size", default=4, maximum=1024)
    padded = Shape(
        image.channels,
        math.ceil(image.height / patch[0]) * patch[0],
        math.ceil(image.width / patch[1]) * patch[1],
    )
    with network.scope("embeddings"):
        x = network.conv("patch", padded, width, patch, patch[0], padding=0, bias=True)
        network.norm("norm", x)
        if source.keys.flag("use_absolute_embeddings", default=False):
            own = source.pair("image_size", default=224)
            network.table("positions", x, own[0] // patch[0] * (own[1] // patch[1]) * width)
    return x


def _block(network: Network, x: Shape, heads: int, figures: Figures, shifted: bool) -> Shape:
    """V1 norms before each half, V2 after."""
    if not figures.second:
        network.norm("norm1", x)
    _window_attention(network, x, heads, figures, shifted)
    if figures.second:
        network.norm("norm1", x)
    network.add("add1", x)
    if not figures.second:
        network.norm("norm2", x)
    feed_forward(network, x, int(x.channels * figures.ratio))
    if figures.second:
        network.norm("norm2", x)
    return network.add("add2", x)


def _window_attention(
    network: Network, x: Shape, heads: int, figures: Figures, shifted: bool
) -> None:
    """The map is padded to whole windows; one window that covers it is not shifted."""
    window = min(figures.window, x.height, x.width)
    rows, columns = math.ceil(x.height / window), math.ceil(x.width / window)
    padded = Shape(x.channels, rows * window, columns * window)
    shifted = shifted and min(x.height, x.width) > figures.window
    with network.scope("attention"):
        if shifted:
            network.copy("shift", padded)
        network.copy("partition", x, padded)
        biased = (3 if figures.key_bias else 2) * x.channels if figures.qkv_bias else 0
        network.linear("qkv", padded, 3 * x.channels, bias=False, more=biased)
        if figures.second:
            network.norm("normalise", padded.resized(2 * x.channels), 0)
        network.attention(
            "products",
            window**2,
            window**2,
            heads,
            x.channels // heads,
            windows=rows * columns,
            parameters=_bias_parameters(heads, figures),
        )
        network.linear("out", padded, x.channels)
        network.copy("reverse", padded, x)
        if shifted:
            network.copy("unshift", x)


def _bias_parameters(heads: int, figures: Figures) -> int:
    """V1 a table of offsets; V2 a scale per head and a network from offsets to biases."""
    if not figures.second:
        return (2 * figures.window - 1) ** 2 * heads
    return heads + 3 * BIAS_HIDDEN + BIAS_HIDDEN * heads


def _merge(network: Network, x: Shape, second: bool) -> Shape:
    """Two by two neighbours side by side, projected to twice the channels."""
    height, width = math.ceil(x.height / 2), math.ceil(x.width / 2)
    merged = network.copy("gather", x, Shape(4 * x.channels, height, width))
    if not second:
        network.norm("norm", merged)
    out = network.linear("reduction", merged, 2 * x.channels, bias=False)
    if second:
        network.norm("norm", out)
    return out
