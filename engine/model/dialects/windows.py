"""Which layers attend to a sliding window only, from the several ways that configs say it."""

from __future__ import annotations

from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.keys import Keys
from engine.words.messages import say

SLIDING = {"sliding_attention", "local", "local_attention", "chunked_attention", "swa"}
FULL = {"full_attention", "global", "global_attention", "attention"}


def window_size(keys: Keys, *names: str) -> int | None:
    """The window in tokens; None when null, absent or 0."""
    size = keys.optional_integer(*(names or ("sliding_window", "sliding_window_size")))
    return size or None


def layer_windows(
    keys: Keys, layers: int, window: int | None, pattern: list[bool]
) -> list[int | None]:
    """Windows from ``layer_types`` when the file has it, else from ``pattern`` (True: sliding)."""
    types = keys.texts("layer_types")
    if types is None:
        return [window if sliding else None for sliding in pattern]
    return [window if sliding else None for sliding in sliding_layers(keys, types, layers)]


def sliding_layers(keys: Keys, types: list[str], layers: int) -> list[bool]:
    """``layer_types`` as flags; raises `InputError` for a wrong length or an unknown type."""
    for kind in types:
        if kind not in SLIDING | FULL:
            known = ", ".join(sorted(SLIDING | FULL))
            raise keys.problem("layer_types", kind, say("one of {names}", names=known))
    return [kind in SLIDING for kind in one_per_layer(keys, "layer_types", types, layers)]


def every_nth_full(layers: int, period: int) -> list[bool]:
    """True (sliding) except for every ``period``-th layer, counting from 1."""
    return [bool((index + 1) % period) for index in range(layers)]
