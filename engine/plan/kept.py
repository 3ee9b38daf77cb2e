"""Which rows keep their limits by more than their figures may be off, and how certainly."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.plan.metrics.table import LIMITED, NOTHING, Verdict
from engine.plan.ranges.certainty import Spread, room, spread_of
from engine.plan.results import Table
from engine.scenario import Objectives
from engine.words.arrays import BoolArray, FloatArray, IntArray

MEETS, NEAR, MISSES = "✓", "≈", "✗"
"""A row keeps every limit, a limit lies inside the range of its figure, it misses."""


def is_near(table: Table, objectives: Objectives, rows: IntArray) -> BoolArray:
    """Of which ``rows`` some limit lies within the range of two of three around its figure, while
    no other is missed beyond its own: measured, they may turn out either way."""
    inside, beyond = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    for own, spread, rooms in _rooms(table, objectives, rows):
        reach = 0.0 if spread is None else spread.range
        with np.errstate(invalid="ignore"):
            near = (np.abs(rooms) <= reach) & (spread is not None)
            inside |= own & near
            beyond |= own & (rooms < -reach)
    return table.fits[rows] & inside & ~beyond


def certainty_percent(table: Table, objectives: Objectives, rows: IntArray) -> FloatArray:
    """Percent of certainty with which ``rows`` keep the limit that is least certain; of figures
    that were never compared 0 or 100. NaN without limits, and where a row is not served."""
    least = np.full(len(rows), np.nan)
    for own, spread, rooms in _rooms(table, objectives, rows):
        kept = np.where(rooms >= 0, 100.0, 0.0) if spread is None else spread.certainty(rooms)
        least = np.where(own, np.fmin(least, kept), least)
    return np.where(table.fits[rows], least, np.nan)


def glyph_of(table: Table, objectives: Objectives, row: int) -> str:
    """`MEETS`, `NEAR` or `MISSES`."""
    return glyphs_of(table, objectives, np.array([row]))[0]


def glyphs_of(table: Table, objectives: Objectives, rows: IntArray) -> list[str]:
    """The glyph of each of ``rows``."""
    near = is_near(table, objectives, rows)
    glyphs: list[str] = np.where(near, NEAR, np.where(table.meets[rows], MEETS, MISSES)).tolist()
    return glyphs


def never_compared(table: Table, objectives: Objectives, row: int) -> list[str]:
    """The limited metrics of a row whose figures nobody has compared with measurements."""
    accuracy = table.accuracy(row)
    return [
        metric.name
        for metric, _ in LIMITED
        if metric.limit_in(objectives) is not None
        and metric.id in table.metrics
        and spread_of(accuracy, metric) is None
    ]


def missed_for_certainty(table: Table, objectives: Objectives, row: int) -> bool:
    """Whether a row's figure keeps the limit that it misses, only not as certainly as asked."""
    verdict: Verdict = table.verdict(row)
    if verdict is NOTHING or verdict.metric is None:
        return False
    limit = verdict.metric.limit_in(objectives)
    assert limit is not None
    return verdict.metric.keeps(table.value(row, verdict.metric.id), limit)


def _rooms(
    table: Table, objectives: Objectives, rows: IntArray
) -> Iterator[tuple[BoolArray, Spread | None, FloatArray]]:
    """For every limit and case: which of ``rows`` are of it, how far off its figures are, and the
    room of all of them to the limit."""
    cases = table.case_index[rows]
    for metric, _ in LIMITED:
        limit = metric.limit_in(objectives)
        if limit is None or metric.id not in table.metrics:
            continue
        rooms = room(metric, table.figures_of(rows, metric.id)[metric.id], limit)
        if table.one_token and not np.any(np.isfinite(rooms)):
            continue
        for place, accuracy in enumerate(table.accuracies):
            own = cases == place
            if np.any(own):
                yield own, spread_of(accuracy, metric), rooms
