"""Command-R, Command-R7B/A and Cohere's mixture of experts: one norm, parallel parts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.mixture import mlp_layer_types, read_routing, shared_count
from engine.model.dialects.parts import dense, mixture
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.words.messages import say

BASE = Traits(
    qkv_bias="attention_bias",
    output_bias="attention_bias",
    norm="scale",
    norms=1,
    parallel=True,
    tied=True,
)


def read(keys: Keys) -> Architecture:
    """Cohere 2 alternates windows; the first generation may normalise queries and keys."""
    keys.ignore("use_gated_activation", "use_embedding_sharing", "use_parallel_block")
    keys.ignore("use_parallel_embedding", "position_embedding_type", "rotary_pct", "layer_switch")
    keys.ignore("order_of_interleaved_layers", "logit_scale")
    shape = read_dimensions(keys)
    normed = keys.flag("use_qk_norm", default=False)
    traits = replace(BASE, qk_norm="heads" if normed else "")
    if keys.model_type == "cohere":
        return read_decoder(keys, traits, shape=shape)
    first = 0
    feed_forward = None
    if keys.model_type == "cohere2_moe":
        first = keys.optional_integer("first_k_dense_replace", maximum=shape.layers) or 0
        feed_forward = _experts(keys, shape, first)
    period = keys.integer(
        "sliding_window_pattern",
        "_sliding_window_pattern",
        default=4,
        reason=say("class default of {name}", name=keys.model_type),
    )
    pattern = every_nth_full(shape.layers - first, period)
    if first:
        prefix = keys.integer("prefix_dense_sliding_window_pattern", default=1)
        pattern = every_nth_full(first, prefix) + pattern
    else:
        keys.ignore("prefix_dense_sliding_window_pattern", "prefix_dense_intermediate_size")
    windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=feed_forward)


def _experts(keys: Keys, shape: Dimensions, first: int) -> FeedForwardOfLayer:
    keys.ignore("shared_expert_combination_strategy", "expert_selection_fn")
    sparse = mlp_layer_types(keys, shape.layers)
    if sparse is None:
        sparse = [index >= first for index in range(shape.layers)]
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared_count(keys) * width,
    )
    if all(sparse):
        return lambda index: bank
    plain = dense(shape.hidden, keys.integer("prefix_dense_intermediate_size"))
    return lambda index: bank if sparse[index] else plain
