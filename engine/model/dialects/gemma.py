"""Gemma 1 to 3: four norms from Gemma 2 on, alternating windows, tied embeddings."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.words.messages import say

_FIRST = Traits(tied=True, qkv_bias="attention_bias", output_bias="attention_bias")

TRAITS = {
    "gemma": _FIRST,
    "gemma2": replace(_FIRST, norms=4),
    "gemma3_text": replace(_FIRST, norms=4, qk_norm="head"),
    "vaultgemma": _FIRST,
}
PERIOD = {"gemma2": 2, "vaultgemma": 2, "gemma3_text": 6}
"""Every so many layers one attends to everything, by class when the file does not say."""


def read(keys: Keys) -> Architecture:
    """A text-only Gemma; the vision models hand in their ``text_config``."""
    shape = read_dimensions(keys)
    traits = TRAITS[keys.model_type]
    if keys.model_type == "gemma":
        return read_decoder(keys, traits, shape=shape)
    period = keys.integer(
        "sliding_window_pattern",
        "_sliding_window_pattern",
        default=PERIOD[keys.model_type],
        reason=say("class default of {name}", name=keys.model_type),
        maximum=10_000,
    )
    windows = layer_windows(
        keys, shape.layers, window_size(keys), every_nth_full(shape.layers, period)
    )
    return read_decoder(keys, traits, shape=shape, windows=windows)
