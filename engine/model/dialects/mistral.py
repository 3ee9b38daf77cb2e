"""Mistral, Ministral and Mixtral: Llama's layout with a window, Mixtral with experts."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import mixture
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

TRAITS = Traits()


def read(keys: Keys) -> Architecture:
    """A window in all layers unless ``layer_types`` says which; Mixtral's experts everywhere."""
    shape = read_dimensions(keys)
    windows = layer_windows(keys, shape.layers, window_size(keys), [True] * shape.layers)
    if keys.model_type != "mixtral":
        return read_decoder(keys, TRAITS, shape=shape, windows=windows)
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    part = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    return read_decoder(keys, TRAITS, shape=shape, windows=windows, feed_forward=lambda index: part)
