"""Muse Spark's text model: gated attention, experts behind a projection into a narrower space,
gates on both residuals (transformers, modeling_muse_spark.py)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Traits,
    plain_attention,
    read_decoder,
    read_dimensions,
    read_width,
)
from engine.model.dialects.gated import gated
from engine.model.dialects.mixture import mlp_layer_types, read_routing
from engine.model.dialects.parts import FeedForward, dense, mixture
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias", norms=3)
GATES = 2
"""Elements of the hidden size on the residuals of each layer."""


def read(keys: Keys) -> Architecture:
    """Norms before both parts and behind the second; the experts' space has two of its own."""
    keys.ignore("layer_rope_theta", "output_multiplier", "qk_scale_factor", "post_norm_eps")
    keys.ignore("residual_gate_temperature")
    shape = read_dimensions(keys)
    windows = layer_windows(keys, shape.layers, window_size(keys), [False] * shape.layers)
    routing = read_routing(keys)
    inner = keys.integer("moe_hidden_size", default=shape.hidden)
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        routing.count,
        routing.top_k,
        expert_hidden=inner,
    )
    sparse = mlp_layer_types(keys, shape.layers) or [True] * shape.layers
    if all(sparse):
        keys.ignore("intermediate_size")
        plain = bank
    else:
        plain = dense(shape.hidden, read_width(keys, shape.hidden, TRAITS))

    def feed_forward(index: int) -> FeedForward:
        part = bank if sparse[index] else plain
        norms = 2 * inner if sparse[index] else 0
        return replace(part, other=part.other + norms + GATES * shape.hidden)

    mixer = gated(plain_attention(keys, shape, TRAITS, windows), shape)
    return read_decoder(keys, TRAITS, shape=shape, mixer=mixer, feed_forward=feed_forward)
