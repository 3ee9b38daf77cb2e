"""OLMo 1 to 3 (the first also with its training code's keys), OLMoE and FlexOlmo."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    HEADS,
    HIDDEN,
    LAYERS,
    Dimensions,
    Traits,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import dense, mixture
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

_BIAS = Traits(qkv_bias="attention_bias", output_bias="attention_bias")
_NORMED = replace(_BIAS, qk_norm="full")

TRAITS = {
    "olmo": replace(_BIAS, norm="plain"),
    "olmo2": _NORMED,
    "olmo3": _NORMED,
    "olmoe": _NORMED,
    "flex_olmo": _NORMED,
}


def read(keys: Keys) -> Architecture:
    """Every fourth layer of OLMo 3 attends to everything, the others to a window."""
    if keys.model_type == "hf_olmo":
        return _original(keys)
    shape = read_dimensions(keys)
    traits = TRAITS[keys.model_type]
    windows, feed_forward = None, None
    if keys.model_type == "olmo3":
        pattern = every_nth_full(shape.layers, 4)
        windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    if keys.model_type in ("olmoe", "flex_olmo"):
        routing = read_routing(keys)
        width = keys.integer("intermediate_size", required=True)
        bank = mixture(shape.hidden, width, routing.count, routing.top_k)
        return read_decoder(keys, traits, shape=shape, feed_forward=lambda index: bank)
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=feed_forward)


_TRAINING = (
    "alibi",
    "alibi_bias_max",
    "attention_layer_norm_with_affine",
    "block_group_size",
    "block_type",
    "clip_qkv",
    "embedding_layer_norm",
    "init_cutoff_factor",
    "init_fn",
    "layer_norm_with_affine",
    "mlp_ratio",
    "scale_logits",
    "embedding_size",
    "vocab_size",
)


def _original(keys: Keys) -> Architecture:
    """``embedding_size`` pads the vocabulary, ``mlp_hidden_size`` holds gate and up together."""
    keys.ignore(*_TRAINING)
    for name in ("attention_layer_norm", "layer_norm_with_affine", "alibi"):
        if keys.flag(name, default=False):
            raise keys.problem(
                name, True, say("{value}, as all published models have", value="false")
            )
    hidden = keys.integer(*HIDDEN, required=True)
    heads = keys.integer(*HEADS, required=True)
    single = keys.flag("multi_query_attention", default=False)
    kv_heads = keys.optional_integer("n_kv_heads", minimum=1) or (1 if single else heads)
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            HEADS[0],
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    both = keys.optional_integer("mlp_hidden_size", minimum=2)
    width = (both or keys.integer("mlp_ratio", default=4, maximum=64) * hidden) // 2
    bias = keys.flag("include_bias", default=False)
    vocabulary = keys.integer("embedding_size", "vocab_size", required=True)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    shape = Dimensions(hidden, layers, heads, kv_heads, hidden // heads, vocabulary)
    traits = Traits(qkv_bias=bias, output_bias=bias, norm="plain")
    part = dense(hidden, width, bias=bias)
    found = read_decoder(keys, traits, shape=shape, feed_forward=lambda index: part)
    return replace(found, tied_embeddings=keys.flag("weight_tying", default=False))
