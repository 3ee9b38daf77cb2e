"""What a translation gives, and the parts that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


@dataclass(frozen=True, slots=True)
class Translated:
    """A config in transformers' words, and what the reader should know about it."""

    config: dict[str, Any]
    note: str


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """``values`` with the keys that ``names`` knows under their other name."""
    return {names.get(key, key): value for key, value in values.items()}


def whole(values: Mapping[str, Any], key: str) -> int:
    """A whole number above 0; raises `InputError`."""
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 1 << 40:
        raise InputError(
            say(
                "{key}: found {value}, expected a whole number",
                key=key,
                value=clean(repr(value), 60),
            )
        )
    return value


def unknown(key: str, value: object, expected: str) -> InputError:
    """The error for a value that has no counterpart."""
    return InputError(
        say(
            "{key}: found {value}, expected {expected}",
            key=key,
            value=clean(repr(value), 80),
            expected=expected,
        )
    )
