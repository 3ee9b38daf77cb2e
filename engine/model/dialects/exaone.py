"""EXAONE 4 and its mixture of experts: normed queries and keys, three windows to one full."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    FeedForwardOfLayer,
    Traits,
    plain_attention,
    plain_feed_forward,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder, read_experts
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.words.messages import say

TRAITS = Traits(qk_norm="head")


def read(keys: Keys) -> Architecture:
    """Dense or sparse by model type."""
    shape = read_dimensions(keys)
    windows = read_windows(keys, shape.layers)
    mixer = plain_attention(keys, shape, TRAITS, windows)
    if keys.model_type == "exaone4":
        experts = plain_feed_forward(keys, shape, TRAITS)
    else:
        experts = read_experts(keys, shape.hidden, shape.layers)
        _check_copy(keys, shape.layers, experts)
    keys.ignore("mtp_share_layers")
    return predicting_decoder(keys, TRAITS, shape, mixer, experts)


def read_windows(keys: Keys, layers: int) -> list[int | None]:
    """``sliding_window_pattern`` is a period, or letters such as LLLG (G: global)."""
    window = window_size(keys)
    raw = keys.values.get("sliding_window_pattern")
    if isinstance(raw, str):
        letters = keys.text("sliding_window_pattern")
        if not letters or set(letters) - {"L", "G"}:
            raise keys.problem("sliding_window_pattern", raw, say("a period or letters L and G"))
        pattern = [letters[index % len(letters)] == "L" for index in range(layers)]
        if not keys.has("layer_types"):
            pattern[-1] = False
    else:
        period = keys.optional_integer("sliding_window_pattern") or 0
        pattern = every_nth_full(layers, period) if period else [False] * layers
    return layer_windows(keys, layers, window, pattern)


def _check_copy(keys: Keys, layers: int, experts: FeedForwardOfLayer) -> None:
    """``is_moe_layer``, which vLLM reads (models/exaone_moe.py), must say what the rest says."""
    flags = keys.items("is_moe_layer")
    sparse = [experts(index).experts is not None for index in range(layers)]
    if flags is not None and flags != sparse:
        raise keys.problem(
            "is_moe_layer", flags, say("{value}, as the other keys say", value=sparse)
        )
