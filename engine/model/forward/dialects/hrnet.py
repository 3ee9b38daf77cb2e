"""HRNet (arXiv:1908.07919): branches of several resolutions side by side, mixed after each module.

No hub class has it: ``width`` is that of the finest branch, ``modules`` how often stages two to
four mix.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

BLOCKS = 4
HEAD_WIDTHS = (32, 64, 128, 256)
HEAD_CHANNELS = 2048


def read(source: Source) -> ForwardArchitecture:
    """``hrnet``."""
    image = source.image()
    source.multiple(image, (32, 32), "the coarsest branch")
    width = source.width("width")
    modules = source.depths("modules", count=3)
    network = source.network()
    x = conv_norm(network, "stem.conv1", image, 64, 3, 2)
    x = conv_norm(network, "stem.conv2", x, 64, 3, 2)
    for block in range(BLOCKS):
        with network.scope(f"stage1.{block}"):
            x = _bottleneck(network, x, 64)
    branches = [x]
    for stage, count in enumerate(modules):
        widths = [width * 2**branch for branch in range(stage + 2)]
        with network.scope(f"transition{stage + 1}"):
            branches = _transition(network, branches, widths)
        for module in range(count):
            with network.scope(f"stage{stage + 2}.{module}"):
                branches = _module(network, branches)
    with network.scope("head"):
        x = _head(network, branches)
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "hrnet")


def _transition(network: Network, branches: list[Shape], widths: list[int]) -> list[Shape]:
    """Branches of the wanted widths; the new one comes from the coarsest by a stride."""
    found = []
    for number, width in enumerate(widths):
        if number >= len(branches):
            found.append(conv_norm(network, f"new{number}", branches[-1], width, 3, 2))
        elif branches[number].channels != width:
            found.append(conv_norm(network, f"conv{number}", branches[number], width, 3))
        else:
            found.append(branches[number])
    return found


def _module(network: Network, branches: list[Shape]) -> list[Shape]:
    for number, x in enumerate(branches):
        for block in range(BLOCKS):
            with network.scope(f"branch{number}.{block}"):
                conv_norm(network, "conv1", x, x.channels, 3)
                conv_norm(network, "conv2", x, x.channels, 3, activation=False)
                network.add("add", x)
                network.activation("activation", x)
    for target, x in enumerate(branches):
        for origin, y in enumerate(branches):
            if origin == target:
                continue
            with network.scope(f"fuse{target}.{origin}"):
                _bring(network, y, x, target - origin)
                network.add("add", x)
        network.activation(f"fuse{target}.activation", x)
    return branches


def _bring(network: Network, y: Shape, x: Shape, steps: int) -> None:
    """Branch ``y`` at the size and width of ``x``: by strides, or by a 1×1 and repetition."""
    if steps < 0:
        y = conv_norm(network, "conv", y, x.channels, activation=False)
        network.copy("upsample", y, x)
    for step in range(steps):
        last = step == steps - 1
        channels = x.channels if last else y.channels
        y = conv_norm(network, f"down{step}", y, channels, 3, 2, activation=not last)


def _head(network: Network, branches: list[Shape]) -> Shape:
    """Each branch widened, then folded into the next coarser one."""
    x: Shape | None = None
    for number, (branch, width) in enumerate(zip(branches, HEAD_WIDTHS, strict=True)):
        with network.scope(f"widen{number}"):
            y = _bottleneck(network, branch, width)
        if x is not None:
            with network.scope(f"down{number}"):
                down = network.conv("conv", x, y.channels, 3, 2, bias=True)
                network.norm("norm", down)
                network.activation("activation", down)
                network.add("add", y)
        x = y
    assert x is not None
    x = network.conv("final", x, HEAD_CHANNELS, bias=True)
    network.norm("final.norm", x)
    return network.activation("final.activation", x)


def _bottleneck(network: Network, x: Shape, width: int) -> Shape:
    entry = x
    x = conv_norm(network, "conv1", x, width)
    x = conv_norm(network, "conv2", x, width, 3)
    x = conv_norm(network, "conv3", x, 4 * width, activation=False)
    if entry.channels != x.channels:
        conv_norm(network, "shortcut", entry, x.channels, activation=False)
    network.add("add", x)
    return network.activation("activation", x)
