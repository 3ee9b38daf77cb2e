"""Lara Mini: gated delta nets between windowed attention, experts in every layer (transformers,
modeling_lara_mini.py)."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import Mixer, attention, mixture
from engine.model.dialects.states import gated_delta_net
from engine.model.dialects.windows import window_size
from engine.model.keys import MISSING, Keys
from engine.words.messages import say

KINDS = {"linear_attention": "linear", "sliding_attention": "sliding", "full_attention": "full"}


def read(keys: Keys) -> Architecture:
    """``layer_types`` must say what each layer is."""
    shape = read_dimensions(keys)
    window = window_size(keys)
    if not keys.has("layer_types"):
        raise keys.problem("layer_types", MISSING, say("{number} entries", number=shape.layers))
    kinds = layer_kinds(keys, shape.layers, [], KINDS)
    value_dim = keys.integer("linear_value_head_dim")
    linear = gated_delta_net(
        shape.hidden,
        key_heads=keys.integer("linear_num_key_heads"),
        value_heads=keys.integer("linear_num_value_heads"),
        key_dim=keys.integer("linear_key_head_dim"),
        value_dim=value_dim,
        kernel=keys.integer("linear_conv_kernel_dim"),
        norm_elements=value_dim,
    )
    bias = keys.flag("attention_bias", default=False)

    def mixer(index: int) -> Mixer:
        if kinds[index] == "linear":
            return linear
        return attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            window=window if kinds[index] == "sliding" else None,
            qkv_bias=bias,
            output_bias=bias,
            qk_norm="head",
        )

    routing = read_routing(keys)
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size"),
        shared_name="shared_expert",
    )
    return read_decoder(
        keys, Traits(tied=True), shape=shape, mixer=mixer, feed_forward=lambda index: bank
    )
