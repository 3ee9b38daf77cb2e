"""Segmentation in torchvision's form: FCN, DeepLab V3, LR-ASPP (arXiv:1411.4038, 1706.05587,
1905.02244), without their auxiliary classifiers.

The keys are ours: ``backbone`` is a ResNet's name, dilated in its last two stages, or ``mobile``
with the keys of `engine.model.forward.dialects.mobile`; ``low_block`` is the block whose map
LR-ASPP adds. Scores are brought back to the size of the image.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm
from engine.model.forward.dialects.mobile import backbone as mobile_backbone
from engine.model.forward.dialects.resnet import maps_of, named_figures
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

RATES = (12, 24, 36)
ATROUS_CHANNELS = 256
INNER_CHANNELS = 128


def read_fcn(source: Source) -> ForwardArchitecture:
    """``fcn``: two convolutions on the last map."""
    image, network, maps = _start(source)
    x = conv_norm(network, "head.conv", maps[-1], maps[-1].channels // 4, 3)
    x = network.conv("head.classes", x, source.labels(), bias=True)
    return _finish(source, network, image, x, "fcn")


def read_deeplab(source: Source) -> ForwardArchitecture:
    """``deeplabv3``: the last map seen at several widths."""
    image, network, maps = _start(source)
    with network.scope("head"):
        x = maps[-1]
        parts = [conv_norm(network, "atrous0", x, ATROUS_CHANNELS)]
        for number, rate in enumerate(RATES):
            name = f"atrous{number + 1}"
            parts.append(conv_norm(network, name, x, ATROUS_CHANNELS, 3, dilation=rate))
        pooled = conv_norm(network, "pooled", network.pool_to("pool", x), ATROUS_CHANNELS)
        parts.append(network.copy("spread", pooled, x.resized(ATROUS_CHANNELS)))
        x = conv_norm(network, "project", network.concat("concat", parts), ATROUS_CHANNELS)
        x = conv_norm(network, "conv", x, ATROUS_CHANNELS, 3)
        x = network.conv("classes", x, source.labels(), bias=True)
    return _finish(source, network, image, x, "deeplabv3")


def read_lraspp(source: Source) -> ForwardArchitecture:
    """``lraspp``: a gated last map, and an earlier one beside it."""
    image, network, maps = _start(source)
    low_number = source.keys.integer("low_block", maximum=len(maps) - 1)
    low, high = maps[low_number], maps[-1]
    classes = source.labels()
    with network.scope("head"):
        x = conv_norm(network, "conv", high, INNER_CHANNELS)
        gate = network.conv("gate.conv", network.pool_to("gate.pool", high), INNER_CHANNELS)
        network.activation("gate.activation", gate)
        network.scale("scale", x)
        x = network.copy("upsample", x, low.resized(INNER_CHANNELS))
        network.conv("low", low, classes, bias=True)
        x = network.conv("high", x, classes, bias=True)
        network.add("add", x)
    return _finish(source, network, image, x, "lraspp")


def _start(source: Source) -> tuple[Shape, Network, list[Shape]]:
    """The image, and the maps of the backbone."""
    source.task("ForSemanticSegmentation")
    image = source.image(default=520)
    network = source.network()
    if source.keys.values.get("backbone") == "mobile":
        source.keys.ignore("backbone")
        with network.scope("backbone"):
            return image, network, mobile_backbone(source, network, image)
    figures = replace(named_figures(source), dilated_stages=2)
    return image, network, maps_of(network, image, figures)


def _finish(
    source: Source, network: Network, image: Shape, x: Shape, family: str
) -> ForwardArchitecture:
    network.copy("upsample", x, image.resized(x.channels))
    return source.done(network, image, family)
