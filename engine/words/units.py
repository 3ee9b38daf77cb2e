"""Numbers as people type them: ``4K`` tokens, ``1.5s``, ``70B`` parameters."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_TOKENS = re.compile(r"(\d+(?:\.\d+)?)\s*([kKmM]?)", re.ASCII)
# Without ASCII, ignoring case would take ſ for s and ı for i, which no table holds.
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(us|µs|μs|ms|s|min)?", re.IGNORECASE | re.ASCII)
_MILLISECONDS = {"us": 1e-3, "µs": 1e-3, "μs": 1e-3, "ms": 1.0, "s": 1e3, "min": 6e4}
"""The micro sign and the Greek letter look the same, and keyboards have either."""
_PER = {"s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
"""Seconds of what a rate is counted in."""
_RESOLUTION = re.compile(r"(\d{1,5})\s*[xX×]\s*(\d{1,5})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)

LARGEST_COUNT = 100_000_000
LARGEST_INSTANCES = 64
"""Copies of a vision model on one chip."""


def parse_count(text: str, what: str = "number") -> int:
    """A count such as ``4096``, ``4K`` (4096) or ``1M`` (1048576); raises `InputError`."""
    match = _TOKENS.fullmatch(text.strip())
    if match:
        scale = {"": 1, "k": 1024, "m": 1024 * 1024}[match[2].lower()]
        value = float(match[1]) * scale
        if 1 <= value <= LARGEST_COUNT and value == int(value):
            return int(value)
    raise InputError(
        say(
            "{what}: found {text!r}, expected a whole number from 1 to "
            "{LARGEST_COUNT:,}, as 4096 or 4K",
            what=what,
            text=clean(text, 40),
            LARGEST_COUNT=LARGEST_COUNT,
        )
    )


def parse_per_second(text: str, what: str, low: float, high: float) -> float:
    """A rate per second, also as ``20/s``, ``300/min`` or ``9000/h``; raises `InputError`."""
    number, slash, unit = text.strip().lower().partition("/")
    value = parse_decimal(number) / (_PER.get(unit.strip(), math.nan) if slash else 1.0)
    if low <= value <= high:
        return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected requests per second from {low:g} to {high:g}, "
            "as 20, or 300/min",
            what=what,
            text=clean(text, 40),
            low=low,
            high=high,
        )
    )


def parse_whole(text: str, what: str, low: int, high: int) -> int:
    """A whole number between ``low`` and ``high``; raises `InputError`."""
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) < 10:
        value = int(stripped)
        if low <= value <= high:
            return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected a whole number from {low} to {high}",
            what=what,
            text=clean(text, 40),
            low=low,
            high=high,
        )
    )


def parse_instances(text: str, what: str = "instances") -> int:
    """Copies of a model on one chip; raises `InputError`."""
    value = parse_count(text, what)
    if value > LARGEST_INSTANCES:
        raise InputError(
            say(
                "{what}: found {value}, expected at most {LARGEST_INSTANCES}",
                what=what,
                value=value,
                LARGEST_INSTANCES=LARGEST_INSTANCES,
            )
        )
    return value


_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([kKmMbBtT])", re.ASCII)
_SCALES = {"k": 1024, "m": 1024**2, "b": 10**9, "t": 10**12}


def parse_quantity(text: str) -> int | float | None:
    """A number with a suffix: ``4K`` and ``1M`` by powers of 1024 as token counts are, ``70B``
    and ``1.5T`` by powers of 1000 as parameter counts are; None for anything else, and for what
    is larger than any number a computer calculates with."""
    match = _QUANTITY.fullmatch(text.strip())
    if not match:
        return None
    value = float(match[1]) * _SCALES[match[2].lower()]
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value


def parse_milliseconds(text: str, what: str = "time") -> float:
    """A time in milliseconds: ``50``, ``50ms``, ``1.5s``; raises `InputError`."""
    match = _TIME.fullmatch(text.strip())
    if match:
        value = float(match[1]) * _MILLISECONDS[(match[2] or "ms").lower()]
        if value > 0 and math.isfinite(value) and value <= 1e12:
            return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected a time above 0, as 50, 50ms or 1.5s",
            what=what,
            text=clean(text, 40),
        )
    )


def parse_resolution(text: str) -> tuple[int, int]:
    """``224x224`` as (width, height); raises `InputError`."""
    match = _RESOLUTION.fullmatch(text.strip())
    if match and int(match[1]) and int(match[2]):
        return int(match[1]), int(match[2])
    raise InputError(
        say("resolution: found {text!r}, expected width x height, as 224x224", text=clean(text, 40))
    )


def parse_decimal(text: str) -> float:
    """A number in ASCII digits, as ``1``, ``-0.5`` or ``1e-3``; NaN for anything else.

    Python itself reads ``1_0``, digits of every script, ``nan`` and ``inf`` as numbers, which
    nobody means to write.
    """
    stripped = text.strip()
    value = float(stripped) if _DECIMAL.fullmatch(stripped) else math.nan
    return value if math.isfinite(value) else math.nan


def parse_percent(text: str, what: str, low: float, high: float) -> float:
    """A percentage between ``low`` and ``high``: ``80`` or ``80%``; raises `InputError`."""
    value = parse_decimal(text.strip().removesuffix("%"))
    if low <= value <= high:
        return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected a percentage from {low:g} to {high:g}",
            what=what,
            text=clean(text, 40),
            low=low,
            high=high,
        )
    )


MOST_POSITIONS = 64
"""Draft tokens of a step."""


def parse_kept(text: str, what: str) -> tuple[float, ...]:
    """Shares kept by position as ``0.81/0.62/0.4``, each of all steps, so that none is larger than
    the one before; raises `InputError`."""
    parts = [part for part in re.split(r"[/,;\s]+", text.strip()) if part]
    shares = tuple(parse_ratio(part, what, 0, 1) for part in parts)
    if not shares or not shares[0] or len(shares) > MOST_POSITIONS or _rises(shares):
        raise InputError(
            say(
                "{what}: found {text}, expected the share of the steps that keep each position, as "
                "0.8/0.6/0.4, none larger than the one before",
                what=what,
                text=clean(text, 80),
            )
        )
    return shares


def _rises(shares: Sequence[float]) -> bool:
    return any(later > before for before, later in pairwise(shares))


def kept_text(shares: Sequence[float]) -> str:
    """As `parse_kept` reads it."""
    return "/".join(f"{share:.4g}" for share in shares)


def parse_ratio(text: str, what: str, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, ``80%`` for 0.8; raises `InputError`."""
    number, percent, rest = text.strip().partition("%")
    value = math.nan if rest else parse_decimal(number) / (100.0 if percent else 1.0)
    if low <= value <= high:
        return value
    raise InputError(
        say(
            "{what}: found {text!r}, expected a number from {low:g} to {high:g}",
            what=what,
            text=clean(text, 40),
            low=low,
            high=high,
        )
    )
