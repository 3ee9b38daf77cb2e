"""MiniCPM 1, 2 and 4 (Llama layout, some with experts) and MiniCPM 3 (latent attention)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.deepseek import read_latent, read_latent_shape
from engine.model.dialects.mixture import COUNT, read_routing
from engine.model.dialects.parts import mixture
from engine.model.keys import Keys

TRAITS = Traits(tied=True)


def read(keys: Keys) -> Architecture:
    """The scaling keys change values, not shapes."""
    keys.ignore("scale_emb", "scale_depth", "dim_model_base", "mup_denominator", "sparse_config")
    if keys.model_type == "minicpm3":
        shape = read_latent_shape(keys)
        shape = replace(shape, head_dim=max(1, shape.hidden // shape.heads))
        mixers = read_latent(keys, shape, value_dim=shape.head_dim)
        return read_decoder(keys, TRAITS, shape=shape, mixer=mixers.__getitem__)
    shape = read_dimensions(keys)
    if not keys.has(*COUNT) or not any(keys.values.get(name) for name in COUNT):
        return read_decoder(keys, TRAITS, shape=shape)
    routing = read_routing(keys)
    bank = mixture(
        shape.hidden,
        keys.integer("intermediate_size", required=True),
        routing.count,
        routing.top_k,
    )
    return read_decoder(keys, TRAITS, shape=shape, feed_forward=lambda index: bank)
