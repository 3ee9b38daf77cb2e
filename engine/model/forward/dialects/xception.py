"""Xception (arXiv:1610.02357): separable convolutions with shortcuts; and MobileOne
(arXiv:2206.04040) with its branches as trained.

No hub class has them.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import branched_conv, conv_norm, pooled_classifier, squeeze_excite
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say

ENTRY = (128, 256, 728)
MIDDLE_BLOCKS = 8
MIDDLE_LAYERS = 3
LAST = (1536, 2048)
ALIGNED_EXIT = ((728, 1024, 1024), (1536, 1536, 2048))


def read(source: Source) -> ForwardArchitecture:
    """``xception``: of one published size."""
    image = source.image(default=299)
    network = source.network()
    x = conv_norm(network, "stem.conv1", image, 32, 3, 2, padding=0)
    x = conv_norm(network, "stem.conv2", x, 64, 3, padding=0)
    for number, width in enumerate(ENTRY):
        with network.scope(f"entry.{number}"):
            x = _shrinking(network, x, (width, width))
    for number in range(MIDDLE_BLOCKS):
        with network.scope(f"middle.{number}"):
            for layer in range(MIDDLE_LAYERS):
                x = _separable(network, f"{layer}", x, x.channels)
            network.add("add", x)
    with network.scope("exit"):
        x = _shrinking(network, x, (x.channels, 1024))
        for number, width in enumerate(LAST):
            x = _separable(network, f"last{number}", x, width)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "xception")


def _shrinking(network: Network, x: Shape, widths: tuple[int, int]) -> Shape:
    conv_norm(network, "shortcut", x, widths[-1], 1, 2, activation=False)
    for number, width in enumerate(widths):
        x = _separable(network, str(number), x, width)
    x = network.pool("pool", x, 3, 2, 1)
    return network.add("add", x)


def _separable(network: Network, name: str, x: Shape, width: int) -> Shape:
    network.conv(f"{name}.depthwise", x, x.channels, 3, groups=x.channels)
    return conv_norm(network, f"{name}.pointwise", x, width)


def read_aligned(source: Source) -> ForwardArchitecture:
    """``xception_aligned`` (arXiv:1802.02611): ``hidden_sizes`` and ``strides`` of the blocks of
    three, the last two of which widen step by step."""
    image = source.image(default=299)
    widths = source.widths("hidden_sizes")
    strides = source.depths("strides", count=len(widths))
    network = source.network()
    x = conv_norm(network, "stem.conv1", image, 32, 3, 2)
    x = conv_norm(network, "stem.conv2", x, 64, 3)
    for number, (width, stride) in enumerate(zip(widths, strides, strict=True)):
        with network.scope(f"blocks.{number}"):
            x = _aligned(network, x, (width, width, width), stride, True)
    with network.scope("exit.0"):
        x = _aligned(network, x, ALIGNED_EXIT[0], 2, True)
    with network.scope("exit.1"):
        x = _aligned(network, x, ALIGNED_EXIT[1], 1, False)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "xception")


def _aligned(
    network: Network, x: Shape, widths: tuple[int, int, int], stride: int, skip: bool
) -> Shape:
    """Three separable convolutions, each half with a norm; the last one strides."""
    entry = x
    for number, width in enumerate(widths):
        x = conv_norm(
            network,
            f"{number}.depthwise",
            x,
            x.channels,
            3,
            stride if number == 2 else 1,
            groups=x.channels,
            activation=not skip,
        )
        x = conv_norm(network, f"{number}.pointwise", x, width, activation=not skip)
        if skip:
            network.activation(f"{number}.activation", x)
    if not skip:
        return x
    if stride > 1 or entry.channels != x.channels:
        conv_norm(network, "shortcut", entry, x.channels, 1, stride, activation=False)
    return network.add("add", x)


def read_mobileone(source: Source) -> ForwardArchitecture:
    """``mobileone``: ``stem``, ``hidden_sizes``, ``depths``, ``branches`` and ``squeezed`` (blocks
    with a gate at the end of each stage)."""
    image = source.image()
    widths = source.widths("hidden_sizes")
    depths = source.depths("depths", count=len(widths))
    branches = source.blocks("branches", default=1)
    squeezed = source.keys.integers("squeezed", maximum=1000) or [0] * len(widths)
    if len(squeezed) != len(widths):
        raise source.keys.problem(
            "squeezed", squeezed, say("a list of {count} numbers", count=len(widths))
        )
    network = source.network()
    x = branched_conv(network, "stem", image, source.width("stem"), 3, 2)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        for number in range(depth):
            gated = number >= depth - squeezed[stage]
            with network.scope(f"stages.{stage}.{number}"):
                x = _mobileone(network, x, width, 1 if number else 2, branches, gated)
    pooled_classifier(network, x, source.classes())
    source.notes.append("branches as trained; engines may merge them into one convolution")
    return source.done(network, image, "mobileone")


def _mobileone(
    network: Network, x: Shape, width: int, stride: int, branches: int, gated: bool
) -> Shape:
    for name, channels, kernel in (("depthwise", x.channels, 3), ("pointwise", width, 1)):
        x = branched_conv(
            network,
            name,
            x,
            channels,
            kernel,
            stride if kernel > 1 else 1,
            depthwise=kernel > 1,
            branches=branches,
            activation=not gated,
        )
        if gated:
            squeeze_excite(network, x, max(1, x.channels // 16), name=f"{name}.se")
            network.activation(f"{name}.activation", x)
    return x
