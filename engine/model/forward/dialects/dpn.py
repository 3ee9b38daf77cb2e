"""Dual path networks (arXiv:1707.01629): a residual path and a growing dense one.

No hub class has them: ``stem``, ``depths``, ``growth`` per stage, ``inner`` width of the first
stage, ``groups``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

RESIDUAL = 256
"""Channels of the residual path in the first stage; they double with each stage."""


def read(source: Source) -> ForwardArchitecture:
    """``dpn``."""
    image = source.image()
    depths = source.depths("depths", count=4)
    growths = source.widths("growth", count=4)
    inner, groups = source.width("inner"), source.width("groups")
    network = source.network()
    x = conv_norm(network, "stem", image, source.width("stem"), 7, 2)
    x = network.pool("stem.pool", x, 3, 2, 1)
    for stage, (depth, growth) in enumerate(zip(depths, growths, strict=True)):
        for block in range(depth):
            stride = 2 if block == 0 and stage else 1
            with network.scope(f"stages.{stage}.{block}"):
                x = _block(
                    network,
                    x,
                    (inner * 2**stage, RESIDUAL * 2**stage, growth),
                    stride,
                    groups,
                    block == 0,
                )
    network.norm("norm", x)
    network.activation("activation", x)
    x = network.pool_to("pool", x)
    classes = source.classes()
    if classes:
        network.conv("classifier", x, classes, bias=True)
    return source.done(network, image, "dpn")


def _block(
    network: Network,
    x: Shape,
    widths: tuple[int, int, int],
    stride: int,
    groups: int,
    project: bool,
) -> Shape:
    """Norm first; what the last 1×1 makes is partly added, partly appended."""
    inner, residual, growth = widths
    carried = x.channels + growth
    if project:
        carried = residual + 3 * growth
        _norm_conv(network, "project", x, residual + 2 * growth, 1, stride)
    y = _norm_conv(network, "conv1", x, inner)
    y = _norm_conv(network, "conv2", y, inner, 3, stride, groups)
    y = _norm_conv(network, "conv3", y, residual + growth)
    network.add("add", y.resized(residual))
    return network.copy("concat", y.resized(carried))


def _norm_conv(
    network: Network,
    name: str,
    x: Shape,
    channels: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
) -> Shape:
    network.norm(f"{name}.norm", x)
    network.activation(f"{name}.activation", x)
    return network.conv(name, x, channels, kernel, stride, groups=groups)
