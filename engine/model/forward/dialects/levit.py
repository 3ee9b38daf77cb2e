"""LeViT (arXiv:2104.01136): a convolutional stem, attention that also shrinks the map, batch norms
after every projection. Its biases by position hold for one image size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, conv_norm
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source

DOWN_RATIO = 4
"""Values are four keys wide where the map shrinks."""


@dataclass(frozen=True)
class Heads:
    """Widths of one attention."""

    count: int
    key: int
    value: int


def read(source: Source) -> ForwardArchitecture:
    """``levit``."""
    keys = source.keys
    keys.ignore("down_ops")
    for name, value in (("kernel_size", 3), ("stride", 2), ("padding", 1), ("patch_size", 16)):
        source.expect(name, value)
    image = source.fixed_image()
    source.multiple(image, (16, 16), "the patch")
    widths = source.widths("hidden_sizes", count=3)
    counts = source.depths("num_attention_heads", count=3)
    depths = source.depths("depths", count=3)
    key_widths = source.depths("key_dim", count=3)
    ratios = source.depths("attention_ratio", count=3)
    expansions = source.depths("mlp_ratio", count=3)
    teacher = source.task("WithTeacher", "ForImageClassification", "Model")
    network = source.network()
    x = _stem(network, image, widths[0])
    for stage, width in enumerate(widths):
        if stage:
            down = Heads(
                widths[stage - 1] // key_widths[0], key_widths[0], DOWN_RATIO * key_widths[0]
            )
            with network.scope(f"stages.{stage}.down"):
                x = _shrink(network, x, width, down)
                _feed_forward(network, x, 2)
        heads = Heads(counts[stage], key_widths[stage], ratios[stage] * key_widths[stage])
        for block in range(depths[stage]):
            with network.scope(f"stages.{stage}.{block}"):
                _attention(network, x, heads)
                _feed_forward(network, x, expansions[stage])
    pooled = network.pool_to("pool", x)
    if teacher != "Model":
        labels = source.labels()
        for name in ("head", "head_distillation")[: 2 if teacher == "WithTeacher" else 1]:
            with network.scope(name):
                network.norm("norm", pooled)
                classifier(network, pooled, labels)
    return source.done(network, image, "levit")


def _stem(network: Network, image: Shape, width: int) -> Shape:
    x = image
    for number, channels in enumerate((width // 8, width // 4, width // 2, width)):
        last = number == 3
        x = conv_norm(network, f"stem.conv{number}", x, channels, 3, 2, activation=not last)
    return x


def _projection(network: Network, name: str, x: Shape, outputs: int) -> Shape:
    """A linear layer without bias and a batch norm."""
    return network.norm(f"{name}.norm", network.linear(name, x, outputs, bias=False))


def _attention(network: Network, x: Shape, heads: Heads) -> None:
    values = heads.count * heads.value
    _projection(network, "qkv", x, heads.count * 2 * heads.key + values)
    network.attention(
        "products",
        x.positions,
        x.positions,
        heads.count,
        heads.key,
        heads.value,
        parameters=heads.count * x.positions,
    )
    mixed = network.activation("activation", x.resized(values))
    _projection(network, "out", mixed, x.channels)
    network.add("add", x)


def _shrink(network: Network, x: Shape, width: int, heads: Heads) -> Shape:
    """Every other position asks, all answer."""
    small = Shape(x.channels, math.ceil(x.height / 2), math.ceil(x.width / 2))
    values = heads.count * heads.value
    _projection(network, "kv", x, heads.count * heads.key + values)
    network.copy("subsample", x, small)
    _projection(network, "q", small, heads.count * heads.key)
    network.attention(
        "products",
        small.positions,
        x.positions,
        heads.count,
        heads.key,
        heads.value,
        parameters=heads.count * x.positions,
    )
    mixed = network.activation("activation", small.resized(values))
    return _projection(network, "out", mixed, width)


def _feed_forward(network: Network, x: Shape, ratio: int) -> None:
    hidden = _projection(network, "mlp.in", x, ratio * x.channels)
    network.activation("mlp.activation", hidden)
    _projection(network, "mlp.out", hidden, x.channels)
    network.add("mlp.add", x)
