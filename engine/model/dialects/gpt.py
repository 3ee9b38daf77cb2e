"""The GPT-2 line: GPT, GPT-2, GPT-Neo, GPT-J, GPT-NeoX, GPT-BigCode, CodeGen, CTRL, OPT, BLOOM,
MPT, XGLM, BioGPT, Jais."""

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
)
from engine.model.dialects.parts import dense, norm_elements
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

_OLD = Traits(gated=False, norm="layer", mlp_bias=True, width_factor=4)
_BIASED = replace(_OLD, qkv_bias=True, output_bias=True, tied=True)
_PARALLEL = replace(_OLD, norms=1, parallel=True, head_bias=True)

TRAITS = {
    "gpt2": replace(_BIASED, learned_positions=0),
    "gpt_bigcode": replace(_BIASED, learned_positions=0),
    "gpt_neo": replace(_OLD, output_bias=True, tied=True, learned_positions=0),
    "gptj": _PARALLEL,
    "codegen": _PARALLEL,
    "gpt_neox": replace(
        _OLD, qkv_bias="attention_bias", output_bias="attention_bias", parallel=True, width_factor=0
    ),
    "opt": Traits(
        qkv_bias="enable_bias",
        output_bias="enable_bias",
        mlp_bias="enable_bias",
        gated=False,
        norm="layer",
        tied=True,
        learned_positions=2,
    ),
    "bloom": _BIASED,
    "xglm": replace(_BIASED, width_factor=0),
    "biogpt": replace(_BIASED, learned_positions=2),
    "openai-gpt": replace(_BIASED, learned_positions=0, final_norm=False),
    "ctrl": replace(_BIASED, head_bias=True),
    "jais": replace(_BIASED, gated=True),
    "mpt": Traits(gated=False, norm="scale", tied=True),
}


def read(keys: Keys) -> Architecture:
    """Multi-head attention with two-matrix feed-forward; details by model type."""
    return {
        "gpt_bigcode": _bigcode,
        "gpt_neo": _neo,
        "gpt_neox": _neox,
        "opt": _opt,
        "bloom": _bloom,
        "mpt": _mpt,
        "jais": _jais,
    }.get(keys.model_type, _plain)(keys)


def _plain(keys: Keys) -> Architecture:
    keys.ignore("n_special", "predict_special_tokens", "rotary_dim", "afn", "scale_embedding")
    return read_decoder(keys, TRAITS[keys.model_type])


def _shape(keys: Keys, kv_heads: int | None = None) -> Dimensions:
    hidden = keys.integer(*HIDDEN, required=True)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer(*HEADS, required=True)
    if hidden % heads:
        raise keys.problem(
            HIDDEN[0], hidden, say("a multiple of the {number} attention heads", number=heads)
        )
    vocabulary = keys.integer("vocab_size", required=True)
    return Dimensions(hidden, layers, heads, kv_heads or heads, hidden // heads, vocabulary)


def _bigcode(keys: Keys) -> Architecture:
    multi_query = keys.flag("multi_query", default=True)
    keys.ignore("num_key_value_heads")
    return read_decoder(keys, TRAITS["gpt_bigcode"], shape=_shape(keys, 1 if multi_query else None))


def _neo(keys: Keys) -> Architecture:
    """``attention_types`` [[["global", "local"], 12]] says which layers have the window; the
    cache holds all tokens either way, but local layers read only the window."""
    shape = _shape(keys)
    keys.ignore("attention_types", "attention_layers", "window_size")
    return read_decoder(keys, TRAITS["gpt_neo"], shape=shape)


def _neox(keys: Keys) -> Architecture:
    keys.ignore("use_parallel_residual", "num_key_value_heads")
    if not keys.has("attention_bias"):
        keys.assume("attention_bias", True, say("class default of {name}", name="gpt_neox"))
    traits = TRAITS["gpt_neox"]
    return read_decoder(keys, traits, shape=_shape(keys))


def _opt(keys: Keys) -> Architecture:
    """Embeddings may be narrower than the layers, with a projection in and out."""
    shape = _shape(keys)
    traits = TRAITS["opt"]
    embedding = keys.optional_integer("word_embed_proj_dim", minimum=1) or shape.hidden
    projections = 2 * embedding * shape.hidden if embedding != shape.hidden else 0
    before = keys.flag("do_layer_norm_before", default=True)
    removed = keys.flag("_remove_final_layer_norm", default=False)
    if not keys.flag("layer_norm_elementwise_affine", default=True):
        raise keys.problem("layer_norm_elementwise_affine", False, "true")
    missing = 0 if before and not removed else -norm_elements("layer", shape.hidden)
    return read_decoder(
        keys, traits, shape=shape, embedding_width=embedding, other=projections + missing
    )


def _bloom(keys: Keys) -> Architecture:
    """ALiBi instead of positions, and a norm after the embeddings."""
    keys.ignore("slow_but_exact", "unk_token_id", "skip_bias_add", "skip_bias_add_qkv")
    keys.ignore("apply_residual_connection_post_layernorm", "offset_alibi", "masked_softmax_fusion")
    shape = _shape(keys)
    return read_decoder(
        keys, TRAITS["bloom"], shape=shape, other=norm_elements("layer", shape.hidden)
    )


def _jais(keys: Keys) -> Architecture:
    """ALiBi, or positions that are learned, as ``position_embedding_type`` says
    (modeling_jais.py of inceptionai/jais-13b)."""
    keys.ignore("width_scale", "embeddings_scale", "alibi_scaling", "scale_qk_dot_by_d")
    gated = keys.text("activation_function", default="gelu_new") == "swiglu"
    kind = keys.text("position_embedding_type", default="learned")
    if kind not in ("learned", "alibi"):
        names = say("one of {names}", names="learned, alibi")
        raise keys.problem("position_embedding_type", kind, names)
    positions = None if kind == "alibi" else 0
    traits = replace(TRAITS["jais"], gated=gated, learned_positions=positions)
    return read_decoder(keys, traits, shape=_shape(keys))


def _mpt(keys: Keys) -> Architecture:
    keys.ignore("init_config", "embedding_fraction", "fc_type", "verbose")
    keys.ignore(
        "learned_pos_emb", "no_bias", "norm_type", "resid_pdrop", "emb_pdrop", "init_device"
    )
    attention = keys.scope("attn_config")
    kv_heads = None
    if attention is not None:
        kv_heads = attention.optional_integer("kv_n_heads", minimum=1)
        attention.ignore("attn_uses_sequence_id", "softmax_scale", "clip_qkv")
        attention.ignore("attn_type", "attn_impl", "alibi", "alibi_bias_max", "prefix_lm")
        if attention.flag("qk_ln", default=False):
            raise attention.problem("qk_ln", True, "false")
    shape = _shape(keys, kv_heads)
    ratio = keys.integer("expansion_ratio", default=4, maximum=64)
    part = dense(shape.hidden, ratio * shape.hidden, gated=False)
    return read_decoder(keys, TRAITS["mpt"], shape=shape, feed_forward=lambda index: part)
