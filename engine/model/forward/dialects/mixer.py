"""MLP-Mixer (arXiv:2105.01601): one perceptron over tokens, one over channels.

timm has it, no hub class: ``hidden_size``, ``num_hidden_layers``, ``tokens_mlp_dim``,
``channels_mlp_dim``, ``patch_size`` and ``image_size``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier, feed_forward
from engine.model.forward.parts import Shape
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``mlp_mixer``: its weights hold for one number of patches."""
    image = source.fixed_image()
    patch = source.pair("patch_size")
    source.multiple(image, patch, "the patch")
    hidden = source.width("hidden_size")
    tokens, channels = source.width("tokens_mlp_dim"), source.width("channels_mlp_dim")
    network = source.network()
    x = network.conv("patch", image, hidden, patch, patch[0], padding=0, bias=True).tokens()
    for number in range(source.blocks("num_hidden_layers")):
        with network.scope(f"layers.{number}"):
            network.norm("norm1", x)
            with network.scope("tokens"):
                turned = network.copy("transpose", x, Shape(x.positions, 1, hidden))
                feed_forward(network, turned, tokens)
                network.copy("transpose_back", turned, x)
            network.add("add1", x)
            network.norm("norm2", x)
            with network.scope("channels"):
                feed_forward(network, x, channels)
            network.add("add2", x)
    network.norm("norm", x)
    classifier(network, network.pool_to("pool", x), source.classes())
    return source.done(network, image, "mlp_mixer")
