"""EVA-02 (arXiv:2303.11331): rotary positions, gated feed-forward with a norm inside.

timm has it, no hub class: the keys are those of ViT, with ``mlp_norm``.
"""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.blocks import classifier
from engine.model.forward.dialects.vit import block, dimensions, embed
from engine.model.forward.source import Source


def read(source: Source) -> ForwardArchitecture:
    """``eva02``."""
    image = source.image()
    hidden, heads, layers, width = dimensions(source)
    normalised = source.option("mlp_norm", True)
    network = source.network()
    x = embed(source, network, image, hidden, 1)
    for number in range(layers):
        with network.scope(f"layers.{number}"):
            x = block(
                network,
                x,
                heads,
                width,
                biased=2,
                gated=True,
                normalised=normalised,
                rotary=True,
            )
    pooled = network.pool_to("pool", x)
    network.norm("norm", pooled)
    classifier(network, pooled, source.classes())
    return source.done(network, image, "eva02")
