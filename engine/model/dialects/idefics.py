"""IDEFICS, the first generation: Llama with gated cross-attention to pictures in front of every
``cross_layer_interval``-th layer (transformers, modeling_idefics.py, vision.py, perceiver.py)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.defaults import class_defaults
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions, read_width
from engine.model.dialects.nesting import left_out_keys, with_outer
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.dialects.towers.parts import linear, patch_count, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say

TRAITS = Traits()
_TRAINING = (
    "alpha_initializer",
    "alphas_initializer_range",
    "freeze_lm_head",
    "freeze_text_layers",
    "freeze_text_module_exceptions",
    "freeze_vision_layers",
    "freeze_vision_module_exceptions",
)


def read(keys: Keys) -> Architecture:
    """Text layers with the gated ones between them, a CLIP, and a resampler where the file has
    one. Rows beyond the vocabulary are in both ends."""
    keys.ignore(*_TRAINING)
    shape = read_dimensions(keys)
    seen = _part(keys, "vision_config", "idefics_vision")
    source = seen.integer("embed_dim", "hidden_size", maximum=100_000)
    normed = keys.flag("qk_layer_norms", default=False)
    part = dense(shape.hidden, read_width(keys, shape.hidden, TRAITS))
    own = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim)
    norms = 2 * shape.hidden
    plain = layer(own, part, norm_parameters=norms)
    gated = layer(_cross(keys, shape, source, normed), part, norm_parameters=norms)
    every = keys.integer("cross_layer_interval", maximum=10_000)
    blocks = []
    for index in range(shape.layers):
        blocks += [gated, plain] if index % every == 0 else [plain]
    extra = keys.integer("additional_vocab_size", minimum=0) * shape.hidden
    tied = keys.flag("tie_word_embeddings", default=False)
    text = assemble(
        keys,
        shape.hidden,
        shape.vocabulary,
        blocks,
        TRAITS,
        other=extra if tied else 2 * extra,
    )
    return with_outer(text, keys, keys, _clip(seen, source) + _resampler(keys, source))


def _part(keys: Keys, name: str, model_type: str) -> Keys:
    """A nested config, or the defaults of its class."""
    found = keys.scope(name, model_type=model_type)
    if found is None:
        return left_out_keys(keys, name, model_type)
    found.defaults = {**class_defaults(model_type), **found.defaults}
    found.tower = True
    return found


def _cross(keys: Keys, shape: Dimensions, source: int, normed: bool) -> Mixer:
    """Keys and values come from pictures; a gate stands on each residual."""
    kind = keys.text("alpha_type", default="float")
    if kind not in ("float", "vector"):
        raise keys.problem("alpha_type", kind, say("one of {names}", names="float, vector"))
    plain = attention(
        shape.hidden,
        shape.heads,
        shape.heads,
        shape.head_dim,
        qk_norm="head" if normed else "",
    )
    core = plain.cores[0]
    assert isinstance(core, AttentionCore)
    matrices = tuple(
        replace(
            one,
            name=one.name.replace("self_attn", "cross_attn"),
            inputs=source if one.name.endswith(("k_proj", "v_proj")) else one.inputs,
            kernel="cross_kv" if one.name.endswith(("k_proj", "v_proj")) else "",
        )
        for one in plain.matrices
    )
    gates = 2 * (shape.hidden if kind == "vector" else 1)
    return replace(
        plain,
        kind="cross attention",
        matrices=matrices,
        cores=(replace(core, owns_cache=False, cross=True),),
        other=plain.other + gates,
    )


def _clip(keys: Keys, hidden: int) -> int:
    """CLIP's layers with a norm before and behind them."""
    keys.ignore("num_attention_heads")
    width = keys.integer("intermediate_size")
    patch = keys.integer("patch_size", maximum=10_000)
    positions = (patch_count(keys, patch) + 1) * hidden
    patches = keys.integer("num_channels", default=3) * patch**2 * hidden
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    ends = hidden + positions + patches + 4 * hidden
    return ends + layers * transformer_layer(hidden, width)


def _resampler(keys: Keys, hidden: int) -> int:
    """Trained queries that look at the picture, ``resampler_depth`` times, each with a
    feed-forward part of four times the width."""
    own = _part(keys, "perceiver_config", "idefics_perciever")
    queries = own.integer("resampler_n_latents")
    depth = own.integer("resampler_depth", maximum=1000)
    head = own.integer("resampler_head_dim")
    wide = own.integer("resampler_n_heads") * head
    normed = own.flag("qk_layer_norms_perceiver", default=False)
    own.ignore("use_resampler")
    if not keys.flag("use_resampler", default=False):
        return 0
    attending = 4 * linear(hidden, wide, bias=False) + 4 * hidden + (4 * head if normed else 0)
    feeding = 2 * linear(hidden, 4 * hidden, bias=False) + 2 * hidden
    return queries * hidden + depth * (attending + feeding) + 2 * hidden
