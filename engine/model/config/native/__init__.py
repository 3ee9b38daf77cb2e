"""Configs in a lab's own words, in transformers' words instead.

Mistral and Meta publish ``params.json``, DeepSeek ``inference/configs/config_671B.json``; they hold
all that is needed, under other names. Keys that are not known here keep their name, so that the
dialect refuses what changes bytes or FLOPs.
"""

from __future__ import annotations

from typing import Any

from engine.model.config.native.deepseek import DEEPSEEK, from_deepseek
from engine.model.config.native.meta import META, from_meta
from engine.model.config.native.mistral import MISTRAL, from_mistral
from engine.model.config.native.translated import Translated

_NOT_THEIRS = ("hidden_size", "architectures", "num_hidden_layers")


def from_native(values: dict[str, Any]) -> Translated | None:
    """The same model in transformers' words, or None when the file is none of these. Raises
    `InputError` for a value that cannot be carried over."""
    if any(key in values for key in _NOT_THEIRS) or values.get("model_type", "") not in (
        "",
        "transformer",
    ):
        return None
    if values.keys() >= DEEPSEEK:
        return from_deepseek(values)
    if values.keys() >= MISTRAL:
        return from_mistral(values)
    return from_meta(values) if values.keys() >= META else None


__all__ = ["Translated", "from_native"]
