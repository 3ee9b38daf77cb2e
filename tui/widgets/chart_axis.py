"""Axes with round ticks: 1, 2, 5 times a power of ten, linear or logarithmic. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.words.arrays import FloatArray

_EDGE = 1e-9
_LEAST, _MOST = 1e-30, 1e30
"""What numbers of an axis lie between; logarithmic ones, the first."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values; ``unit`` is written at the end of a horizontal axis. One without an
    extent, or that is none, is widened: values that are all alike are drawn, too."""

    low: float
    high: float
    log: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        least = _LEAST if self.log else 0.0
        if not least <= self.low <= _MOST:
            object.__setattr__(self, "low", 1.0 if self.log else 0.0)
        if not self.low < self.high <= _MOST or self._span < _LEAST:
            object.__setattr__(self, "high", self.low * 10.0 if self.log else self.low + 1.0)

    @property
    def _span(self) -> float:
        return math.log(self.high / self.low) if self.log else self.high - self.low

    def share(self, values: FloatArray) -> FloatArray:
        """Where values stand between ``low`` (0) and ``high`` (1)."""
        with np.errstate(all="ignore"):
            given = np.asarray(values, dtype=float)
            from_low = np.log(given / self.low) if self.log else given - self.low
            return np.asarray(from_low / self._span)

    def to_a_tick(self, most: int) -> Axis:
        """The same axis up to the next tick, or half way to it where that is enough."""
        if self.log:
            return self
        half = nice_step(self.high - self.low, max(most - 1, 1)) / 2
        return replace(self, high=half * math.ceil(self.high / half - _EDGE))

    def ticks(self, most: int) -> tuple[float, ...]:
        """At most ``most`` round values from ``low`` to ``high``."""
        return self._log_ticks(most) if self.log else self._linear_ticks(most)

    def _linear_ticks(self, most: int) -> tuple[float, ...]:
        step = nice_step(self.high - self.low, max(most - 1, 1))
        first = math.ceil(self.low / step - _EDGE)
        last = math.floor(self.high / step + _EDGE)
        return tuple(round(place * step, 12) for place in range(first, last + 1))[:most]

    def _log_ticks(self, most: int) -> tuple[float, ...]:
        first = math.floor(math.log10(self.low))
        last = math.ceil(math.log10(self.high))
        for factors in ((1, 2, 5), (1,)):
            values = [
                factor * 10.0**power for power in range(first, last + 1) for factor in factors
            ]
            inside = [
                one
                for one in values
                if self.low <= one * (1 + _EDGE) and one <= self.high * (1 + _EDGE)
            ]
            if len(inside) <= most:
                return tuple(inside)
        stride = math.ceil(len(inside) / max(most, 1))
        return tuple(inside[::stride])


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10ⁿ that divides ``span`` into at most ``most`` parts."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= rough * (1 - _EDGE):
            return factor * power
    return 10.0 * power


def decades(low: float, high: float, unit: str = "") -> Axis:
    """A logarithmic axis from a round value at or below ``low`` to one at or above ``high``."""
    return Axis(_round_down(low), _round_up(high), log=True, unit=unit)


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value) + _EDGE)
    return max(factor * power for factor in (1, 2, 5) if factor * power <= value * (1 + _EDGE))


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value) + _EDGE)
    return min(factor * power for factor in (1, 2, 5, 10) if factor * power >= value * (1 - _EDGE))


def tick_text(value: float) -> str:
    """A tick as short as it can be: ``0``, ``0.05``, ``200``, ``5k``, ``20M`` (powers of 1000)."""
    if value == 0:
        return "0"
    for size, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == 'k' else size):.6g}{suffix}"
    return f"{value:.6g}"
