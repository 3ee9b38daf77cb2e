"""Hunyuan V4: sparse latent attention with output gates and sinks, wide residual streams."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mixture import WIDTH, mlp_layer_types, read_routing, shared_count
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    SparseIndex,
    dense,
    latent_attention,
    layer,
    mixture,
)
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split


def read(keys: Keys) -> Architecture:
    """Only layers of type ``full`` own an indexer; the others reuse its selection."""
    shape = read_dimensions(keys)
    count = shape.layers
    default = ["full" if index == 0 or (index - 1) % 4 == 0 else "shared" for index in range(count)]
    words = {"full": "full", "shared": "shared"}
    kinds = layer_kinds(keys, count, default, words, "indexer_types")
    layer_kinds(keys, count, [], {"indexed_attention": "indexed"})
    mixers = {kind: _attention(keys, shape, kind == "full") for kind in dict.fromkeys(kinds)}
    sparse = mlp_layer_types(keys, count) or [index > 0 for index in range(count)]
    experts = _experts(keys, shape)
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    streams = keys.integer("hc_mult")
    blocks = [
        _streamed(mixers[kind], experts if routed else plain, shape.hidden, streams)
        for kind, routed in zip(kinds, sparse, strict=True)
    ]
    joined = streams * streams * shape.hidden + streams + 1
    keys.ignore("qk_head_dim", "hc_magnitude", "swiglu_limit", "learnable_sink_init")
    return assemble(keys, shape.hidden, shape.vocabulary, blocks, Traits(), other=joined)


def _attention(keys: Keys, shape: Dimensions, owned: bool) -> Mixer:
    value_dim = keys.integer("v_head_dim")
    mixer = latent_attention(
        shape.hidden,
        shape.heads,
        query_rank=keys.integer("q_lora_rank"),
        latent_dim=keys.integer("kv_lora_rank"),
        nope_dim=keys.integer("qk_nope_head_dim"),
        rope_dim=keys.integer("qk_rope_head_dim"),
        value_dim=value_dim,
        bias=keys.flag("attention_bias", default=False),
        index=SparseIndex(
            keys.integer("index_n_heads"),
            keys.integer("index_head_dim"),
            keys.integer("index_topk"),
            owned,
        ),
    )
    gate = Matrix("self_attn.gate_proj", shape.hidden, shape.heads * value_dim, Role.ATTENTION)
    return replace(mixer, matrices=(gate, *mixer.matrices), other=mixer.other + shape.heads)


def _experts(keys: Keys, shape: Dimensions) -> FeedForward:
    routing = read_routing(keys)
    width = keys.integer(*WIDTH)
    return mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        groups=routing.groups,
        groups_per_token=routing.groups_per_token,
        shared_width=shared_count(keys) * width,
    )


def _streamed(mixer: Mixer, feed_forward: FeedForward, hidden: int, streams: int) -> Block:
    """A layer whose halves read and write a learned mix of ``streams`` hidden states."""
    block = layer(
        mixer,
        feed_forward,
        norms=2 + 2 * streams,
        norm_parameters=2 * hidden + 2 * (2 * streams + 2),
    )
    mixing = tuple(
        Matrix(f"{half}_hc.fn", streams * hidden, 2 * streams, Role.OTHER, Split.REPLICATED)
        for half in ("attn", "ffn")
    )
    return replace(block, matrices=mixing + block.matrices)
