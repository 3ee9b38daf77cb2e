"""MaxViT and CoAtNet (arXiv:2204.01697, 2106.04803): inverted bottlenecks, and attention inside
windows and across a grid (MaxViT) or over everything (CoAtNet).

No hub class has them. ``stages`` says what each stage is made of: ``convolution``,
``transformer``, or ``mixed`` for MaxViT's block of three. ``expand_output``: bottlenecks widen
their output instead of their input; ``biased``: with biases on the outer 1×1.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm, feed_forward, squeeze_excite
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

KINDS = ("convolution", "transformer", "mixed")
EXPANSION = 4


@dataclass(frozen=True)
class Figures:
    """What all blocks share."""

    head_width: int
    window: int
    squeeze: float
    early: bool
    """The gate stands before the second norm, not after it."""
    pooled: bool
    """Bottlenecks shrink by a mean before them, not by the stride of their filter."""
    expand_output: bool
    biased: bool
    project_strided: bool
    """A shortcut that shrinks has a 1×1 even when the channels stay."""


def read(source: Source) -> ForwardArchitecture:
    """``maxvit`` and ``coatnet``: the biases by position hold for one image size."""
    keys = source.keys
    image = source.fixed_image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    kinds = keys.texts("stages")
    if kinds is None or len(kinds) != len(widths) or any(kind not in KINDS for kind in kinds):
        raise keys.problem(
            "stages", kinds, say("{number} of {names}", number=len(widths), names=", ".join(KINDS))
        )
    figures = Figures(
        head_width=source.width("head_dim", default=32),
        window=max(1, source.option_integer("window_size", image.height // 32)),
        squeeze=source.ratio("squeeze_ratio", maximum=1),
        early=source.option("squeeze_early"),
        pooled=source.option("pooled_stride"),
        expand_output=source.option("expand_output"),
        biased=source.option("biased"),
        project_strided=source.option("project_strided"),
    )
    if any(width % figures.head_width for width in widths):
        raise keys.problem(
            "head_dim", figures.head_width, say("divisors of {number}", number=widths)
        )
    first, second = source.widths("stem_widths", count=2)
    network = source.network()
    x = conv_norm(network, "stem.conv1", image, first, 3, 2)
    x = network.conv("stem.conv2", x, second, 3, bias=figures.biased)
    for stage, (width, depth, kind) in enumerate(zip(widths, depths, kinds, strict=True)):
        for block in range(depth):
            with network.scope(f"stages.{stage}.{block}"):
                x = _block(network, x, width, 1 if block else 2, kind, figures)
    _head(source, network, x)
    return source.done(network, image, keys.model_type)


def _head(source: Source, network: Network, x: Shape) -> None:
    hidden = source.option_integer("head_hidden", 0)
    if not hidden:
        network.norm("norm", x)
        classifier(network, network.pool_to("pool", x), source.classes())
        return
    x = network.norm("norm", network.pool_to("pool", x))
    x = network.linear("head", x, hidden)
    network.activation("head.activation", x)
    classifier(network, x, source.classes(), bias=False)


def _block(
    network: Network, x: Shape, width: int, stride: int, kind: str, figures: Figures
) -> Shape:
    if kind == "transformer":
        return _transformer(network, x, width, stride, figures)
    if kind == "convolution":
        return _bottleneck(network, x, width, stride, figures)
    with network.scope("conv"):
        x = _bottleneck(network, x, width, stride, figures)
    for name in ("window", "grid"):
        with network.scope(name):
            _partitioned(network, x, figures)
    return x


def _bottleneck(network: Network, x: Shape, width: int, stride: int, figures: Figures) -> Shape:
    entry = x
    hidden = EXPANSION * (width if figures.expand_output else x.channels)
    network.norm("norm0", x)
    if figures.pooled and stride > 1:
        x, stride = network.pool("pool", x, 2, 2), 1
    x = conv_norm(network, "conv1", x, hidden)
    x = network.conv("conv2", x, hidden, 3, stride, groups=hidden)
    reduced = max(1, int(hidden * figures.squeeze))
    if figures.early:
        squeeze_excite(network, x, reduced)
    network.norm("norm2", x)
    network.activation("activation2", x)
    if not figures.early:
        squeeze_excite(network, x, reduced)
    x = network.conv("conv3", x, width, bias=figures.biased)
    _shortcut(network, entry, x, figures)
    return network.add("add", x)


def _shortcut(network: Network, entry: Shape, x: Shape, figures: Figures) -> None:
    """A mean where the map shrinks, a 1×1 where the channels change."""
    strided = entry.height != x.height
    if strided:
        entry = network.pool("shortcut.pool", entry, 2, 2)
    if entry.channels != x.channels or (strided and figures.project_strided):
        network.conv("shortcut.expand", entry, x.channels, bias=figures.biased)


def _transformer(network: Network, x: Shape, width: int, stride: int, figures: Figures) -> Shape:
    entry = x
    network.norm("norm1", x)
    if stride > 1:
        x = network.pool("pool", x, 2, 2)
    heads = x.channels // figures.head_width
    offsets = (2 * x.height - 1) * (2 * x.width - 1)
    network.linear("qkv", x, 3 * x.channels)
    network.attention(
        "products",
        x.positions,
        x.positions,
        heads,
        figures.head_width,
        parameters=offsets * heads,
    )
    x = network.linear("out", x, width)
    _shortcut(network, entry, x, figures)
    network.add("add1", x)
    network.norm("norm2", x)
    feed_forward(network, x, EXPANSION * width)
    return network.add("add2", x)


def _partitioned(network: Network, x: Shape, figures: Figures) -> None:
    """Attention inside windows, or between the same places of all cells of a grid."""
    window = figures.window
    if x.height % window or x.width % window:
        raise network.problem(
            "partition",
            say(
                "windows of {window} do not divide a map of {size}",
                window=window,
                size=f"{x.height}×{x.width}",
            ),
        )
    heads = x.channels // figures.head_width
    network.norm("norm1", x)
    network.copy("partition", x)
    network.linear("qkv", x, 3 * x.channels)
    network.attention(
        "products",
        window**2,
        window**2,
        heads,
        figures.head_width,
        windows=x.positions // window**2,
        parameters=(2 * window - 1) ** 2 * heads,
    )
    network.linear("out", x, x.channels)
    network.copy("reverse", x)
    network.add("add1", x)
    network.norm("norm2", x)
    feed_forward(network, x, EXPANSION * x.channels)
    network.add("add2", x)
