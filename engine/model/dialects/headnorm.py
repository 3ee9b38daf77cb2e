"""Mixtures of experts with normed query and key heads and shared experts: dots.llm1, HY 3,
Solar Open, Mellum, AFMoE, Kolibri."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    plain_attention,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder, read_experts
from engine.model.dialects.gated import gated
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import mixture
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys

BASE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")

TRAITS = {
    "dots1": BASE,
    "hy_v3": BASE,
    "mellum": BASE,
    "afmoe": replace(BASE, norms=4),
    "kolibri1": Traits(qk_norm="head", norms=4),
    "solar_open": Traits(qkv_bias="attention_bias"),
}
FIRST_DENSE = {"hy_v3": 1}
"""Dense layers at the start when the file does not say."""


def read(keys: Keys) -> Architecture:
    """By model type."""
    shape = read_dimensions(keys)
    traits = TRAITS[keys.model_type]
    keys.ignore("enable_moe_fp32_combine", "route_scale", "mup_enabled", "router_scaling_factor")
    windows = _windows(keys, shape.layers)
    mixer = plain_attention(keys, shape, traits, windows)
    if keys.model_type == "afmoe":
        mixer = gated(mixer, shape)
    if keys.model_type == "kolibri1":
        return read_decoder(
            keys, traits, shape=shape, mixer=mixer, feed_forward=_one_shared(keys, shape)
        )
    first = FIRST_DENSE.get(keys.model_type, 0)
    per_expert = 1 if keys.model_type == "afmoe" else 0
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=first, other=per_expert)
    keys.ignore("mtp_layer_types", "mtp_mlp_layer_types")
    return predicting_decoder(keys, traits, shape, mixer, experts)


def _windows(keys: Keys, layers: int) -> list[int | None] | None:
    window = window_size(keys)
    if keys.model_type == "dots1":
        first = keys.optional_integer("max_window_layers") or 0
        return layer_windows(keys, layers, window, [index >= first for index in range(layers)])
    if keys.model_type == "kolibri1":
        return layer_windows(keys, layers, window, every_nth_full(layers, 5))
    if keys.model_type == "afmoe":
        period = keys.integer("global_attn_every_n_layers", default=4)
        return layer_windows(keys, layers, window, every_nth_full(layers, period))
    return layer_windows(keys, layers, window, [False] * layers)


def _one_shared(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Experts in every layer with one shared expert of its own width."""
    routing = read_routing(keys)
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size", required=True),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size", required=True),
    )
    return lambda index: bank
