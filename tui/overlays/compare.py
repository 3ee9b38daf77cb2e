"""Marked rows and saved plans side by side, the best of each line marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.plan.metrics.metric import Better, Metric
from engine.plan.metrics.table import METRICS
from engine.words.messages import listed, retold, say
from engine.words.quantities import spread
from tui.drawing.format import counted, metric_text
from tui.drawing.lines import Line, Run, cells, fit, line, right
from tui.drawing.styles import BAD, BEST, BOLD, CURSOR, DIM, GOOD, PLAIN, TITLE
from tui.session.changes import changed_values
from tui.session.pinned import Pinned

_METRICS = sorted(METRICS, key=lambda one: (one.better is Better.LOWER, one.rank))
"""Rates first, what ranks in front."""
_LABEL = 14
_COLUMN = (12, 22)
"""Least and most cells of a column."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: the columns, and which of them the cursor is in."""

    columns: tuple[Pinned, ...]
    cursor: int = 0


@dataclass(frozen=True, slots=True)
class _Fact:
    """One line: its label and each column's text; ``best`` are the columns with the best."""

    label: str
    texts: tuple[str, ...]
    best: frozenset[int] = frozenset()
    words: bool = False


def letter(place: int) -> str:
    """What a column is called."""
    return chr(ord("A") + place)


def compare_lines(comparison: Comparison, width: int) -> list[Line]:
    """Everything in ``width`` cells; columns that have no room are named, and come into sight
    with the cursor."""
    columns = comparison.columns
    lines: list[Line] = []
    for place, one in enumerate(columns):
        origin = f"  ({one.source})" if one.source else ""
        glyph: Run = ("✗ ", BAD) if one.verdict else ("✓ ", GOOD)
        lines.append(
            line(
                (f" {letter(place)} ", BOLD),
                glyph,
                (f"{one.name}{origin} ", PLAIN),
                (retold(one.verdict), DIM),
            )
        )
    facts = [*_metric_facts(columns), *_choice_facts(columns)]
    differing = _scenario_facts(columns)
    size = _column_width((*facts, *differing))
    shown = _in_sight(len(columns), comparison.cursor, max((width - _LABEL - 2) // size, 1))
    hidden = [letter(place) for place in range(len(columns)) if place not in shown]
    words = say(" no room for {hidden}; ← → brings them", hidden=listed(hidden)) if hidden else ""
    lines += [line((words, DIM)), _head(comparison, shown, size)]
    lines += [_fact_line(fact, shown, size) for fact in facts]
    if differing:
        lines += [line(""), line((say(" what differs"), TITLE))]
        lines += [_fact_line(fact, shown, size) for fact in differing]
    if len(columns) == 1:
        words = say(" alone: space marks rows in the table, o adds a saved plan")
        lines += [line(""), line((words, DIM))]
    return lines


def _in_sight(count: int, cursor: int, room: int) -> range:
    first = max(0, min(cursor - room // 2, count - room))
    return range(first, min(first + room, count))


def _column_width(facts: Sequence[_Fact]) -> int:
    widest = max(
        (cells(text) + (4 if fact.best else 2) for fact in facts for text in fact.texts), default=0
    )
    return min(max(widest, _COLUMN[0]), _COLUMN[1])


def _head(comparison: Comparison, shown: range, size: int) -> Line:
    runs: list[Run] = [(" " * (_LABEL + 1), TITLE)]
    for place in shown:
        here = place == comparison.cursor
        runs.append((" " * (size - 4), TITLE))
        runs.append((f"  {letter(place)} ", CURSOR if here else TITLE))
    return tuple(runs)


def _fact_line(fact: _Fact, shown: range, size: int) -> Line:
    runs: list[Run] = [(f" {fit(say(fact.label), _LABEL)}", BOLD)]
    for place in shown:
        best = place in fact.best
        text = ("★ " if best else "") + fact.texts[place]
        if fact.words and cells(text) > size - 2:
            text = fit(text, size - 2)
        runs.append((right(text, size), BEST if best else PLAIN))
    return tuple(runs)


def _metric_facts(columns: Sequence[Pinned]) -> list[_Fact]:
    facts = []
    for metric in _METRICS:
        values = [_value(one, metric) for one in columns]
        if any(not math.isnan(value) for value in values):
            pairs = zip(columns, values, strict=True)
            texts = tuple(_ranged(metric, value, one.ranges.get(metric.id)) for one, value in pairs)
            shown = counted(metric.label, columns[0].samples)
            facts.append(_Fact(shown, texts, _best(columns, values, metric)))
    return facts


def _value(column: Pinned, metric: Metric) -> float:
    """A metric of a column; none of what says nothing about its answers."""
    one_token = column.scenario.workload.is_one_token
    known = metric.is_about(one_token=one_token)
    return column.metrics.get(metric.id, math.nan) if known else math.nan


def _ranged(metric: Metric, value: float, share: float | None) -> str:
    """A metric's number with its range: ``244 ±34``."""
    text = metric_text(metric, value)
    return text if share is None or math.isnan(value) else f"{text} ±{spread(value * share)}"


def _best(columns: Sequence[Pinned], values: Sequence[float], metric: Metric) -> frozenset[int]:
    """The columns that meet their objectives and whose value cannot be told from the best of them
    within its range; none where nobody's can, be it of one that misses."""
    meeting = [
        place
        for place, one in enumerate(columns)
        if not one.verdict and not math.isnan(values[place])
    ]
    if not meeting:
        return frozenset()
    higher = metric.better is Better.HIGHER
    best = (max if higher else min)(meeting, key=lambda place: values[place])

    def is_alike(place: int) -> bool:
        shares = (columns[one].ranges.get(metric.id, 0.0) for one in (best, place))
        far = abs(values[place] - values[best])
        alike = metric_text(metric, values[place]) == metric_text(metric, values[best])
        return alike or far <= max(shares) * abs(values[best])

    known = (place for place in range(len(columns)) if not math.isnan(values[place]))
    if all(map(is_alike, known)):
        return frozenset()
    return frozenset(place for place in meeting if is_alike(place))


def _choice_facts(columns: Sequence[Pinned]) -> list[_Fact]:
    return [
        _Fact("batch", tuple(str(one.batch) for one in columns)),
        _Fact("layout", tuple(one.arrangement.name for one in columns)),
        _Fact("precision", tuple(" ".join(one.precision.split()[:2]) for one in columns)),
        _Fact("weights", tuple(one.precision.split()[-1] for one in columns), words=True),
    ]


def _scenario_facts(columns: Sequence[Pinned]) -> list[_Fact]:
    """The inputs in which the columns' scenarios differ."""
    first = columns[0].scenario
    values: dict[str, dict[int, str]] = {}
    own: dict[str, str] = {}
    for place, one in enumerate(columns):
        for label, before, after in changed_values(first, one.scenario):
            own[label] = before
            values.setdefault(label, {})[place] = after
    return [
        _Fact(
            label,
            tuple(found.get(place, own[label]) for place in range(len(columns))),
            words=True,
        )
        for label, found in values.items()
    ]
