"""Qwen 1 to 3, dense and mixture of experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    plain_attention,
    plain_feed_forward,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder
from engine.model.dialects.mixture import every_step, read_routing
from engine.model.dialects.parts import dense, mixture
from engine.model.dialects.towers.early import qwen_visual
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

QKV_BIAS = Traits(qkv_bias=True)
HEAD_NORM = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")

TRAITS = {
    "qwen": QKV_BIAS,
    "qwen2": QKV_BIAS,
    "mimo": Traits(qkv_bias="attention_bias"),
    "qwen2_moe": Traits(qkv_bias="qkv_bias"),
    "qwen3": HEAD_NORM,
    "qwen3_moe": HEAD_NORM,
    "flint": replace(HEAD_NORM, sinks=True),
}


def read(keys: Keys) -> Architecture:
    """Dense or sparse by model type."""
    if keys.model_type == "qwen":
        return read_first(keys)
    keys.ignore("use_qk_norm")
    shape = read_dimensions(keys, floor_head_dim=keys.model_type == "qwen3_moe")
    traits = TRAITS[keys.model_type]
    if keys.model_type == "flint":
        windows = layer_windows(keys, shape.layers, window_size(keys), [False] * shape.layers)
    else:
        windows = read_windows(keys, shape.layers)
    feed_forward = None
    if keys.model_type in ("qwen2_moe", "qwen3_moe", "flint"):
        feed_forward = read_experts(keys, shape)
    if keys.model_type == "mimo":
        return _with_prediction(keys, shape, traits, windows)
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=feed_forward)


def _with_prediction(
    keys: Keys, shape: Dimensions, traits: Traits, windows: list[int | None]
) -> Architecture:
    """MiMo: Qwen 2 with prediction layers."""
    mixer = plain_attention(keys, shape, traits, windows)
    feed_forward = plain_feed_forward(keys, shape, traits)
    return predicting_decoder(keys, traits, shape, mixer, feed_forward)


def read_windows(keys: Keys, layers: int) -> list[int | None]:
    """Windows count only when ``use_sliding_window``, from layer ``max_window_layers`` on."""
    used = keys.flag("use_sliding_window", default=False)
    window = window_size(keys)
    first = keys.optional_integer("max_window_layers") or 0
    windows = layer_windows(keys, layers, window, [index >= first for index in range(layers)])
    return windows if used else [None] * layers


def read_experts(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Experts in every ``decoder_sparse_step``-th layer; Qwen2 adds a gated shared expert."""
    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", required=True)
    dense_width = keys.integer("intermediate_size", required=True)
    shared = keys.optional_integer("shared_expert_intermediate_size") or 0
    sparse = every_step(keys, shape.layers)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared,
        shared_gate=bool(shared) and keys.model_type != "flint",
        shared_name="shared_expert",
    )
    plain = dense(shape.hidden, dense_width)
    return lambda index: bank if sparse[index] else plain


def read_first(keys: Keys) -> Architecture:
    """Qwen 1: the feed-forward width in the file is that of gate and up together."""
    visual = keys.scope("visual")
    keys.ignore("kv_channels", "no_bias", "padded_vocab_size")
    shape = read_dimensions(keys)
    both = keys.integer("intermediate_size", "ffn_hidden_size", required=True, minimum=2)
    part = dense(shape.hidden, both // 2)
    tower = qwen_visual(visual) if visual and visual.values else 0
    return read_decoder(keys, QKV_BIAS, shape=shape, feed_forward=lambda index: part, tower=tower)
