"""SSD (arXiv:1512.02325) on a ResNet in NVIDIA's form, or on VGG-16 in torchvision's.

No hub class has it, so the keys are ours: ``backbone`` (``vgg16`` or a ResNet's name),
``anchors`` per position of the six maps and ``num_labels``. Decoding of boxes and suppression of
duplicates are no part of it.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm
from engine.model.forward.dialects.resnet import maps_of, named_figures
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

VGG_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3))
RESNET_EXTRAS: tuple[tuple[int, int, int], ...] = (
    (256, 512, 2),
    (256, 512, 2),
    (128, 256, 2),
    (128, 256, 1),
    (128, 256, 1),
)
VGG_EXTRAS: tuple[tuple[int, int, int], ...] = (
    (256, 512, 2),
    (128, 256, 2),
    (128, 256, 1),
    (128, 256, 1),
)
"""Channels of the 1×1 and the 3×3, and the stride; a stride of one is not padded."""
MAPS = 6


def read(source: Source) -> ForwardArchitecture:
    """``ssd``."""
    keys = source.keys
    source.task("ForObjectDetection")
    image = source.image(default=300)
    anchors = source.depths("anchors", count=MAPS)
    classes = source.labels()
    network = source.network()
    on_vgg = keys.values.get("backbone") == "vgg16"
    extras = VGG_EXTRAS if on_vgg else RESNET_EXTRAS
    if on_vgg:
        keys.ignore("backbone")
        maps = _vgg(network, image)
    else:
        figures = named_figures(source)
        # Up to the third stage, which does not stride.
        short = replace(
            figures, widths=figures.widths[:3], depths=figures.depths[:3], dilated_stages=1
        )
        maps = [maps_of(network, image, short)[-1]]
    for number, (inner, outer, stride) in enumerate(extras):
        with network.scope(f"extra.{number}"):
            maps.append(_extra(network, maps[-1], inner, outer, stride, not on_vgg))
    for number, (x, count) in enumerate(zip(maps, anchors, strict=True)):
        with network.scope(f"head.{number}"):
            network.conv("boxes", x, 4 * count, 3, bias=True)
            network.conv("classes", x, classes * count, 3, bias=True)
    return source.done(network, image, "ssd")


def _extra(
    network: Network, x: Shape, inner: int, outer: int, stride: int, normalised: bool
) -> Shape:
    """A coarser map: by a stride, or by not padding."""
    padding = 1 if stride > 1 else 0
    if normalised:
        x = conv_norm(network, "conv1", x, inner)
        return conv_norm(network, "conv2", x, outer, 3, stride, padding=padding)
    x = network.conv("conv1", x, inner, bias=True)
    network.activation("activation1", x)
    x = network.conv("conv2", x, outer, 3, stride, padding=padding, bias=True)
    return network.activation("activation2", x)


def _vgg(network: Network, image: Shape) -> list[Shape]:
    """VGG-16 to its fourth stage, and to what its linear layers became as convolutions."""
    x = image
    with network.scope("backbone"):
        for stage, (channels, depth) in enumerate(VGG_STAGES):
            if stage:
                x = network.pool(f"pool{stage}", x, 2, 2, ceil=stage == 3)
            for number in range(depth):
                x = _vgg_conv(network, f"stage{stage}.{number}", x, channels)
        network.norm("rescale", x, 1)
        maps = [x]
        x = network.pool("pool4", x, 2, 2)
        for number in range(3):
            x = _vgg_conv(network, f"stage4.{number}", x, 512)
        x = network.pool("pool5", x, 3, 1, 1)
        x = network.conv("conv6", x, 1024, 3, dilation=6, bias=True)
        network.activation("conv6.activation", x)
        x = network.conv("conv7", x, 1024, bias=True)
        network.activation("conv7.activation", x)
    return [*maps, x]


def _vgg_conv(network: Network, name: str, x: Shape, channels: int) -> Shape:
    x = network.conv(name, x, channels, 3, bias=True)
    return network.activation(f"{name}.activation", x)
