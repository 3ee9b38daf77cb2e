"""Llama-Nemotron (Puzzle) and DeciLM: every layer has dimensions of its own, or lacks a part."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.dialects.decoder import (
    HEADS,
    HIDDEN,
    KV_HEADS,
    LAYERS,
    Traits,
    assemble,
    read_head_dim,
    read_width,
)
from engine.model.dialects.parts import FeedForward, Mixer, attention, dense, layer
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits()


def read(keys: Keys) -> Architecture:
    """``block_configs`` describes each layer; DeciLM lists key/value heads per layer instead."""
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer(*HEADS, required=True, maximum=100_000)
    head_dim = read_head_dim(keys, hidden, heads)
    described = keys.scopes("block_configs")
    if described:
        keys.ignore(*KV_HEADS, "intermediate_size")
        if len(described) != layers:
            raise keys.problem(
                "block_configs", say("{number} entries", number=len(described)), f"{layers}"
            )
        blocks = [_described(keys, block, hidden, heads, head_dim) for block in described]
    else:
        blocks = _listed(keys, hidden, layers, heads, head_dim)
    vocabulary = keys.integer("vocab_size", required=True)
    return assemble(keys, hidden, vocabulary, blocks, TRAITS)


def _described(keys: Keys, block: Keys, hidden: int, heads: int, head_dim: int) -> Block:
    mixing, feeding = block.scope("attention"), block.scope("ffn")
    mixer = _mixer(keys, mixing, hidden, heads, head_dim) if mixing else Mixer("")
    feed_forward = _feed_forward(keys, feeding, hidden) if feeding else FeedForward("")
    norms = bool(mixer.kind) + bool(feed_forward.kind)
    return layer(mixer, feed_forward, norms=norms, norm_parameters=norms * hidden)


def _mixer(keys: Keys, part: Keys, hidden: int, heads: int, head_dim: int) -> Mixer:
    """Attention, one matrix in its place, or nothing. ``n_heads_in_group`` is a divisor."""
    part.ignore("num_sink_tokens", "unshifted_sink", "use_prefill_window_in_sink_attention")
    if part.flag("no_op", default=False):
        part.ignore("n_heads_in_group", "window_length", "replace_with_linear")
        return Mixer("")
    _refuse_sparsity(part)
    if part.flag("replace_with_linear", default=False):
        part.ignore("n_heads_in_group", "window_length")
        one = Matrix("self_attn.linear_attn", hidden, hidden, Role.OTHER, Split.REPLICATED)
        return Mixer("linear map", (one,))
    group = part.integer("n_heads_in_group")
    if heads % group:
        raise part.problem(
            "n_heads_in_group", group, say("a divisor of the {number} heads", number=heads)
        )
    bias = keys.flag("attention_bias", default=False)
    return attention(
        hidden,
        heads,
        heads // group,
        head_dim,
        window=part.optional_integer("window_length") or None,
        qkv_bias=bias,
        output_bias=bias,
    )


def _feed_forward(keys: Keys, part: Keys, hidden: int) -> FeedForward:
    """Gated feed-forward of ``ffn_mult`` × 2/3 hidden sizes rounded up to 256, or less."""
    if part.flag("no_op", default=False):
        part.ignore("ffn_mult", "replace_with_linear")
        return FeedForward("")
    _refuse_sparsity(part)
    if part.flag("replace_with_linear", default=False):
        part.ignore("ffn_mult")
        one = Matrix("mlp.linear_mlp", hidden, hidden, Role.DENSE_MLP, Split.REPLICATED)
        return FeedForward("linear map", (one,))
    if part.optional_integer("intermediate_size"):
        width = part.integer("intermediate_size")
    else:
        multiple = part.number("ffn_mult")
        width = -(-int(2 * multiple * hidden / 3) // 256) * 256
    return dense(hidden, width, bias=keys.flag("mlp_bias", default=False))


def _refuse_sparsity(part: Keys) -> None:
    name, value = part.raw("sparsify")
    if value not in (None, False) and isinstance(value, list | dict | str | bool):
        raise part.problem(name, value, say("null: layers with parts left out are not described"))


def _listed(keys: Keys, hidden: int, layers: int, heads: int, head_dim: int) -> list[Block]:
    counts = keys.integers("num_key_value_heads_per_layer", minimum=1)
    if counts is None:
        counts = [keys.integer(*KV_HEADS, default=heads)] * layers
    keys.ignore(*KV_HEADS)
    if len(counts) != layers:
        raise keys.problem(
            "num_key_value_heads_per_layer",
            say("{number} entries", number=len(counts)),
            f"{layers}",
        )
    for count in counts:
        if heads % count:
            raise keys.problem(
                "num_key_value_heads_per_layer", count, say("a divisor of {number}", number=heads)
            )
    bias = keys.flag("attention_bias", default=False)
    feed_forward = dense(hidden, read_width(keys, hidden, TRAITS))
    return [
        layer(
            attention(hidden, heads, count, head_dim, qkv_bias=bias, output_bias=bias),
            feed_forward,
            norm_parameters=2 * hidden,
        )
        for count in counts
    ]
