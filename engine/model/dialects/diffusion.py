"""Language models that denoise blocks of text: LLaDA (arXiv:2502.09992), Dream (arXiv:2508.15487)
and SDAR (arXiv:2510.06303). Their layers are those of decoders that see both ways; how many passes
a block takes is a choice of the sampler, so that weights are counted and no time is told.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder
from engine.model.dialects.index import reader_for
from engine.model.dialects.parts import dense
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

LAYERS_OF = {"dream": "qwen2", "sdar": "qwen3", "sdar_moe": "qwen3_moe"}
"""Families that took another one's layers."""
_SAMPLING = (
    "activation_type",
    "alibi",
    "alibi_bias_max",
    "attention_layer_norm_with_affine",
    "block_group_size",
    "block_length",
    "block_size",
    "embedding_size",
    "fuse_cross_entropy",
    "layer_norm_type",
    "layer_norm_with_affine",
    "mlp_ratio",
    "rope",
    "rope_full_precision",
    "scale_logits",
    "vocab_size",
)


def read(keys: Keys) -> Architecture:
    """By model type."""
    if keys.model_type == "llada":
        return replace(_llada(keys), denoises=True)
    keys.ignore("mask_token_id", "block_size", "fuse_cross_entropy", "block_length")
    keys.model_type = LAYERS_OF[keys.model_type]
    reader = reader_for(keys.model_type)
    assert reader is not None
    return replace(reader(keys), denoises=True)


def _llada(keys: Keys) -> Architecture:
    """OLMo's names for Llama's layers (GSAI-ML/LLaDA-8B-Base, modeling_llada.py
    ``LLaDALlamaBlock``)."""
    keys.ignore(*_SAMPLING)
    for name in ("attention_layer_norm", "bias_for_layer_norm", "input_emb_norm", "alibi"):
        if keys.flag(name, default=False):
            raise keys.problem(
                name, True, say("{value}, as all published models have", value="false")
            )
    kind = keys.text("block_type", default="llama")
    if kind != "llama":
        raise keys.problem(
            "block_type", kind, say("{value}, the only one understood", value="llama")
        )
    hidden = keys.integer("d_model", "hidden_size", required=True, maximum=1_000_000)
    heads = keys.integer("n_heads", required=True, maximum=100_000)
    kv_heads = keys.integer("n_kv_heads", default=heads, reason=say("as many as query heads"))
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            "n_heads",
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    layers = keys.integer("n_layers", required=True, maximum=MAXIMUM_LAYERS)
    rows = keys.integer("embedding_size", "vocab_size", required=True)
    bias = keys.flag("include_bias", default=False)
    qkv = bias or keys.flag("include_qkv_bias", default=False)
    part = dense(hidden, keys.integer("mlp_hidden_size", required=True), bias=bias)
    shape = Dimensions(hidden, layers, heads, kv_heads, hidden // heads, rows)
    traits = Traits(qkv_bias=qkv, output_bias=bias)
    found = read_decoder(keys, traits, shape=shape, feed_forward=lambda index: part)
    return replace(found, tied_embeddings=keys.flag("weight_tying", default=False))
