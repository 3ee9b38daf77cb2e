"""Values of quantisation configs, read with their bounds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.words.errors import InputError
from engine.words.text import clean

Config = Mapping[str, Any]
LARGEST = 1 << 20
"""No group or block of weights that shares a scale is larger."""
OVERRIDE = "--set quantization_config=null with --weights FORMAT overrides it"


def section(config: Config, key: str) -> Config:
    """A nested mapping; empty when null or absent. Raises `InputError`."""
    value = config.get(key)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise problem(key, value, "a mapping")


def problem(key: str, value: object, expected: str) -> InputError:
    """The error for a bad value of ``key``."""
    return InputError(f"{key}: found {clean(repr(value), 60)}, expected {expected}")


def names(value: object) -> tuple[str, ...]:
    """The texts of a list, none when it is null or absent; raises `InputError`."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise problem("quantization_config: modules", value, "a list of names")
    return tuple(name for name in value if isinstance(name, str))


def number(found: Config, key: str, otherwise: int) -> int:
    """A count, or -1 for "all"; null is not given. Raises `InputError`."""
    value = found.get(key)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int) or not -1 <= value <= LARGEST:
        raise problem(f"quantization_config.{key}", value, f"a whole number up to {LARGEST}")
    if value == 0:
        raise problem(f"quantization_config.{key}", value, "a whole number above 0, or -1 for all")
    return value


def block_size(found: Config, key: str) -> int:
    """Weights that share one scale in two-dimensional blocks; 0 where there are none."""
    block = found.get(key)
    if block is None:
        return 0
    if isinstance(block, str) and re.fullmatch(r"\d{1,7}x\d{1,7}", block):
        block = [int(side) for side in block.split("x")]
    sides = block if isinstance(block, list) and len(block) == 2 else ()
    if not sides or not all(type(side) is int and 0 < side <= LARGEST for side in sides):
        raise problem(f"quantization_config.{key}", block, "two whole numbers, as [128, 128]")
    return int(sides[0] * sides[1])


def text(found: Config, key: str) -> str:
    """A text in lower case, empty when null or absent; raises `InputError`."""
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise problem(f"quantization_config.{key}", value, "text")
    return value.lower()


def one_of(key: str, found: object, known: Iterable[str]) -> InputError:
    """The error for a name that is none of the ``known`` ones, with the nearest of them."""
    names_known = sorted(known)
    near = difflib.get_close_matches(str(found).lower(), names_known, 1, 0.4)
    nearest = f" (nearest: {near[0]})" if near else ""
    return InputError(
        f"{key}: found {clean(str(found), 60)!r}, expected one of {', '.join(names_known)}"
        f"{nearest}; {OVERRIDE}"
    )
