"""CaiT and XCiT (arXiv:2103.17239, 2106.09681): the class token comes in late and alone asks.

No hub class has them; the keys are those of ViT with ``class_layers``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.dialects.edgenext import POSITION_CHANNELS
from engine.model.forward.dialects.vit import dimensions, embed
from engine.model.forward.parts import Network, Shape
from engine.model.forward.source import Source
from engine.words.messages import say


def read(source: Source) -> ForwardArchitecture:
    """``cait``: attention whose heads talk to each other before and after the softmax."""
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    network = source.network()
    x = embed(source, network, image, hidden, 0)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            network.norm("norm1", x)
            network.linear("attention.qkv", x, 3 * hidden)
            network.attention(
                "attention.products", x.positions, x.positions, heads, hidden // heads
            )
            for name in ("before", "after"):
                network.linear(
                    f"attention.mix_{name}", Shape(heads, x.positions, x.positions), heads
                )
            network.linear("attention.out", x, hidden)
            _scaled(network, x, "1")
            network.norm("norm2", x)
            feed_forward(network, x, width)
            _scaled(network, x, "2")
    _classify(source, network, x, heads, width)
    return source.done(network, image, "cait")


def read_covariance(source: Source) -> ForwardArchitecture:
    """``xcit``: attention between channels, and depthwise filters between neighbours."""
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    patch = source.pair("patch_size")
    source.multiple(image, patch, "the patch")
    if patch not in ((16, 16), (8, 8)):
        raise source.keys.problem("patch_size", patch[0], say("one of {names}", names="8, 16"))
    network = source.network()
    x = image
    halvings = 4 if patch == (16, 16) else 3
    for number in range(halvings):
        channels = hidden // 2 ** (halvings - 1 - number)
        x = network.conv(f"patch.{number}", x, channels, 3, 2)
        network.norm(f"patch.norm{number}", x)
        if number + 1 < halvings:
            network.activation(f"patch.activation{number}", x)
    network.conv("positions", x.resized(POSITION_CHANNELS), hidden, bias=True)
    network.add("positions.add", x)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            _covariance(network, x, heads, width)
    _classify(source, network, x, heads, width)
    return source.done(network, image, "xcit")


def _covariance(network: Network, x: Shape, heads: int, width: int) -> None:
    network.norm("norm1", x)
    network.linear("attention.qkv", x, 3 * x.channels)
    network.norm("attention.normalise", x.resized(2 * x.channels), 0)
    part = x.channels // heads
    network.attention("attention.products", part, part, heads, x.positions, parameters=heads)
    network.linear("attention.out", x, x.channels)
    _scaled(network, x, "1")
    network.norm("norm3", x)
    network.conv("local.conv1", x, x.channels, 3, groups=x.channels, bias=True)
    network.activation("local.activation", x)
    network.norm("local.norm", x)
    network.conv("local.conv2", x, x.channels, 3, groups=x.channels, bias=True)
    _scaled(network, x, "3")
    network.norm("norm2", x)
    feed_forward(network, x, width)
    _scaled(network, x, "2")


def _scaled(network: Network, x: Shape, number: str) -> None:
    network.scale(f"layer_scale{number}", x, x.channels)
    network.add(f"add{number}", x)


def _classify(source: Source, network: Network, x: Shape, heads: int, width: int) -> None:
    """Layers in which only the class token asks and only it is worked on."""
    hidden = x.channels
    first, all_ = Shape(hidden, 1, 1), x.tokens(1)
    network.record("class_token", LayerKind.EMBEDDING, hidden, hidden, hidden)
    for number in range(source.blocks("class_layers", default=2)):
        with network.scope(f"class_layers.{number}"):
            network.norm("norm1", all_)
            network.linear("q", first, hidden)
            network.linear("kv", all_, 2 * hidden)
            network.attention("products", 1, all_.positions, heads, hidden // heads)
            network.linear("out", first, hidden)
            _scaled(network, first, "1")
            network.norm("norm2", first)
            feed_forward(network, first, width)
            _scaled(network, first, "2")
    network.norm("norm", all_)
    classifier(network, first, source.classes())
