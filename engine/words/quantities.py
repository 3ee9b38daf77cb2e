"""Quantities as sentences say them: times, rates, memory."""

from __future__ import annotations

import math

GIB = float(1 << 30)


def duration(milliseconds: float) -> str:
    """A time for a sentence: ``41.2 ms``, ``1.23 s``, ``12 min``."""
    if not math.isfinite(milliseconds):
        return "–"
    if milliseconds < 10:
        return f"{milliseconds:.2f} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.1f} ms"
    if milliseconds < 100_000:
        return f"{milliseconds / 1000:.2f} s"
    return f"{milliseconds / 60_000:.1f} min"


def duration_beyond(milliseconds: float, limit: float) -> str:
    """As `duration`, with as many digits as tell it from the ``limit`` that it misses."""
    text = duration(milliseconds)
    if text != duration(limit) or not math.isfinite(milliseconds):
        return text
    finer = (f"{milliseconds:.{digits}f}" for digits in range(2, 7))
    return next((f"{one} ms" for one in finer if float(one) > limit), text)


def rate(value: float) -> str:
    """A throughput for a sentence: ``1,934`` or ``12.3``."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def memory_amount(gibibytes: float) -> str:
    """Memory for a sentence: ``12.3 GiB``, ``0.42 GiB``, ``7 MiB``."""
    if gibibytes >= 10:
        return f"{gibibytes:.1f} GiB"
    return f"{gibibytes:.2f} GiB" if gibibytes >= 0.1 else f"{max(gibibytes * 1024, 1):.0f} MiB"
