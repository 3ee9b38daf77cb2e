"""Granite with experts (with or without a shared one) and with windows and sinks."""

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
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import mixture
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

BASE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
SINKS = replace(BASE, sinks=True)


def read(keys: Keys) -> Architecture:
    """Every fourth layer, from the first on, attends to everything in the windowed ones."""
    shape = read_dimensions(keys)
    windowed = keys.model_type in ("granite_swa", "granitemoe_swa")
    windows = None
    if windowed:
        keys.ignore("learnable_sink_init", "layer_rope_theta")
        pattern = [bool(index % 4) for index in range(shape.layers)]
        windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    feed_forward = None if keys.model_type == "granite_swa" else _experts(keys, shape)
    traits = SINKS if windowed else BASE
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=feed_forward)


def _experts(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    shared = keys.optional_integer("shared_intermediate_size") or 0
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared,
        name="block_sparse_moe",
        shared_name="shared_mlp",
    )
    return lambda index: bank
