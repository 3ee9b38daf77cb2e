"""ResNet and its kin: plain, ResNeXt, wide, squeeze-and-excitation, the "D" stem, and the
pre-activation V2 (arXiv:1512.03385, 1611.05431, 1605.07146, 1709.01507, 1812.01187, 1603.05027).

Beside the keys of transformers' ``resnet`` and ``bit``: ``groups`` and ``reduction`` (outer over
inner width of a bottleneck), ``stem`` (``plain``, ``deep``), ``pool_shortcut`` (mean before the
1×1 of a shortcut) and ``squeeze_ratio``.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm, pooled_classifier, squeeze_excite
from engine.model.forward.parts import Network, Shape, divisible
from engine.model.forward.source import Source
from engine.model.keys import Keys
from engine.words.messages import say


@dataclass(frozen=True)
class ResNetFigures:
    """The figures of one ResNet."""

    stem_width: int
    stem: str
    widths: list[int]
    depths: list[int]
    kind: str
    groups: int
    reduction: int
    first_stride: int
    stride_in_first: bool
    """V1: the first 1×1 of a bottleneck strides instead of the 3×3."""
    pool_shortcut: bool
    squeeze_ratio: float
    dilated_stages: int = 0
    """How many of the last stages widen their filters instead of striding."""


def read_figures(source: Source) -> ResNetFigures:
    """Read the figures from a config."""
    keys = source.keys
    keys.ignore("out_features", "out_indices", "stage_names", "hidden_act", "drop_path_rate")
    widths = source.widths("hidden_sizes")
    return ResNetFigures(
        stem_width=source.width("embedding_size"),
        stem=source.option_text("stem", "plain", "deep"),
        widths=widths,
        depths=source.depths("depths", count=len(widths)),
        kind=source.choice("layer_type", "basic", "bottleneck", "preactivation"),
        groups=max(1, source.option_integer("groups", 1)),
        reduction=max(1, source.option_integer("reduction", 4)),
        first_stride=2 if keys.flag("downsample_in_first_stage", default=False) else 1,
        stride_in_first=keys.flag("downsample_in_bottleneck", default=False),
        pool_shortcut=source.option("pool_shortcut"),
        squeeze_ratio=source.option_number("squeeze_ratio", 0.0, 1.0),
    )


def read(source: Source) -> ForwardArchitecture:
    """``resnet``: post-activation blocks."""
    image = source.image()
    figures = read_figures(source)
    network = source.network()
    maps = backbone(network, image, figures)
    pooled_classifier(network, maps[-1], source.classes())
    version = "V1" if figures.stride_in_first and figures.kind != "basic" else "V1.5"
    return source.done(network, image, "resnet", version)


def backbone(network: Network, image: Shape, figures: ResNetFigures) -> list[Shape]:
    """The map after each stage."""
    x = stem(network, image, figures)
    maps = []
    for stage, (width, depth) in enumerate(zip(figures.widths, figures.depths, strict=True)):
        dilated = stage >= len(figures.widths) - figures.dilated_stages
        for block in range(depth):
            stride = 1
            if block == 0 and not dilated:
                stride = figures.first_stride if stage == 0 else 2
            dilation = 2 ** (stage + 1 - len(figures.widths) + figures.dilated_stages)
            with network.scope(f"layer{stage + 1}.{block}"):
                x = residual_block(network, x, width, stride, figures, max(1, int(dilation)))
        maps.append(x)
    return maps


def stem(network: Network, image: Shape, figures: ResNetFigures) -> Shape:
    """A 7×7 (or, deep, three 3×3), then a maximum."""
    with network.scope("stem"):
        if figures.stem == "deep":
            half = figures.stem_width // 2
            x = conv_norm(network, "conv1", image, half, 3, 2)
            x = conv_norm(network, "conv2", x, half, 3)
            x = conv_norm(network, "conv3", x, figures.stem_width, 3)
        else:
            x = conv_norm(network, "conv", image, figures.stem_width, 7, 2)
        return network.pool("maxpool", x, 3, 2, 1)


def residual_block(
    network: Network, x: Shape, width: int, stride: int, figures: ResNetFigures, dilation: int = 1
) -> Shape:
    """One block with its shortcut."""
    entry = x
    if figures.kind == "basic":
        x = conv_norm(network, "conv1", x, width, 3, stride)
        x = conv_norm(network, "conv2", x, width, 3, activation=False)
    else:
        inner = width // figures.reduction
        first, second = (stride, 1) if figures.stride_in_first else (1, stride)
        x = conv_norm(network, "conv1", x, inner, 1, first)
        x = conv_norm(
            network, "conv2", x, inner, 3, second, groups=figures.groups, dilation=dilation
        )
        x = conv_norm(network, "conv3", x, width, activation=False)
    if figures.squeeze_ratio:
        squeeze_excite(network, x, divisible(width * figures.squeeze_ratio, limit=0.0))
    if stride != 1 or entry.channels != width:
        shortcut(network, entry, width, stride, figures.pool_shortcut)
    network.add("add", x)
    return network.activation("activation", x)


def shortcut(network: Network, x: Shape, width: int, stride: int, pooled: bool) -> Shape:
    """The projection beside a block that changes the shape."""
    if pooled and stride > 1:
        x = network.pool("shortcut.pool", x, stride, stride, ceil=True)
        stride = 1
    return conv_norm(network, "shortcut", x, width, 1, stride, activation=False)


def read_preactivation(source: Source) -> ForwardArchitecture:
    """``bit`` and timm's ``resnetv2``: norm and activation before each convolution."""
    keys = source.keys
    image = source.image()
    keys.ignore("num_groups", "global_padding", "embedding_dynamic_padding")
    source.expect("output_stride", 32)
    if (factor := keys.number("width_factor", default=1)) != 1:
        raise keys.problem("width_factor", factor, "1")
    figures = read_figures(source)
    if figures.kind != "preactivation":
        raise keys.problem("layer_type", figures.kind, "preactivation")
    network = source.network()
    with network.scope("stem"):
        x = network.conv("conv", image, figures.stem_width, 7, 2)
        x = network.pool("maxpool", x, 3, 2, 1)
    for stage, (width, depth) in enumerate(zip(figures.widths, figures.depths, strict=True)):
        for block in range(depth):
            with network.scope(f"stages.{stage}.{block}"):
                stride = 2 if block == 0 and stage > 0 else 1
                x = _preactivated(network, x, width, stride, figures.reduction, block == 0)
    network.norm("norm", x)
    network.activation("activation", x)
    classifier(network, network.pool_to("pool", x), source.classes())
    return source.done(network, image, "resnetv2", "V2")


def _preactivated(
    network: Network, x: Shape, width: int, stride: int, reduction: int, project: bool
) -> Shape:
    inner = width // reduction
    network.norm("norm1", x)
    network.activation("activation1", x)
    if project:
        network.conv("shortcut", x, width, 1, stride)
    x = network.conv("conv1", x, inner)
    network.norm("norm2", x)
    network.activation("activation2", x)
    x = network.conv("conv2", x, inner, 3, stride)
    network.norm("norm3", x)
    network.activation("activation3", x)
    x = network.conv("conv3", x, width)
    return network.add("add", x)


def named_figures(source: Source) -> ResNetFigures:
    """The figures of the ResNet that the key ``backbone`` names."""
    from engine.model.forward.index import named_architectures

    name = source.keys.text("backbone", default="resnet50")
    known = named_architectures().get(name, {})
    if known.get("model_type") != "resnet":
        raise source.keys.problem("backbone", name, say("a ResNet's name, as resnet50"))
    return read_figures(Source(Keys(known, source.keys.source, "resnet", {})))


def maps_of(
    network: Network, image: Shape, figures: ResNetFigures, frozen: bool = False
) -> list[Shape]:
    """The maps of a detector's backbone; ``frozen``: with norms that are constants."""
    first = len(network.layers)
    with network.scope("backbone"):
        maps = backbone(network, image, figures)
    if frozen:
        network.freeze_norms(first)
    return maps
