"""RetinaNet (arXiv:1708.02002) in the form of torchvision and MLPerf.

No hub class has it, so the keys are ours: ``backbone`` (a ResNet by name), ``fpn_channels``,
``fpn_extra_input`` (``p5`` or ``c5``: what the coarser levels start from), ``head_layers``,
``head_norm``, ``anchors_per_location``, ``num_labels`` and ``frozen_norms`` (of the backbone).
The choice among the boxes is part of it, as in both.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.dialects.resnet import maps_of, named_figures
from engine.model.forward.fpn import choose_boxes, coarser, conv_head, padded, pyramid
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``retinanet``."""
    keys = source.keys
    source.task("ForObjectDetection")
    image = source.image(default=800)
    channels = source.width("fpn_channels", default=256)
    anchors = keys.integer("anchors_per_location", default=9, maximum=1000)
    depth = source.blocks("head_layers", default=4)
    normalised = keys.flag("head_norm", default=False)
    classes = source.labels()
    network = source.network()
    maps = maps_of(network, padded(image), named_figures(source), source.option("frozen_norms"))
    levels = pyramid(network, maps[1:], channels)
    start = maps[-1] if source.option_text("fpn_extra_input", "p5", "c5") == "c5" else levels[-1]
    levels += coarser(network, start, channels)
    for name, outputs in (("classes", anchors * classes), ("boxes", anchors * 4)):
        conv_head(
            network,
            name,
            levels,
            depth,
            [outputs],
            normalised=normalised,
            biased=not normalised,
        )
    choose_boxes(network, levels, classes, anchors)
    if padded(image) != image:
        source.notes.append("the image is padded to multiples of 32")
    return source.done(network, image, "retinanet")
