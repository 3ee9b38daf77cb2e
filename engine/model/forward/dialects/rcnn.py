"""Detectors on feature pyramids in torchvision's form: FCOS, Faster and Mask R-CNN
(arXiv:1904.01355, 1506.01497, 1703.06870).

The keys are ours: ``backbone`` is a ResNet's name, or ``mobile`` with the keys of
`engine.model.forward.dialects.mobile` and ``map_blocks`` (whose maps the pyramid starts from);
``anchors_per_location``, ``proposals`` (regions that the second part looks at) and ``masks``
(those that get a mask; 0 for none). How many regions there are depends on the image: a full set
is counted.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.dialects.mobile import backbone as mobile_backbone
from engine.model.forward.dialects.resnet import maps_of, named_figures
from engine.model.forward.fpn import choose_boxes, coarser, conv_head, padded, pyramid
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

CHANNELS = 256
REGION = 7
MASK_REGION = 14
MASK_LAYERS = 4
HIDDEN = 1024


def read_fcos(source: Source) -> ForwardArchitecture:
    """``fcos``: classes, boxes and centredness at every position, without anchors."""
    source.task("ForObjectDetection")
    image = source.image(default=800)
    depth = source.blocks("head_layers", default=4)
    network = source.network()
    maps = maps_of(network, padded(image), named_figures(source))
    levels = pyramid(network, maps[1:], CHANNELS)
    levels += coarser(network, levels[-1], CHANNELS)
    classes = source.labels()
    conv_head(network, "classes", levels, depth, [classes], normalised=True)
    conv_head(network, "boxes", levels, depth, [4, 1], normalised=True)
    choose_boxes(network, levels, classes)
    return source.done(network, image, "fcos")


def read_regions(source: Source) -> ForwardArchitecture:
    """``faster_rcnn`` and ``mask_rcnn``."""
    keys = source.keys
    source.task("ForObjectDetection")
    image = source.image(default=800)
    anchors = keys.integer("anchors_per_location", default=3, maximum=1000)
    proposals = keys.integer("proposals", default=1000, maximum=100_000)
    masks = source.option_integer("masks", 0, 10_000)
    classes = source.labels()
    network = source.network()
    levels = pyramid(network, _maps(source, network, padded(image)), CHANNELS)
    levels.append(network.pool("fpn.pool", levels[-1], 1, 2))
    _propose(network, levels, anchors)
    _regions(network, levels, proposals, classes)
    if masks:
        _masks(network, masks, classes)
    source.notes.append(f"{proposals} regions are looked at, as many as there can be")
    return source.done(network, image, keys.model_type)


def _maps(source: Source, network: Network, image: Shape) -> list[Shape]:
    if source.keys.values.get("backbone") != "mobile":
        return maps_of(network, image, named_figures(source))
    source.keys.ignore("backbone")
    with network.scope("backbone"):
        maps = mobile_backbone(source, network, image)
    chosen = source.keys.integers("map_blocks", maximum=len(maps) - 1)
    if not chosen or len(chosen) > 8:
        raise source.keys.problem("map_blocks", chosen, say("a list of 1 to 8 numbers of blocks"))
    return [maps[number] for number in chosen]


def _propose(network: Network, levels: list[Shape], anchors: int) -> None:
    """A 3×3 and two 1×1, the same weights on every level."""
    for level, x in enumerate(levels):
        first = len(network.layers)
        with network.scope(f"proposals.level{level}"):
            network.conv("conv", x, CHANNELS, 3, bias=True)
            network.activation("activation", x)
            network.conv("objects", x, anchors, bias=True)
            network.conv("boxes", x, 4 * anchors, bias=True)
        if level:
            network.share_weights(first)


def _regions(network: Network, levels: list[Shape], proposals: int, classes: int) -> None:
    """Each region resampled to 7×7, then two hidden layers."""
    x = Shape(CHANNELS * REGION**2, 1, proposals)
    with network.scope("regions"):
        network.copy("align", levels[0], x)
        for number in range(2):
            x = network.linear(f"hidden{number}", x, HIDDEN)
            network.activation(f"activation{number}", x)
        network.linear("classes", x, classes)
        network.linear("boxes", x, 4 * classes)


def _masks(network: Network, masks: int, classes: int) -> None:
    """Each found object resampled to 14×14, four 3×3, twice the size, a mask per class."""
    x = Shape(CHANNELS, MASK_REGION, MASK_REGION * masks)
    with network.scope("masks"):
        network.copy("align", x)
        for number in range(MASK_LAYERS):
            x = network.conv(f"conv{number}", x, CHANNELS, 3, bias=True)
            network.activation(f"activation{number}", x)
        x = network.upsampling_conv("upsample", x, CHANNELS, 2)
        network.activation("activation", x)
        network.conv("classes", x, classes, bias=True)
