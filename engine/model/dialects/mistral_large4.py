"""Mistral Large 4's text model: sparse latent attention whose indexer has its own norm, rotary
positions in three layers of four, experts after the first layer."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder
from engine.model.dialects.deepseek import read_experts, read_latent_shape
from engine.model.dialects.parts import Mixer, SparseIndex, latent_attention
from engine.model.keys import Keys
from engine.words.messages import say


def read(keys: Keys) -> Architecture:
    """A layer without positions puts the rotary width into the position-free one."""
    shape = read_latent_shape(keys)
    index = SparseIndex(
        keys.integer("index_n_heads"), keys.integer("index_head_dim"), keys.integer("index_topk")
    )
    keys.ignore("layer_types", "q_lora_rank", "no_rope_layer_interval")
    _check_unshared(keys, shape.layers)
    rotary = keys.integers("no_rope_layers", maximum=1)
    if rotary is None:
        every = keys.integer("no_rope_layer_interval", default=4, maximum=10_000)
        rotary = [int((number + 1) % every != 0) for number in range(shape.layers)]
    if len(rotary) < shape.layers:
        raise keys.problem(
            "no_rope_layers",
            say("{number} entries", number=len(rotary)),
            say("{number} entries", number=shape.layers),
        )
    mixers = {flag: _mixer(keys, shape.hidden, shape.heads, index, bool(flag)) for flag in (0, 1)}
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=1)
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda number: mixers[rotary[number]],
        feed_forward=experts,
    )


def _check_unshared(keys: Keys, layers: int) -> None:
    types = keys.texts("indexer_types")
    sources = keys.integers("kv_source_layers")
    if types is not None and set(types[:layers]) != {"full"}:
        raise keys.problem("indexer_types", "shared", say("full in every layer"))
    if sources is not None and sources[:layers] != list(range(layers)):
        raise keys.problem("kv_source_layers", sources[:4], say("every layer its own"))


def _mixer(keys: Keys, hidden: int, heads: int, index: SparseIndex, rotary: bool) -> Mixer:
    nope = keys.integer("qk_nope_head_dim")
    rope = keys.integer("qk_rope_head_dim")
    found = latent_attention(
        hidden,
        heads,
        query_rank=None,
        latent_dim=keys.integer("kv_lora_rank"),
        nope_dim=nope if rotary else nope + rope,
        rope_dim=rope if rotary else 0,
        value_dim=keys.integer("v_head_dim"),
        bias=keys.flag("attention_bias", default=False),
        index=index,
    )
    scales = 2 * heads + 2 * index.heads
    return replace(found, other=found.other + scales + 2 * hidden)
