"""Falcon 7B, 40B, 180B and the RefinedWeb names: shared norms, multi-query, new layout."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import HEADS, HIDDEN, LAYERS, Dimensions, Traits, read_decoder
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """``num_kv_heads`` counts only in the new layout; otherwise ``multi_query`` means one."""
    hidden = keys.integer(*HIDDEN, required=True)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer(*HEADS, required=True)
    vocabulary = keys.integer("vocab_size", required=True)
    new = keys.flag("new_decoder_architecture", default=False)
    if keys.has("n_head_kv") and not keys.has("new_decoder_architecture"):
        new = True
        keys.assume("new_decoder_architecture", True, say("n_head_kv is given (RefinedWeb layout)"))
    parallel = keys.flag("parallel_attn", default=True)
    multi_query = keys.flag("multi_query", default=True)
    grouped = keys.optional_integer("num_kv_heads", "n_head_kv", minimum=1) or heads
    kv_heads = grouped if new else (1 if multi_query else heads)
    biased = keys.flag("bias", default=False)
    keys.ignore("alibi", "apply_residual_connection_post_layernorm")
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            HIDDEN[0],
            hidden,
            say("a multiple of {number} heads in {groups} groups", number=heads, groups=kv_heads),
        )
    norms = keys.optional_integer("num_ln_in_parallel_attn", minimum=1, maximum=2) or (
        2 if new else 1
    )
    if not parallel:
        norms = 2
    traits = Traits(
        qkv_bias=biased,
        output_bias=biased,
        mlp_bias=biased,
        gated=False,
        norm="layer",
        norms=norms,
        parallel=parallel or new,
        tied=True,
        width_factor=4,
    )
    shape = Dimensions(hidden, layers, heads, kv_heads, hidden // heads, vocabulary)
    return read_decoder(keys, traits, shape=shape)
