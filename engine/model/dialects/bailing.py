"""Ling and Ring (Bailing MoE): the first generation and Ling 2 with normed query and key heads."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    plain_attention,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder
from engine.model.dialects.mixture import after_first_dense, read_routing, shared_count
from engine.model.dialects.parts import dense, mixture
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """``use_bias`` belongs to the output projection, ``use_qkv_bias`` to the fused one."""
    keys.ignore("norm_head", "norm_softmax", "use_rmsnorm", "score_function", "router_dtype")
    keys.ignore("moe_router_enable_expert_bias", "moe_shared_expert_overlap", "multi_gate")
    shape = read_dimensions(keys)
    normed = keys.flag("use_qk_norm", default=keys.model_type == "bailing_moe_v2")
    traits = Traits(
        qkv_bias="use_qkv_bias", output_bias="use_bias", qk_norm="head" if normed else ""
    )
    mixer = plain_attention(keys, shape, traits, None)
    experts = read_bank(keys, shape)
    return predicting_decoder(keys, traits, shape, mixer, experts)


def read_bank(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Experts after the first dense layers, with shared ones of a width of their own."""
    sparse = after_first_dense(keys, shape.layers)
    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", required=True)
    own = keys.optional_integer("moe_shared_expert_intermediate_size") or width
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        groups=routing.groups,
        groups_per_token=routing.groups_per_token,
        shared_width=shared_count(keys) * own,
    )
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    return lambda index: bank if sparse[index] else plain
