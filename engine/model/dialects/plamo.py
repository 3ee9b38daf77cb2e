"""PLaMo 3: four norms per layer, normed heads, windows but in every eighth layer (vLLM 0.33,
plamo3.py)."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys

_TRAITS = Traits(norms=4, qk_norm="head")
_PERIOD = 8


def read(keys: Keys) -> Architecture:
    """``interleaved_sliding_window`` lists a window per layer, null where there is none."""
    shape = read_dimensions(keys)
    keys.ignore("interleaved_sliding_window", "linear_type", "fp8_accum_dtype")
    period = keys.integer("sliding_window_pattern", default=_PERIOD, maximum=10_000)
    window = window_size(keys, "sliding_window", "window_size")
    windows = layer_windows(keys, shape.layers, window, every_nth_full(shape.layers, period))
    return read_decoder(keys, _TRAITS, shape=shape, windows=windows)
