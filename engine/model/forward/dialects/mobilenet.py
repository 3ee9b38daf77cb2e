"""MobileNet V1 and V2 (arXiv:1704.04861, 1801.04381)."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import conv_norm, pooled_classifier
from engine.model.forward.parts import Network, Shape, divisible
from engine.model.forward.source import Source
from engine.model.keys import Keys
from engine.words.messages import say

V1_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
V2_CHANNELS = (16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320)
V2_STRIDES = (2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1)


def read_first(source: Source) -> ForwardArchitecture:
    """``mobilenet_v1``: a depthwise and a 1×1 convolution in turn."""
    keys = source.keys
    keys.ignore("hidden_act", "classifier_dropout_prob")
    image = source.image()
    factor = source.ratio("depth_multiplier", maximum=16)
    least = source.width("min_depth", default=8)
    same = keys.flag("tf_padding", default=True)
    network = source.network()

    def channels(base: int) -> int:
        return max(int(base * factor), least)

    base = 32
    x = conv_norm(network, "stem", image, channels(base), 3, 2, same=same)
    for number, stride in enumerate(V1_STRIDES):
        if stride == 2 or number == 0:
            base *= 2
        with network.scope(f"layers.{number}"):
            x = conv_norm(
                network, "depthwise", x, x.channels, 3, stride, groups=x.channels, same=same
            )
            x = conv_norm(network, "pointwise", x, channels(base))
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "mobilenet", "V1")


def read_second(source: Source) -> ForwardArchitecture:
    """``mobilenet_v2``: inverted residuals."""
    keys = source.keys
    keys.ignore("hidden_act", "classifier_dropout_prob", "semantic_loss_ignore_index")
    image = source.image()
    factor = source.ratio("depth_multiplier", maximum=16)
    divisor = source.width("depth_divisible_by", default=8)
    least = source.width("min_depth", default=8)
    expansion = source.ratio("expand_ratio", default=6.0)
    same = keys.flag("tf_padding", default=True)
    separate = not keys.flag("first_layer_is_expansion", default=True)
    full_head = keys.flag("finegrained_output", default=True) and factor < 1
    network = source.network()

    def channels(base: float) -> int:
        return divisible(round(base), divisor, least)

    widths = [channels(base * factor) for base in V2_CHANNELS]
    first = channels(32 * factor)
    x = conv_norm(network, "stem", image, first, 3, 2, same=same)
    with network.scope("layers.0"):
        x = inverted_residual(network, x, first if separate else 0, widths[0], 1, 1, same)
    strides = _strides(keys)
    for number, (stride, dilation) in enumerate(strides):
        hidden = channels(x.channels * expansion)
        with network.scope(f"layers.{number + 1}"):
            x = inverted_residual(network, x, hidden, widths[number + 1], stride, dilation, same)
    x = conv_norm(network, "head", x, 1280 if full_head else channels(1280 * factor))
    pooled_classifier(network, x, source.classes())
    return source.done(network, image, "mobilenet", "V2")


def _strides(keys: Keys) -> list[tuple[int, int]]:
    """Stride and dilation of the sixteen blocks: beyond ``output_stride`` filters widen."""
    limit = keys.integer("output_stride", default=32, maximum=32)
    if limit not in (2, 4, 8, 16, 32):
        raise keys.problem("output_stride", limit, say("one of {names}", names="2, 4, 8, 16, 32"))
    current, dilation, found = 2, 1, []
    for stride in V2_STRIDES:
        if current == limit:
            found.append((1, dilation))
            dilation *= stride
        else:
            found.append((stride, 1))
            current *= stride
    return found


def inverted_residual(
    network: Network,
    x: Shape,
    hidden: int,
    channels: int,
    stride: int,
    dilation: int = 1,
    same: bool = False,
) -> Shape:
    """Expand to ``hidden`` (0: not at all), filter each channel, project."""
    entry = x
    if hidden:
        x = conv_norm(network, "expand", x, hidden)
    x = conv_norm(
        network,
        "depthwise",
        x,
        x.channels,
        3,
        stride,
        groups=x.channels,
        dilation=dilation,
        same=same,
    )
    x = conv_norm(network, "project", x, channels, activation=False)
    return network.add("add", x) if stride == 1 and entry.channels == channels else x
