"""GhostNet (arXiv:1911.11907): half of the channels come from cheap depthwise filters.

No hub class has it; the keys are those of `engine.model.forward.dialects.mobile`, every row a ghost
bottleneck.
"""

from __future__ import annotations

import math

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm, squeeze_excite
from engine.model.forward.dialects.mobile import MobileBlock, blocks
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``ghostnet``."""
    image = source.image()
    network = source.network()
    x = conv_norm(network, "stem", image, source.width("stem"), 3, 2)
    for number, block in enumerate(blocks(source.keys)):
        with network.scope(f"blocks.{number}"):
            x = _bottleneck(network, x, block)
    x = conv_norm(network, "head", x, source.width("head"))
    x = network.pool_to("pool", x)
    x = network.conv("pooled_head", x, source.width("pooled_head"), bias=True)
    network.activation("pooled_activation", x)
    classifier(network, x, source.classes())
    return source.done(network, image, "ghostnet")


def _bottleneck(network: Network, x: Shape, block: MobileBlock) -> Shape:
    entry = x
    x = _ghost(network, "ghost1", x, block.hidden, activation=True)
    if block.stride > 1:
        x = _depthwise(network, "depthwise", x, block.kernel, block.stride)
    if block.squeeze:
        squeeze_excite(network, x, block.squeeze)
    x = _ghost(network, "ghost2", x, block.channels, activation=False)
    if entry.channels != block.channels or block.stride > 1:
        y = _depthwise(network, "shortcut.depthwise", entry, block.kernel, block.stride)
        conv_norm(network, "shortcut.pointwise", y, block.channels, activation=False)
    return network.add("add", x)


def _ghost(network: Network, name: str, x: Shape, channels: int, activation: bool) -> Shape:
    half = math.ceil(channels / 2)
    with network.scope(name):
        first = conv_norm(network, "primary", x, half, activation=activation)
        conv_norm(network, "cheap", first, half, 3, groups=half, activation=activation)
        return network.copy("concat", x.resized(channels))


def _depthwise(network: Network, name: str, x: Shape, kernel: int, stride: int) -> Shape:
    return conv_norm(
        network, name, x, x.channels, kernel, stride, groups=x.channels, activation=False
    )
