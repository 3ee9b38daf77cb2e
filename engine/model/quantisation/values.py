"""Values of quantisation configs, read with their bounds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest

Config = Mapping[str, Any]
LARGEST = 1 << 20
"""No group or block of weights that shares a scale is larger."""
MOST_NAMED = 12
"""Names that a message lists: its line stays readable."""
OVERRIDE = "--set quantization_config=null with --weights FORMAT overrides it"


def section(config: Config, key: str) -> Config:
    """A nested mapping; empty when null or absent. Raises `InputError`."""
    value = config.get(key)
    if value is None or isinstance(value, Mapping):
        return value or {}
    raise problem(key, value, "a mapping")


def problem(key: str, value: object, expected: str) -> InputError:
    """The error for a bad value of ``key``."""
    return InputError(
        say(
            "{key}: found {value}, expected {expected}",
            key=key,
            value=clean(repr(value), 60),
            expected=expected,
        )
    )


EXCLUSIONS = (
    "modules_to_not_convert",
    "ignored_layers",
    "ignore",
    "exclude",
    "exclude_modules",
    "skip_modules",
    "llm_int8_skip_modules",
    "targets",
)
"""Keys that list modules, in whatever dialect."""


def check_words(found: Config) -> None:
    """Refuse by name what no dialect means: lists of modules that are none, ways of scaling and
    formats that do not exist. Raises `InputError`."""
    for key in EXCLUSIONS:
        value = found.get(key)
        listed = isinstance(value, list) and all(isinstance(name, str) for name in value)
        if value is not None and not listed:
            raise problem(f"quantization_config.{key}", value, "a list of module names")
    for key, known in _WORDS.items():
        value = found.get(key)
        if value is not None and value not in known:
            expected = f"one of {', '.join(known)}; {OVERRIDE}"
            raise problem(f"quantization_config.{key}", value, expected)


_WORDS = {
    "fmt": ("e4m3", "e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2"),
    "activation_scheme": ("dynamic", "static"),
    "scale_fmt": ("ue8m0", "float", "float32", "fp32"),
}


def names(value: object) -> tuple[str, ...]:
    """The texts of a list; none where it is null or absent. Raises `InputError`."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise problem("quantization_config", value, "a list of module names")
    return tuple(value)


def number(found: Config, key: str, otherwise: int) -> int:
    """A count, or -1 for "all"; null is not given."""
    value = found.get(key)
    if value is None:
        return otherwise
    countable = type(value) is int and (value == -1 or 1 <= value <= LARGEST)
    if not countable:
        expected = f"a whole number from 1 to {LARGEST}, or -1 for all"
        raise problem(f"quantization_config.{key}", value, expected)
    return int(value)


def block_size(found: Config, key: str) -> int:
    """Weights that share one scale in two-dimensional blocks; 0 where there are none."""
    block = found.get(key)
    if block is None:
        return 0
    if isinstance(block, str) and re.fullmatch(r"\d{1,7}x\d{1,7}", block, re.ASCII):
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
    """The error for a name that is none of the ``known`` ones, with the nearest of them; of many
    those that are most like it."""
    every, asked = sorted(known), clean(str(found), 60).lower()
    near = closest(asked, every, 1, 0.4)
    nearest = f" (nearest: {near[0]})" if near else ""
    told = sorted(closest(asked, every, MOST_NAMED, 0.0))
    more = len(every) - len(told)
    names_known = ", ".join(told) + (say(" and {more} more", more=more) if more else "")
    return InputError(
        say(
            "{key}: found {found!r}, expected one of {names_known}{nearest}; {OVERRIDE}",
            key=key,
            found=clean(str(found), 60),
            names_known=names_known,
            nearest=nearest,
            OVERRIDE=OVERRIDE,
        )
    )
