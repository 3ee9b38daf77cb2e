"""Voxtral Realtime's text model: Ministral's, each layer scaled by the delay it was told."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys

DELAY_WIDTH = 32
"""Inner width of the two matrices that make a scale of the delay (modeling_voxtral_realtime.py)."""


def read(keys: Keys) -> Architecture:
    """The scale is the same for every token, so its matrices do no work per token."""
    shape = read_dimensions(keys)
    windows = layer_windows(keys, shape.layers, window_size(keys), [True] * shape.layers)
    text = read_decoder(keys, Traits(tied=True), shape=shape, windows=windows)
    scales = shape.layers * 2 * DELAY_WIDTH * shape.hidden
    return replace(text, other_parameters=text.other_parameters + scales)
