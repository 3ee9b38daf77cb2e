"""Llama 1 to 3 and the families with exactly its layout: Mistral, Yi, XVERSE."""

from __future__ import annotations

from engine.architecture import Architecture
from engine.dialects.decoder import Traits, read_decoder, read_shape
from engine.dialects.windows import layer_windows, window_size
from engine.keys import Keys

LLAMA = Traits(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
PLAIN = Traits()

TRAITS = {
    "llama": LLAMA,
    "yi": LLAMA,
    "mistral": PLAIN,
    "ministral": PLAIN,
    "ministral3": PLAIN,
    "xverse": PLAIN,
}


def read(keys: Keys) -> Architecture:
    """Dense decoder with gated feed-forward; Mistral adds a window in all layers."""
    shape = read_shape(keys)
    windows = None
    if keys.model_type in ("mistral", "ministral", "ministral3"):
        windows = layer_windows(keys, shape.layers, window_size(keys), [True] * shape.layers)
    return read_decoder(keys, TRAITS[keys.model_type], shape=shape, windows=windows)
