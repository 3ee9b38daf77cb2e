"""Inception v1 (GoogLeNet), v3 and v4 (arXiv:1409.4842, 1512.00567, 1602.07261): parallel branches
of convolutions, joined by channels. The auxiliary classifiers of training are left out.

``release`` says which; each is a table of modules. A module is a tuple of branches, a branch a
tuple of steps, a step a convolution with norm, a pooling, or a fork into two parallel ends.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


@dataclass(frozen=True)
class Conv:
    """A convolution; ``down`` and ``valid`` ones are not padded, ``down`` ones stride by two."""

    channels: int
    height: int = 1
    width: int = 0
    down: bool = False
    valid: bool = False


@dataclass(frozen=True)
class Pooling:
    """A pooling over 3×3 at every position, or every other one."""

    down: bool = False


@dataclass(frozen=True)
class Fork:
    """Two convolutions of the same input, side by side."""

    left: Conv
    right: Conv


Step = Conv | Pooling | Fork
Branch = tuple[Step, ...]
Module = tuple[Branch, ...]


def _v3_first(pooled: int) -> Module:
    return (
        (Conv(64),),
        (Conv(48), Conv(64, 5)),
        (Conv(64), Conv(96, 3), Conv(96, 3)),
        (Pooling(), Conv(pooled)),
    )


def _v3_middle(inner: int) -> Module:
    return (
        (Conv(192),),
        (Conv(inner), Conv(inner, 1, 7), Conv(192, 7, 1)),
        (Conv(inner), Conv(inner, 7, 1), Conv(inner, 1, 7), Conv(inner, 7, 1), Conv(192, 1, 7)),
        (Pooling(), Conv(192)),
    )


_V3_LAST: Module = (
    (Conv(320),),
    (Conv(384), Fork(Conv(384, 1, 3), Conv(384, 3, 1))),
    (Conv(448), Conv(384, 3), Fork(Conv(384, 1, 3), Conv(384, 3, 1))),
    (Pooling(), Conv(192)),
)
V3: tuple[Module, ...] = (
    ((Conv(32, 3, down=True),),),
    ((Conv(32, 3, valid=True), Conv(64, 3), Pooling(down=True)),),
    ((Conv(80), Conv(192, 3, valid=True), Pooling(down=True)),),
    _v3_first(32),
    _v3_first(64),
    _v3_first(64),
    (
        (Conv(384, 3, down=True),),
        (Conv(64), Conv(96, 3), Conv(96, 3, down=True)),
        (Pooling(down=True),),
    ),
    _v3_middle(128),
    _v3_middle(160),
    _v3_middle(160),
    _v3_middle(192),
    (
        (Conv(192), Conv(320, 3, down=True)),
        (Conv(192), Conv(192, 1, 7), Conv(192, 7, 1), Conv(192, 3, down=True)),
        (Pooling(down=True),),
    ),
    _V3_LAST,
    _V3_LAST,
)

_V4_FIRST: Module = (
    (Conv(96),),
    (Conv(64), Conv(96, 3)),
    (Conv(64), Conv(96, 3), Conv(96, 3)),
    (Pooling(), Conv(96)),
)
_V4_MIDDLE: Module = (
    (Conv(384),),
    (Conv(192), Conv(224, 1, 7), Conv(256, 7, 1)),
    (Conv(192), Conv(192, 7, 1), Conv(224, 1, 7), Conv(224, 7, 1), Conv(256, 1, 7)),
    (Pooling(), Conv(128)),
)
_V4_LAST: Module = (
    (Conv(256),),
    (Conv(384), Fork(Conv(256, 1, 3), Conv(256, 3, 1))),
    (Conv(384), Conv(448, 3, 1), Conv(512, 1, 3), Fork(Conv(256, 1, 3), Conv(256, 3, 1))),
    (Pooling(), Conv(256)),
)
V4: tuple[Module, ...] = (
    ((Conv(32, 3, down=True), Conv(32, 3, valid=True), Conv(64, 3)),),
    ((Pooling(down=True),), (Conv(96, 3, down=True),)),
    (
        (Conv(64), Conv(96, 3, valid=True)),
        (Conv(64), Conv(64, 1, 7), Conv(64, 7, 1), Conv(96, 3, valid=True)),
    ),
    ((Conv(192, 3, down=True),), (Pooling(down=True),)),
    *((_V4_FIRST,) * 4),
    (
        (Conv(384, 3, down=True),),
        (Conv(192), Conv(224, 3), Conv(256, 3, down=True)),
        (Pooling(down=True),),
    ),
    *((_V4_MIDDLE,) * 7),
    (
        (Conv(192), Conv(192, 3, down=True)),
        (Conv(256), Conv(256, 1, 7), Conv(320, 7, 1), Conv(320, 3, down=True)),
        (Pooling(down=True),),
    ),
    *((_V4_LAST,) * 3),
)
RELEASES = {"V3": V3, "V4": V4}

_RESIDUAL_FIRST: Module = (
    (Conv(32),),
    (Conv(32), Conv(32, 3)),
    (Conv(32), Conv(48, 3), Conv(64, 3)),
)
_RESIDUAL_MIDDLE: Module = ((Conv(192),), (Conv(128), Conv(160, 1, 7), Conv(192, 7, 1)))
_RESIDUAL_LAST: Module = ((Conv(192),), (Conv(192), Conv(224, 1, 3), Conv(256, 3, 1)))
RESIDUAL: tuple[tuple[Module, Module, int], ...] = (
    (
        ((Conv(96),), (Conv(48), Conv(64, 5)), *_v3_first(64)[2:]),
        _RESIDUAL_FIRST,
        10,
    ),
    (
        (
            (Conv(384, 3, down=True),),
            (Conv(256), Conv(256, 3), Conv(384, 3, down=True)),
            (Pooling(down=True),),
        ),
        _RESIDUAL_MIDDLE,
        20,
    ),
    (
        (
            (Conv(256), Conv(384, 3, down=True)),
            (Conv(256), Conv(288, 3, down=True)),
            (Conv(256), Conv(288, 3), Conv(320, 3, down=True)),
            (Pooling(down=True),),
        ),
        _RESIDUAL_LAST,
        10,
    ),
)
"""What leads to a stage of Inception-ResNet V2, its block and how often the block comes."""
RESIDUAL_STEM = V3[:3]
RESIDUAL_HEAD = 1536

GOOGLENET: tuple[tuple[int, int, int, int, int, int], ...] = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)
"""Channels of the 1×1, of the reduction and the 3×3, of the reduction and the second 3×3, and
behind the maximum (arXiv:1409.4842 table 1; released weights have 3×3 where it says 5×5)."""


def read(source: Source) -> ForwardArchitecture:
    """``inception``."""
    image = source.image(default=299)
    release = source.choice("release", *RELEASES)
    network = source.network()
    x = image
    for number, module in enumerate(RELEASES[release]):
        with network.scope(f"modules.{number}"):
            x = _module(network, x, module)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "inception", release)


def read_googlenet(source: Source) -> ForwardArchitecture:
    """``googlenet``."""
    image = source.image()
    network = source.network()
    x = conv_norm(network, "conv1", image, 64, 7, 2)
    x = network.pool("pool1", x, 3, 2, ceil=True)
    x = conv_norm(network, "conv2", x, 64)
    x = conv_norm(network, "conv3", x, 192, 3)
    x = network.pool("pool2", x, 3, 2, ceil=True)
    for number, (one, into3, three, into5, five, pooled) in enumerate(GOOGLENET):
        with network.scope(f"modules.{number}"):
            if number in (2, 7):
                x = network.pool("pool", x, 3 if number == 2 else 2, 2, ceil=True)
            module: Module = (
                (Conv(one),),
                (Conv(into3), Conv(three, 3)),
                (Conv(into5), Conv(five, 3)),
                (Pooling(), Conv(pooled)),
            )
            x = _module(network, x, module)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "inception", "V1")


def read_residual(source: Source) -> ForwardArchitecture:
    """``inception_resnet``: V2, whose modules are added to their input."""
    image = source.image(default=299)
    network = source.network()
    x = image
    for number, module in enumerate(RESIDUAL_STEM):
        with network.scope(f"stem.{number}"):
            x = _module(network, x, module)
    for stage, (leading, block, times) in enumerate(RESIDUAL):
        with network.scope(f"stages.{stage}.lead"):
            x = _module(network, x, leading)
        for number in range(times):
            with network.scope(f"stages.{stage}.{number}"):
                network.conv("project", _module(network, x, block), x.channels, bias=True)
                network.add("add", x)
                network.activation("activation", x)
    x = conv_norm(network, "head", x, RESIDUAL_HEAD)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "inception_resnet", "V2")


def _module(network: Network, x: Shape, module: Module) -> Shape:
    ends = []
    for number, branch in enumerate(module):
        y = x
        for place, step in enumerate(branch):
            y = _step(network, f"branch{number}.{place}", y, step)
        ends.append(y)
    return network.concat("concat", ends) if len(ends) > 1 else ends[0]


def _step(network: Network, name: str, x: Shape, step: Step) -> Shape:
    if isinstance(step, Fork):
        left = _step(network, f"{name}.left", x, step.left)
        right = _step(network, f"{name}.right", x, step.right)
        return network.concat(f"{name}.concat", [left, right])
    if isinstance(step, Pooling):
        return network.pool(name, x, 3, 2) if step.down else network.pool(name, x, 3, 1, 1)
    kernel = (step.height, step.width or step.height)
    padding = (0, 0) if step.down or step.valid else (kernel[0] // 2, kernel[1] // 2)
    stride = 2 if step.down else 1
    return conv_norm(network, name, x, step.channels, kernel, stride, padding=padding)
