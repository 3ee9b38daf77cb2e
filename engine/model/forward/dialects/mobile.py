"""Networks of inverted residuals that are given block by block: MobileNet V3 and V4, MnasNet,
EfficientNet V2 and Lite (arXiv:1905.02244, 2404.10518, 1807.11626, 2104.00298).

No hub class has them, so the keys are ours: ``stem`` channels, ``blocks`` (rows of equal blocks),
``head`` channels before the mean and ``pooled_head`` after it. A row has ``block``, ``times``,
``kernel``, ``stride``, ``hidden``, ``channels``, ``squeeze`` (channels of the gate, 0 for none)
and, for ``universal`` blocks, ``first_kernel``. ``partial_skip`` and ``squeeze_norm`` are ReXNet's.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm, squeeze_excite
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import MAXIMUM_BLOCKS, MAXIMUM_CHANNELS, Source
from engine.model.keys import Keys
from engine.words.messages import say

KINDS = ("convolution", "separable", "fused", "inverted", "universal")


@dataclass(frozen=True)
class MobileBlock:
    """The figures of one block."""

    kind: str
    kernel: int
    stride: int
    hidden: int
    channels: int
    squeeze: int
    first_kernel: int
    skip: bool
    partial: bool
    """The input is added to the first channels of a wider output (ReXNet, arXiv:2007.00992)."""
    squeeze_norm: bool
    """With a norm inside the gate."""


def read(source: Source) -> ForwardArchitecture:
    """``inverted_residuals``."""
    image = source.image()
    network = source.network()
    maps = backbone(source, network, image)
    x = network.pool_to("pool", maps[-1])
    pooled = source.option_integer("pooled_head", 0)
    if pooled:
        normalised = source.option("pooled_norm")
        biased = source.option("pooled_bias", not normalised)
        x = network.conv("pooled_head", x, pooled, bias=biased)
        if normalised:
            network.norm("pooled_norm", x)
        network.activation("pooled_activation", x)
    classifier(network, x, source.classes())
    family = source.option_text("family", "mobilenet", "efficientnet", "mnasnet", "rexnet")
    version = source.option_text("family_version", "", "V2", "V3", "V4", "Lite")
    return source.done(network, image, family, version)


def backbone(source: Source, network: Network, image: Shape) -> list[Shape]:
    """The map after the stem, each block and the head."""
    x = conv_norm(network, "stem", image, source.width("stem"), 3, 2)
    maps = [x]
    for number, block in enumerate(blocks(source.keys)):
        with network.scope(f"blocks.{number}"):
            x = _block(network, x, block)
        maps.append(x)
    head = source.option_integer("head", 0)
    if head:
        maps.append(conv_norm(network, "head", x, head))
    return maps


def blocks(keys: Keys) -> list[MobileBlock]:
    """The rows of ``blocks``, each as often as it says."""
    found: list[MobileBlock] = []
    partial = keys.flag("partial_skip") if keys.has("partial_skip") else False
    squeeze_norm = keys.flag("squeeze_norm") if keys.has("squeeze_norm") else False
    for row in keys.scopes("blocks"):
        block = _row(row, partial, squeeze_norm)
        times = row.integer("times", default=1, maximum=MAXIMUM_BLOCKS)
        found += [block] * times
        if len(found) > MAXIMUM_BLOCKS:
            raise row.problem(
                "times", times, say("at most {number} blocks in all", number=MAXIMUM_BLOCKS)
            )
    if not found:
        raise keys.problem("blocks", keys.raw("blocks")[1], say("a list of blocks"))
    return found


def _row(row: Keys, partial: bool, squeeze_norm: bool) -> MobileBlock:
    kind = row.text("block")
    if kind not in KINDS:
        raise row.problem("block", kind, say("one of {names}", names=", ".join(KINDS)))

    def figure(name: str, least: int, most: int) -> int:
        return row.integer(name, minimum=least, maximum=most) if row.has(name) else 0

    return MobileBlock(
        kind=kind,
        kernel=row.integer("kernel", minimum=0 if kind == "universal" else 1, maximum=31),
        stride=row.integer("stride", maximum=8),
        hidden=figure("hidden", 0, MAXIMUM_CHANNELS),
        channels=row.integer("channels", maximum=MAXIMUM_CHANNELS),
        squeeze=figure("squeeze", 0, MAXIMUM_CHANNELS),
        first_kernel=figure("first_kernel", 0, 31),
        skip=row.flag("skip") if row.has("skip") else kind != "convolution",
        partial=partial,
        squeeze_norm=squeeze_norm,
    )


def _block(network: Network, x: Shape, block: MobileBlock) -> Shape:
    entry = x
    if block.kind == "convolution":
        x = conv_norm(network, "conv", x, block.channels, block.kernel, block.stride)
    else:
        x = _hidden(network, x, block)
        if block.squeeze:
            squeeze_excite(network, x, block.squeeze, norm=block.squeeze_norm)
        x = conv_norm(network, "project", x, block.channels, activation=False)
    if not block.skip or block.stride > 1 or entry.channels > block.channels:
        return x
    if entry.channels == block.channels:
        return network.add("add", x)
    if block.partial:
        network.add("add", entry)
    return x


def _hidden(network: Network, x: Shape, block: MobileBlock) -> Shape:
    """The widened part, before gate and projection."""
    if block.kind == "fused":
        return conv_norm(network, "expand", x, block.hidden, block.kernel, block.stride)
    late = block.kernel > 0
    if block.first_kernel:
        stride = 1 if late else block.stride
        x = _depthwise(network, "first", x, block.first_kernel, stride, activation=False)
    if block.kind != "separable":
        x = conv_norm(network, "expand", x, block.hidden)
    return _depthwise(network, "depthwise", x, block.kernel, block.stride) if late else x


def _depthwise(
    network: Network, name: str, x: Shape, kernel: int, stride: int, activation: bool = True
) -> Shape:
    return conv_norm(
        network, name, x, x.channels, kernel, stride, groups=x.channels, activation=activation
    )
