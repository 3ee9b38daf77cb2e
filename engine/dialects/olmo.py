"""OLMo 1 to 3, OLMoE and FlexOlmo."""

from __future__ import annotations

from dataclasses import replace

from engine.architecture import Architecture
from engine.dialects.decoder import Traits, read_decoder, read_shape
from engine.dialects.mixture import read_routing
from engine.dialects.parts import mixture
from engine.dialects.windows import every_nth_full, layer_windows, window_size
from engine.keys import Keys

_BIAS = Traits(qkv_bias="attention_bias", output_bias="attention_bias")
_NORMED = replace(_BIAS, qk_norm="full")

TRAITS = {
    "olmo": replace(_BIAS, norm="plain"),
    "olmo2": _NORMED,
    "olmo3": _NORMED,
    "olmoe": _NORMED,
    "flex_olmo": _NORMED,
}


def read(keys: Keys) -> Architecture:
    """Every fourth layer of OLMo 3 attends to everything, the others to a window."""
    shape = read_shape(keys)
    traits = TRAITS[keys.model_type]
    windows, feed_forward = None, None
    if keys.model_type == "olmo3":
        pattern = every_nth_full(shape.layers, 4)
        windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    if keys.model_type in ("olmoe", "flex_olmo"):
        routing = read_routing(keys)
        width = keys.integer("intermediate_size", required=True)
        bank = mixture(shape.hidden, width, routing.count, routing.top_k)
        return read_decoder(keys, traits, shape=shape, feed_forward=lambda index: bank)
    return read_decoder(keys, traits, shape=shape, windows=windows, feed_forward=feed_forward)
