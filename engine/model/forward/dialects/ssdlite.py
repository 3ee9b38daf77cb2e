"""SSDLite (arXiv:1801.04381, section 6.2) on a mobile backbone, in torchvision's form.

The keys are those of `engine.model.forward.dialects.mobile` with ``expanded_block`` and
``expanded_width`` (the block whose widened input is the first map), ``extra_widths``, ``anchors``
and ``num_labels``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm
from engine.model.forward.dialects.mobile import backbone
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``ssdlite``."""
    source.task("ForObjectDetection")
    image = source.image(default=320)
    widths = source.widths("extra_widths")
    anchors = source.depths("anchors", count=len(widths) + 2)
    classes = source.labels()
    network = source.network()
    with network.scope("backbone"):
        maps = backbone(source, network, image)
    number = source.keys.integer("expanded_block", maximum=len(maps) - 1)
    found = [maps[number - 1].resized(source.width("expanded_width")), maps[-1]]
    for place, width in enumerate(widths):
        with network.scope(f"extra.{place}"):
            x = conv_norm(network, "in", found[-1], max(1, width // 2))
            x = conv_norm(network, "depthwise", x, x.channels, 3, 2, groups=x.channels)
            found.append(conv_norm(network, "out", x, width))
    for place, (x, count) in enumerate(zip(found, anchors, strict=True)):
        for name, outputs in (("boxes", 4), ("classes", classes)):
            with network.scope(f"head.{place}.{name}"):
                _predict(network, x, count * outputs)
    return source.done(network, image, "ssdlite")


def _predict(network: Network, x: Shape, outputs: int) -> None:
    conv_norm(network, "depthwise", x, x.channels, 3, groups=x.channels)
    network.conv("out", x, outputs, bias=True)
