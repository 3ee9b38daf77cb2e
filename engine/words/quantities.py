"""Quantities as sentences say them: times, rates, memory."""

from __future__ import annotations

import math

from engine.words.messages import say

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


def duration_within(
    milliseconds: float, share: float | None = None, limit: float | None = None
) -> str:
    """A time with its range, a ``share`` of it, and the limit that it is to keep, all in one unit:
    ``49.9 ± 7 of 50 ms``."""
    if not math.isfinite(milliseconds):
        return "–"
    number, unit = duration(milliseconds).split(" ")
    scale = {"ms": 1.0, "s": 1e3, "min": 6e4}[unit]
    if share is not None and 100 <= milliseconds < 1000:
        number = f"{milliseconds:.0f}"
    within = "" if share is None else f" ± {spread(milliseconds / scale * share)}"
    if limit is None:
        return f"{number}{within} {unit}"
    return say(
        "{number} of {limit:,g} {unit}", number=number + within, limit=limit / scale, unit=unit
    )


def rate_within(value: float, share: float | None = None) -> str:
    """A throughput with its range, a ``share`` of it: ``244 ± 34``."""
    within = "" if share is None or not math.isfinite(value) else f" ± {spread(value * share)}"
    return f"{rate(value)}{within}"


def spread(value: float) -> str:
    """A range in as many digits as it deserves: two where the first is small, else one (the rule of
    the Particle Data Group): ``34``, ``7``, ``0.26``."""
    if not math.isfinite(value) or value <= 0:
        return "0"
    place = math.floor(math.log10(value))
    digits = 2 if value < 3.55 * 10.0**place else 1
    decimals = digits - 1 - place
    return f"{round(value, decimals):,.{max(decimals, 0)}f}"


def duration_beyond(milliseconds: float, limit: float) -> str:
    """As `duration`, with as many digits as tell it from the ``limit`` that it misses."""
    text = duration(milliseconds)
    if text != duration(limit) or not math.isfinite(milliseconds):
        return text
    finer = (f"{milliseconds:.{digits}f}" for digits in range(2, 7))
    return next((f"{one} ms" for one in finer if float(one) > limit), text)


def dollars(value: float) -> str:
    """Money for a sentence: ``$ 0.43``, ``$ 1,204``."""
    if not math.isfinite(value):
        return "–"
    return (
        f"$ {value:,.0f}"
        if value >= 1000
        else f"$ {value:.2f}"
        if value >= 0.1
        else f"$ {value:.3g}"
    )


def joules(value: float) -> str:
    """Energy for a sentence: ``0.43 J``."""
    return f"{value:,.3g} J" if math.isfinite(value) else "–"


def rate(value: float) -> str:
    """A throughput for a sentence: ``1,934`` or ``12.3``."""
    if not math.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def per_second(rate: float) -> str:
    """A rate for a sentence, of three digits: ``12``, ``0.25``."""
    return f"{rate:,.0f}" if rate >= 1000 else f"{rate:.3g}"


def batch_words(batch: int, replicas: int) -> str:
    """A batch, and what is in flight in all where that is more: ``batch 98 (196 in flight)``."""
    together = say(" ({batch:,} in flight)", batch=batch * replicas) if replicas > 1 else ""
    return say("batch {batch}{together}", batch=batch, together=together)


def replicas_words(replicas: int) -> str:
    """``1 replica``, ``9 replicas``."""
    return say("1 replica") if replicas == 1 else say("{replicas:,} replicas", replicas=replicas)


def chips_words(chips: float) -> str:
    """``1 chip``, ``12 chips``."""
    return say("1 chip") if round(chips) == 1 else say("{chips:,.0f} chips", chips=chips)


def requests_words(requests: int) -> str:
    """``1 request``, ``10,000 requests``."""
    return say("1 request") if requests == 1 else say("{requests:,} requests", requests=requests)


def memory_amount(gibibytes: float) -> str:
    """Memory for a sentence: ``12.3 GiB``, ``0.42 GiB``, ``7 MiB``."""
    if gibibytes >= 10:
        return f"{gibibytes:.1f} GiB"
    return f"{gibibytes:.2f} GiB" if gibibytes >= 0.1 else f"{max(gibibytes * 1024, 1):.0f} MiB"
