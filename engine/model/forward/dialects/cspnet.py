"""Darknet and cross-stage partial networks (arXiv:1804.02767, 1911.11929): half of the channels
pass a stage by.

No hub class has them. ``flavour`` is ``dark`` (no partial stages), ``cross`` or ``cross3`` (one
transition less), ``block`` is ``dark`` or ``bottleneck``; per stage ``hidden_sizes`` (its
output), ``block_widths``, ``inner_widths`` and, but for ``dark``, ``expanded_widths``.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


@dataclass(frozen=True)
class Stage:
    """The figures of one stage."""

    flavour: str
    bottleneck: bool
    depth: int
    width: int
    block_width: int
    inner: int
    expanded: int
    stride: int
    grow: bool
    """The strided convolution already widens to the stage's output."""
    linear: bool
    """No activation after the expansion."""


def read(source: Source) -> ForwardArchitecture:
    """``cspnet``."""
    image = source.image(default=256)
    network = source.network()
    x = image
    widths = source.widths("stem_widths")
    kernel = max(1, source.option_integer("stem_kernel", 3, 31))
    for number, width in enumerate(widths):
        stride = 2 if number == 0 and source.option("stem_stride") else 1
        x = conv_norm(network, f"stem.conv{number}", x, width, kernel, stride)
    if source.option("stem_pool"):
        x = network.pool("stem.pool", x, 3, 2, 1)
    for number, stage in enumerate(_stages(source)):
        with network.scope(f"stages.{number}"):
            x = _stage(network, x, stage)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "cspnet")


def _stages(source: Source) -> list[Stage]:
    widths = source.widths("hidden_sizes")
    count = len(widths)
    depths = source.depths("depths", count=count)
    blocks = source.widths("block_widths", count=count)
    inner = source.widths("inner_widths", count=count)
    flavour = source.choice("flavour", "dark", "cross", "cross3")
    expanded = [0] * count if flavour == "dark" else source.widths("expanded_widths", count=count)
    bottleneck = source.option_text("block", "dark", "bottleneck") == "bottleneck"
    first = 1 if source.option("first_stage_unstrided") else 2
    return [
        Stage(
            flavour,
            bottleneck,
            depths[number],
            widths[number],
            blocks[number],
            inner[number],
            expanded[number],
            2 if number else first,
            source.option("grow", flavour == "dark"),
            source.option("linear_expansion"),
        )
        for number in range(count)
    ]


def _stage(network: Network, x: Shape, stage: Stage) -> Shape:
    if stage.stride > 1:
        x = conv_norm(network, "down", x, stage.width if stage.grow else x.channels, 3, 2)
    if stage.flavour == "dark":
        return _blocks(network, x, stage)
    x = conv_norm(network, "expand", x, stage.expanded, activation=not stage.linear)
    half = x.resized(stage.expanded // 2)
    y = _blocks(network, half, stage)
    if stage.flavour == "cross":
        y = conv_norm(network, "transition_inner", y, stage.expanded // 2)
    return conv_norm(network, "transition", network.concat("concat", [half, y]), stage.width)


def _blocks(network: Network, x: Shape, stage: Stage) -> Shape:
    for number in range(stage.depth):
        with network.scope(str(number)):
            x = _block(network, x, stage)
    return x


def _block(network: Network, x: Shape, stage: Stage) -> Shape:
    x = conv_norm(network, "conv1", x, stage.inner)
    if not stage.bottleneck:
        x = conv_norm(network, "conv2", x, stage.block_width, 3)
        return network.add("add", x)
    x = conv_norm(network, "conv2", x, stage.inner, 3)
    x = conv_norm(network, "conv3", x, stage.block_width, activation=False)
    network.add("add", x)
    return network.activation("activation", x)
