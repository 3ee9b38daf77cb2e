"""LFM 2 and 3: gated short convolutions with attention in some layers."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    assemble,
    read_dimensions,
)
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import Mixer, attention, dense, layer, mixture
from engine.model.dialects.states import short_convolution
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role

KINDS = {
    "conv": "convolution",
    "full_attention": "full",
    "sliding_attention": "sliding",
}


def read(keys: Keys) -> Architecture:
    """The word ``conv`` in ``layer_types`` is a convolution; LFM3 adds windows and gates."""
    shape = read_dimensions(keys)
    kinds = layer_kinds(keys, shape.layers, _default_kinds(keys, shape.layers), KINDS)
    window = keys.optional_integer("sliding_window") or None
    mixers = {
        "convolution": short_convolution(
            shape.hidden,
            keys.integer("conv_L_cache"),
            bias=keys.flag("conv_bias", default=False),
        ),
        "full": _attention(keys, shape, None),
        "sliding": _attention(keys, shape, window),
    }
    sandwiched = keys.flag("use_sandwich_norm", default=False)
    norms = 4 if sandwiched else 2
    feed_forward = _feed_forward(keys, shape)
    keys.ignore("conv_dim", "conv_dim_out", "conv_use_xavier_init", "block_dim", "theta")
    blocks = [
        layer(mixers[kind], feed_forward(index), norms=norms, norm_parameters=norms * shape.hidden)
        for index, kind in enumerate(kinds)
    ]
    found = assemble(keys, shape.hidden, shape.vocabulary, blocks, Traits(tied=True))
    if keys.has("tie_embedding"):
        return replace(found, tied_embeddings=keys.flag("tie_embedding"))
    return found


def _default_kinds(keys: Keys, layers: int) -> list[str]:
    if keys.model_type == "lfm3":
        return [
            "full" if index % 4 == 2 else "sliding" if index % 4 == 0 and index else "convolution"
            for index in range(layers)
        ]
    listed = keys.integers("full_attn_idxs", maximum=layers - 1)
    full = set(range(layers)) if listed is None else set(listed)
    return ["full" if index in full else "convolution" for index in range(layers)]


def _attention(keys: Keys, shape: Dimensions, window: int | None) -> Mixer:
    bias = keys.flag("attention_bias", default=False)
    mixer = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        window=window,
        qkv_bias=bias,
        output_bias=bias,
        qk_norm="head",
    )
    if not keys.flag("use_attention_gate", default=False):
        return mixer
    gate = Matrix("self_attn.g_proj", shape.hidden, shape.heads, Role.ATTENTION)
    return replace(mixer, matrices=(gate, *mixer.matrices))


def _feed_forward(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    width = keys.integer("block_ff_dim", "intermediate_size", required=True)
    if keys.model_type == "lfm2" and keys.flag("block_auto_adjust_ff_dim", default=True):
        width = _adjusted(keys, width)
    keys.ignore("block_multiple_of", "block_ffn_dim_multiplier", "block_auto_adjust_ff_dim")
    plain = dense(shape.hidden, width, name="feed_forward")
    if keys.model_type != "lfm2_moe":
        return lambda index: plain
    count = keys.integer("num_experts")
    experts = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        count,
        keys.integer("num_experts_per_tok", maximum=count),
        name="feed_forward",
    )
    first = keys.integer("num_dense_layers", minimum=0)
    keys.ignore("use_expert_bias")
    return lambda index: plain if index < first else experts


def _adjusted(keys: Keys, width: int) -> int:
    """Two thirds of the stated width, times a factor, rounded up to a multiple."""
    width = int(2 * width / 3)
    if keys.values.get("block_ffn_dim_multiplier", 1.0) is not None:
        width = int(keys.number("block_ffn_dim_multiplier", default=1.0) * width)
        multiple = keys.integer("block_multiple_of", default=256)
        width = -(-width // multiple) * multiple
    return width
