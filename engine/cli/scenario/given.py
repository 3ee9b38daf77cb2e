"""What the text of one option says, or the value it has otherwise; each raises `InputError`."""

from __future__ import annotations

import json
from typing import TypeVar

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_count, parse_ratio, parse_whole

Count = TypeVar("Count", int, int | None)
Ratio = TypeVar("Ratio", float, float | None)

_FORMATS_BY_BITS = {"32": "fp32", "16": "bf16", "8": "fp8", "6": "fp6", "4": "int4", "3": "int3"}


def format_given(text: str | None) -> str:
    """A format by its name or its bits; empty where nothing is said."""
    return "" if text is None else _FORMATS_BY_BITS.get(text, text)


def name_given(text: str | None, what: str, otherwise: str) -> str:
    """The name of something; nothing is none."""
    if text is not None and not text.strip():
        raise InputError(say("--{what}: found nothing, expected the name of a {what}", what=what))
    return otherwise if text is None else text.strip()


def count_given(text: str | None, what: str, otherwise: Count) -> Count:
    """A whole number from 1, as 4096 or 4K."""
    return otherwise if text is None else parse_count(text, f"--{what}")


def whole_given(text: str | None, what: str, otherwise: Count, low: int, high: int) -> Count:
    """A whole number from ``low`` to ``high``."""
    return otherwise if text is None else parse_whole(text, f"--{what}", low, high)


def ratio_given(text: str | None, what: str, otherwise: Ratio, low: float, high: float) -> Ratio:
    """A number from ``low`` to ``high``."""
    return otherwise if text is None else parse_ratio(text, f"--{what}", low, high)


def degrees_given(text: str | None, what: str, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    """Degrees between commas."""
    if text is None:
        return otherwise
    return tuple(parse_count(part, f"--{what}") for part in text.split(","))


def edit_given(text: str) -> tuple[str, object]:
    """A config key and its value: JSON, or else the text."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError(say("--set: found {text!r}, expected KEY=VALUE", text=clean(text, 60)))
    try:
        return key.strip(), json.loads(value)
    except json.JSONDecodeError:
        return key.strip(), value
    except (ValueError, RecursionError):
        # Python refuses numbers of thousands of digits and nesting of thousands of levels.
        raise InputError(
            say("--set {key}: too long or too deep a value", key=clean(key.strip(), 60))
        ) from None
