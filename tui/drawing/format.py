"""Numbers as fixed-width text. A number is never cut: what does not fit gets another unit."""

from __future__ import annotations

import math

from engine.plan.metrics.metric import Metric, Unit
from engine.words.messages import say

ABSENT = "–"


def milliseconds(value: float) -> str:
    """A time in ms with three to four digits; seconds from 100,000 ms on."""
    if not math.isfinite(value):
        return ABSENT
    if value < 10:
        return f"{value:.2f}"
    if value < 100:
        return f"{value:.1f}"
    if value < 100_000:
        return f"{value:,.0f}"
    return f"{value / 1000:,.0f}s"


def rate(value: float) -> str:
    """A throughput with at least three digits."""
    if not math.isfinite(value):
        return ABSENT
    if value >= 1_000_000:
        return f"{value / 1e6:,.2f}M"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def gibibytes(value: float) -> str:
    """Memory in GiB."""
    if not math.isfinite(value):
        return ABSENT
    return f"{value:.1f}" if value < 10_000 else f"{value:,.0f}"


def count(value: int) -> str:
    """A token count as people write it: ``4K`` for 4096, else plain."""
    return f"{value // 1024}K" if value >= 1024 and value % 1024 == 0 else str(value)


def limit(value: float | None) -> str:
    """A limit in ms, or a word for none."""
    return "none" if value is None else f"{value:g}"


def change(now: float, before: float) -> str:
    """A relative change: ``+12 %``, ``−3.4 %``."""
    if not (math.isfinite(now) and math.isfinite(before)) or before == 0:
        return ABSENT
    percent = 100.0 * (now / before - 1.0)
    if abs(percent) < 0.05:
        return "="
    text = f"{abs(percent):.0f}" if abs(percent) >= 10 else f"{abs(percent):.1f}"
    return f"{'+' if percent > 0 else '−'}{text}%"


def share(value: float) -> str:
    """A share as whole percent."""
    return f"{100 * value:.0f}%"


def counted(label: str, samples: str) -> str:
    """A label of images as one of what the model counts: encoders of text read sequences."""
    if samples == "sequences":
        label = label.replace("images", "seqs").replace("img", "seq")
    return say(label)


def _three_digits(value: float) -> str:
    return f"{value:,.3g}" if math.isfinite(value) else "–"


_BY_UNIT = {
    Unit.MILLISECONDS: milliseconds,
    Unit.PER_SECOND: rate,
    Unit.GIBIBYTES: gibibytes,
    Unit.PERCENT: _three_digits,
    Unit.REQUESTS: rate,
    Unit.DOLLARS: _three_digits,
    Unit.JOULES: _three_digits,
}


def beyond(metric: Metric, value: float, limit: float | None) -> str:
    """A metric's number with as many digits as tell it from a ``limit`` that it misses: 10.02
    where 10.0 would read as kept."""
    text = metric_text(metric, value)
    if limit is None or not math.isfinite(value) or value <= limit or value >= 100_000:
        return text
    digits = len(text.partition(".")[2])
    while digits < 6 and float(text.replace(",", "")) <= limit:
        digits += 1
        text = f"{value:,.{digits}f}"
    return text


def metric_text(metric: Metric, value: float) -> str:
    """A metric's number, as its unit is written."""
    return _BY_UNIT[metric.unit](value)
