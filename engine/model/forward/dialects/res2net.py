"""Res2Net (arXiv:1904.01169) and ResNeSt (arXiv:2004.08955): ResNets with another middle part.

No hub class has them; beside the keys of ``resnet``: ``scales`` and ``scale_width`` (channels of
one scale in the first stage) for Res2Net, ``radix`` for ResNeSt.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.dialects.resnet import ResNetFigures, read_figures, shortcut, stem
from engine.model.forward.parts import Network, Shape, divisible
from engine.model.forward.source import Source

Middle = Callable[[Network, Shape, int, int, bool], Shape]
"""From a block's input to what its last 1×1 takes: input, stage, stride, first of its stage."""


def read(source: Source) -> ForwardArchitecture:
    """``res2net``: the 3×3 is split into scales, each of which sees the one before."""
    scales = source.blocks("scales")
    base = source.width("scale_width")

    def middle(network: Network, x: Shape, stage: int, stride: int, first: bool) -> Shape:
        width = base * 2**stage
        x = conv_norm(network, "conv1", x, scales * width)
        part = x.resized(width)
        ends = []
        for number in range(scales - 1):
            if number and not first:
                network.add(f"add{number}", part)
            ends.append(
                conv_norm(network, f"conv2.{number}", part, width, 3, stride, groups=figures.groups)
            )
        ends.append(network.pool("pool", part, 3, stride, 1) if first else part)
        return network.concat("concat", ends)

    image = source.image()
    figures = read_figures(source)
    return _whole(source, image, figures, middle, "res2net")


def read_split(source: Source) -> ForwardArchitecture:
    """``resnest``: ``radix`` 3×3 side by side, weighed against each other by a gate."""
    radix = source.blocks("radix")

    def middle(network: Network, x: Shape, stage: int, stride: int, first: bool) -> Shape:
        width = figures.widths[stage] // figures.reduction
        x = conv_norm(network, "conv1", x, width)
        x = _split_attention(network, x, radix, figures.groups)
        return network.pool("pool", x, 3, stride, 1) if stride > 1 else x

    image = source.image()
    figures = read_figures(source)
    return _whole(source, image, figures, middle, "resnest")


def _whole(
    source: Source, image: Shape, figures: ResNetFigures, middle: Middle, family: str
) -> ForwardArchitecture:
    network = source.network()
    x = stem(network, image, figures)
    for stage, (width, depth) in enumerate(zip(figures.widths, figures.depths, strict=True)):
        for block in range(depth):
            stride = 2 if block == 0 and stage else 1
            with network.scope(f"layer{stage + 1}.{block}"):
                entry = x
                x = middle(network, x, stage, stride, block == 0)
                x = conv_norm(network, "conv3", x, width, activation=False)
                if block == 0:
                    shortcut(network, entry, width, stride, figures.pool_shortcut)
                network.add("add", x)
                network.activation("activation", x)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, family)


def _split_attention(network: Network, x: Shape, radix: int, groups: int) -> Shape:
    reduced = divisible(x.channels * radix / 4, 8, 32)
    with network.scope("conv2"):
        wide = conv_norm(network, "conv", x, radix * x.channels, 3, groups=groups * radix)
        network.copy("sum", wide, x)
        gate = network.conv("reduce", network.pool_to("pool", x), reduced, bias=True)
        network.norm("norm", gate)
        network.activation("activation", gate)
        gate = network.conv("expand", gate, radix * x.channels, groups=groups, bias=True)
        network.activation("softmax", gate)
        return network.copy("weigh", wide, x)
