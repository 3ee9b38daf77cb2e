"""Ling and Ring of linear attention: lightning attention with an output gate in most layers, the
last of each group latent or grouped attention, experts (2.5 and the linear models of 2.0; SGLang
0.5, srt/models/bailing_moe_linear.py; vLLM 0.33, bailing_moe_linear.py)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.bailing import read_bank
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder, read_dimensions
from engine.model.dialects.deepseek import read_latent, read_prediction
from engine.model.dialects.parts import Mixer, attention
from engine.model.dialects.states import lightning_attention
from engine.model.dialects.windows import every_nth_full
from engine.model.keys import Keys

CLASS = "BailingMoeV2_5ForCausalLM"
"""Its files state the model type that files of Kimi delta attention state, too."""


def read(keys: Keys) -> Architecture:
    """``layer_group_size`` layers belong together, the last of which attends to everything."""
    keys.ignore("norm_head", "norm_softmax", "use_rmsnorm", "score_function", "router_dtype")
    keys.ignore("moe_router_enable_expert_bias", "multi_gate", "group_norm_size", "linear_silu")
    keys.ignore("use_linear_silu", "linear_backend", "linear_rope", "linear_scale", "scoring_func")
    keys.ignore("rotary_dim", "attention_type", "topk_method", "head_group_norm")
    shape = read_dimensions(keys)
    full, linear = _full(keys, shape), _linear(keys, shape)
    period = keys.integer("layer_group_size", default=1, maximum=10_000)
    is_linear = every_nth_full(shape.layers, period)
    bank = read_bank(keys, shape)
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda index: linear if is_linear[index] else full,
        feed_forward=bank,
        prediction=read_prediction(keys, shape.hidden, full, bank(shape.layers - 1)),
    )


def _linear(keys: Keys, shape: Dimensions) -> Mixer:
    """Its heads are as many as those of the queries; the result is normed in groups."""
    width = shape.heads * shape.head_dim
    normed = 2 * shape.head_dim if keys.flag("use_qk_norm", default=False) else 0
    found = lightning_attention(
        shape.hidden, shape.heads, shape.head_dim, norm_elements=width + normed
    )
    bias = keys.flag("use_bias", default=False)
    both = bias or keys.flag("use_qkv_bias", default=False)
    qkv, gate, back = found.matrices
    return replace(found, matrices=(replace(qkv, bias=both), gate, replace(back, bias=bias)))


def _full(keys: Keys, shape: Dimensions) -> Mixer:
    latent = keys.optional_integer("kv_lora_rank", minimum=1) is not None
    usual = "mla" if latent else "gqa"
    if keys.text("full_attention_type", default=usual) == "mla":
        return read_latent(keys, shape)[0]
    return attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=keys.flag("use_qkv_bias", default=False),
        output_bias=keys.flag("use_bias", default=False),
        qk_norm="head" if keys.flag("use_qk_norm", default=False) else "",
    )
