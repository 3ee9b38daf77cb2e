"""gpt-oss: attention sinks, alternating windows, experts and router with biases."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import mixture
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias", sinks=True)


def read(keys: Keys) -> Architecture:
    """Every second layer attends to everything unless ``layer_types`` says otherwise."""
    keys.ignore("initial_context_length", "swiglu_limit")
    shape = read_dimensions(keys)
    windows = layer_windows(keys, shape.layers, window_size(keys), every_nth_full(shape.layers, 2))
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, bias=True, router_bias=True)
    return read_decoder(keys, TRAITS, shape=shape, windows=windows, feed_forward=lambda index: bank)
