"""Limits of metrics as they are typed and said, each in its unit."""

from __future__ import annotations

import math

from engine.plan.metrics import Metric, Unit
from engine.words.errors import InputError
from engine.words.quantities import dollars, duration, duration_beyond, joules
from engine.words.text import clean
from engine.words.units import parse_decimal, parse_milliseconds

LARGEST = 1e9


def parse_limit(metric: Metric, text: str, what: str) -> float:
    """A limit as a person types it: a time, or an amount above 0; raises `InputError`."""
    if metric.unit is Unit.MILLISECONDS:
        return parse_milliseconds(text, what)
    value = parse_decimal(text.strip().removeprefix("$"))
    if 0 < value <= LARGEST:
        return value
    unit = "dollars" if metric.unit is Unit.DOLLARS else "joules"
    raise InputError(f"{what}: found {clean(text, 40)!r}, expected {unit} above 0")


def amount(metric: Metric, value: float) -> str:
    """A value of a metric that can be limited, for a sentence: ``1.20 s``, ``$ 0.43``."""
    if metric.unit is Unit.DOLLARS:
        return dollars(value)
    return joules(value) if metric.unit is Unit.JOULES else duration(value)


def amount_beyond(metric: Metric, value: float, limit: float) -> str:
    """As `amount`, with as many digits as tell it from the ``limit`` that it misses."""
    if metric.unit is Unit.MILLISECONDS:
        return duration_beyond(value, limit)
    text = amount(metric, value)
    if text != amount(metric, limit) or not math.isfinite(value):
        return text
    return text.replace(
        text.split()[-1] if text.startswith("$") else text.split()[0], f"{value:.6g}"
    )


def plain(metric: Metric, value: float) -> str:
    """A limit as short as it is typed: ``50 ms``, ``$2``, ``0.5 J``."""
    if metric.unit is Unit.DOLLARS:
        return f"${value:g}"
    return f"{value:g} {metric.unit.value}"
