"""EfficientDet (arXiv:1911.09070): EfficientNet with a pyramid that runs both ways, several times.

The keys are those of ``efficientnet`` with ``fpn_channels``, ``fpn_cells``, ``head_layers``,
``anchors_per_location`` and ``num_labels``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm
from engine.model.forward.dialects.efficientnet import stages
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

FINEST = 2
"""The first of the backbone's maps that the pyramid takes: an eighth of the image."""
LEVELS = 5


def read(source: Source) -> ForwardArchitecture:
    """``efficientdet``."""
    keys = source.keys
    source.task("ForObjectDetection")
    image = source.image(default=512)
    source.multiple(image, (128, 128), "the coarsest level")
    channels = source.width("fpn_channels")
    depth = source.blocks("head_layers")
    anchors = keys.integer("anchors_per_location", default=9, maximum=1000)
    classes = source.labels()
    network = source.network()
    with network.scope("backbone"):
        levels = stages(source, network, image)[FINEST:]
    with network.scope("fpn"):
        levels = _coarser(network, levels, channels)
        for cell in range(source.blocks("fpn_cells")):
            with network.scope(f"cell.{cell}"):
                levels = _cell(network, levels, channels)
    for name, outputs in (("classes", anchors * classes), ("boxes", anchors * 4)):
        _head(network, name, levels, depth, outputs)
    return source.done(network, image, "efficientdet")


def _coarser(network: Network, levels: list[Shape], channels: int) -> list[Shape]:
    x = conv_norm(network, "resample", levels[-1], channels, activation=False)
    for number in range(LEVELS - len(levels)):
        x = network.pool(f"down{number}", x, 3, 2, same=True)
        levels = [*levels, x]
    return levels


def _cell(network: Network, levels: list[Shape], channels: int) -> list[Shape]:
    """From coarse to fine, then from fine to coarse where the inputs come in once more."""
    last = len(levels) - 1
    for level in range(last - 1, -1, -1):
        with network.scope(f"up{level}"):
            x = _own(network, levels[level], channels)
            network.copy("upsample", x.resized(channels), x)
            _fuse(network, x, 2)
    for level in range(1, last + 1):
        with network.scope(f"down{level}"):
            x = _own(network, levels[level], channels)
            network.copy("downsample", x)
            _fuse(network, x, 3 if level < last else 2)
    return [level.resized(channels) for level in levels]


def _own(network: Network, x: Shape, channels: int) -> Shape:
    """A map of the backbone first gets the pyramid's width."""
    if x.channels == channels:
        return x
    return conv_norm(network, "resample", x, channels, activation=False)


def _fuse(network: Network, x: Shape, inputs: int) -> None:
    """A weighted sum, then a separable convolution."""
    network.add("weigh", x, inputs - 1, inputs)
    network.activation("activation", x)
    network.conv("depthwise", x, x.channels, 3, groups=x.channels)
    conv_norm(network, "pointwise", x, x.channels, activation=False)


def _head(network: Network, name: str, levels: list[Shape], depth: int, outputs: int) -> None:
    """Separable convolutions whose weights all levels share; each level has its own norms."""
    for level, x in enumerate(levels):
        with network.scope(f"{name}.level{level}"):
            for number in range(depth):
                first = len(network.layers)
                network.conv(f"depthwise{number}", x, x.channels, 3, groups=x.channels)
                network.conv(f"pointwise{number}", x, x.channels)
                if level:
                    network.share_weights(first)
                network.norm(f"norm{number}", x)
                network.activation(f"activation{number}", x)
            first = len(network.layers)
            network.conv("depthwise", x, x.channels, 3, groups=x.channels)
            network.conv("out", x, outputs, bias=True)
            if level:
                network.share_weights(first)
