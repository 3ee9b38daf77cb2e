"""MiniMax-Text-01 and M1: lightning attention with softmax attention every eighth layer."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.layer_kinds import flags, layer_kinds
from engine.model.dialects.parts import attention, mixture
from engine.model.dialects.states import lightning_attention
from engine.model.keys import Keys

KINDS = {"full_attention": "full", "linear_attention": "linear"}


def read(keys: Keys) -> Architecture:
    """``attn_type_list`` says 1 for softmax attention; every layer routes to experts."""
    shape = read_dimensions(keys)
    full = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim)
    linear = lightning_attention(
        shape.hidden, shape.heads, shape.head_dim, norm_elements=shape.heads * shape.head_dim
    )
    softmax = flags(keys, shape.layers, "attn_type_list", "decoder_attention_types")
    default = ["linear" if index % 2 else "full" for index in range(shape.layers)]
    if softmax is not None:
        default = ["full" if one else "linear" for one in softmax]
    kinds = layer_kinds(keys, shape.layers, default, KINDS)
    count = keys.integer("num_local_experts", "num_experts")
    experts = mixture(
        shape.hidden,
        keys.integer("intermediate_size", required=True),
        count,
        keys.integer("num_experts_per_tok", maximum=count),
        shared_width=keys.optional_integer("shared_intermediate_size") or 0,
        name="block_sparse_moe",
    )
    keys.ignore("shared_moe_mode", "postnorm", "block_size", "sliding_window")
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda index: full if kinds[index] == "full" else linear,
        feed_forward=lambda index: experts,
    )
