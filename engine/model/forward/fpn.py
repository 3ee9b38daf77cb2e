"""Feature pyramids and what detectors hang on them (arXiv:1612.03144, 1708.02002)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from engine.model.forward.architecture import LayerKind
from engine.model.forward.parts import Network, Shape

PADDING = 32
"""Detectors pad images to a multiple of their coarsest backbone stride."""
KEPT_BOXES = 1000
"""Boxes that go on to the suppression of duplicates (torchvision, MLPerf inference)."""
_BOX = 4


def padded(image: Shape) -> Shape:
    """The image with its sides rounded up."""
    height = math.ceil(image.height / PADDING) * PADDING
    return Shape(image.channels, height, math.ceil(image.width / PADDING) * PADDING)


def pyramid(network: Network, maps: Sequence[Shape], channels: int) -> list[Shape]:
    """One map of ``channels`` per stage: 1×1 inward, added from coarse to fine, 3×3 outward."""
    with network.scope("fpn"):
        inner = [
            network.conv(f"inner.{level}", x, channels, bias=True) for level, x in enumerate(maps)
        ]
        for level in range(len(inner) - 2, -1, -1):
            network.copy(f"upsample.{level}", inner[level + 1], inner[level])
            network.add(f"merge.{level}", inner[level])
        return [
            network.conv(f"outer.{level}", x, channels, 3, bias=True)
            for level, x in enumerate(inner)
        ]


def coarser(network: Network, x: Shape, channels: int) -> list[Shape]:
    """P6 and P7 by strided convolutions (arXiv:1708.02002, section 4)."""
    with network.scope("fpn"):
        sixth = network.conv("p6", x, channels, 3, 2, bias=True)
        network.activation("p7.activation", sixth)
        return [sixth, network.conv("p7", sixth, channels, 3, 2, bias=True)]


def conv_head(
    network: Network,
    name: str,
    levels: Sequence[Shape],
    depth: int,
    outputs: Sequence[int],
    *,
    normalised: bool = False,
    biased: bool = True,
) -> None:
    """``depth`` 3×3 convolutions and one more per entry of ``outputs``, the same weights on every
    level. ``normalised``: with a group norm after each."""
    for level, x in enumerate(levels):
        first = len(network.layers)
        with network.scope(f"{name}.level{level}"):
            for number in range(depth):
                x = network.conv(f"conv{number}", x, x.channels, 3, bias=biased)
                if normalised:
                    network.norm(f"norm{number}", x)
                network.activation(f"activation{number}", x)
            for number, channels in enumerate(outputs):
                network.conv(f"out{number}", x, channels, 3, bias=True)
        if level:
            network.share_weights(first)


def choose_boxes(network: Network, levels: Sequence[Shape], classes: int, anchors: int = 1) -> None:
    """The best of ``anchors`` boxes at each position, by their scores in all ``classes``."""
    scores = sum(x.positions for x in levels) * anchors * classes
    network.record("detections", LayerKind.CHOICE, scores, KEPT_BOXES * (_BOX + 1))
