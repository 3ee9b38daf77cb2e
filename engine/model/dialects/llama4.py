"""Llama 4: interleaved experts with one shared, chunked attention in rotary layers."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.mixture import COUNT, TOP_K, read_routing
from engine.model.dialects.parts import FeedForward, dense, mixture
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias")


def read(keys: Keys) -> Architecture:
    """Every fourth layer has no rotary embedding and attends to everything; query and key norms
    hold no elements; experts every ``interleave_moe_layer_step`` layers."""
    keys.ignore(
        "use_qk_norm", "attn_temperature_tuning", "attn_scale", "floor_scale", "for_llm_compressor"
    )
    shape = read_dimensions(keys)
    rotary = keys.integers("no_rope_layers", maximum=1)
    period = keys.optional_integer("no_rope_layer_interval", "nope_layer_interval", minimum=1) or 4
    if not rotary:
        rotary = [int((index + 1) % period != 0) for index in range(shape.layers)]
    rotary = one_per_layer(keys, "no_rope_layers", rotary, shape.layers)
    chunk = window_size(keys, "attention_chunk_size")
    pattern = [bool(flag) for flag in rotary]
    windows = layer_windows(keys, shape.layers, chunk, pattern)
    step = keys.integer("interleave_moe_layer_step", default=1, maximum=10_000)
    listed = keys.integers("moe_layers", maximum=shape.layers - 1)
    sparse = set(range(step - 1, shape.layers, step) if listed is None else listed)
    width = keys.integer("intermediate_size", required=True)
    bank = _experts(keys, shape.hidden, width) if sparse else None
    if bank is None:
        keys.ignore(*COUNT, *TOP_K)
    wide = keys.integer("intermediate_size_mlp", default=width)
    plain = dense(shape.hidden, wide, name="feed_forward")
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        windows=windows,
        feed_forward=lambda index: bank if bank and index in sparse else plain,
    )


def _experts(keys: Keys, hidden: int, width: int) -> FeedForward:
    routing = read_routing(keys)
    return mixture(
        hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=width,
        name="feed_forward",
        shared_name="shared_expert",
    )
