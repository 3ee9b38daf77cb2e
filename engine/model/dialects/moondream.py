"""Moondream 3: attention and feed-forward part of a layer beside each other behind one norm,
experts after the first layers, a vision tower whose views are joined in pairs (vLLM 0.33,
moondream3.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder
from engine.model.dialects.nesting import with_outer
from engine.model.dialects.parts import FeedForward, attention, dense, mixture
from engine.model.dialects.towers.parts import linear, transformer_layer
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

_TRAITS = Traits(norm="layer", norms=1, parallel=True, head_bias=True)
_TEXT: dict[str, Any] = {
    "dim": 2048,
    "ff_dim": 8192,
    "n_layers": 24,
    "vocab_size": 51_200,
    "max_context": 4096,
    "n_heads": 32,
    "n_kv_heads": 32,
}
_EXPERTS: dict[str, Any] = {
    "start_layer": 4,
    "n_experts": 64,
    "n_experts_per_tok": 8,
    "expert_inner_dim": 1024,
}
_VISION: dict[str, Any] = {
    "enc_dim": 1152,
    "enc_patch_size": 14,
    "enc_n_layers": 27,
    "enc_ff_dim": 4304,
    "proj_inner_dim": 8192,
    "crop_size": 378,
    "in_channels": 3,
}
"""What the class has where its file is silent, as the published one is (its configs)."""


def read(keys: Keys) -> Architecture:
    """Everything lies in ``config``, in parts for text and vision."""
    inner = keys.scope("config")
    if inner is None:
        raise keys.problem("config", None, say("a mapping"))
    inner.ignore("tokenizer", "region", "skills")
    text_keys = _part(inner, "text", _TEXT)
    text = _text(text_keys)
    tower = _vision(_part(inner, "vision", _VISION), text.hidden_size)
    return with_outer(text, inner, text_keys, tower)


def _part(keys: Keys, name: str, defaults: dict[str, Any]) -> Keys:
    found = keys.scope(name)
    values = {} if found is None else found.values
    return Keys(
        values,
        keys.source,
        keys.model_type or "moondream3",
        defaults,
        f"{keys.path}{name}.",
        nested=True,
        assumptions=keys.assumptions,
        opened=keys.opened,
    )


def _text(keys: Keys) -> Architecture:
    keys.ignore("prefix_attn", "group_size", "lora")
    hidden = keys.integer("dim", maximum=1_000_000)
    heads = keys.integer("n_heads", maximum=100_000)
    kv_heads = keys.integer("n_kv_heads", maximum=100_000)
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            "n_heads",
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    layers = keys.integer("n_layers", maximum=MAXIMUM_LAYERS)
    shape = Dimensions(hidden, layers, heads, kv_heads, hidden // heads, keys.integer("vocab_size"))
    plain = attention(hidden, heads, kv_heads, shape.head_dim, qkv_bias=True, output_bias=True)
    # Each head scales its queries and values by what the layer's input says of them.
    scaled = replace(plain, other=plain.other + heads + 2 * heads * 3 * hidden)
    experts, start = _experts(_part(keys, "moe", _EXPERTS), hidden)
    first = dense(hidden, keys.integer("ff_dim"), gated=False, bias=True)
    found = read_decoder(
        keys,
        _TRAITS,
        shape=shape,
        mixer=lambda index: scaled,
        feed_forward=lambda index: experts if index >= start else first,
    )
    return replace(found, maximum_positions=keys.integer("max_context"))


def _experts(keys: Keys, hidden: int) -> tuple[FeedForward, int]:
    """The bank and the first layer that has one."""
    count = keys.integer("n_experts", maximum=100_000)
    bank = mixture(
        hidden,
        keys.integer("expert_inner_dim"),
        count,
        keys.integer("n_experts_per_tok", maximum=count),
        router_bias=True,
    )
    return bank, keys.integer("start_layer", minimum=0)


def _vision(keys: Keys, text_hidden: int) -> int:
    """SigLIP's layers; views of the whole and of crops side by side are projected twice."""
    keys.ignore("enc_n_heads", "max_crops", "overlap_margin", "proj_out_dim")
    hidden, patch = keys.integer("enc_dim"), keys.integer("enc_patch_size", maximum=10_000)
    layers = keys.integer("enc_n_layers", maximum=10_000)
    flat = keys.integer("in_channels") * patch**2
    own = linear(flat, hidden) + (keys.integer("crop_size") // patch) ** 2 * hidden + 2 * hidden
    own += layers * transformer_layer(hidden, keys.integer("enc_ff_dim"))
    middle = keys.integer("proj_inner_dim")
    return own + linear(2 * hidden, middle) + linear(middle, text_hidden)
