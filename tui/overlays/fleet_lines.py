"""A fleet as lines: chips for a rate, a day's curve and hours, what loads get of a stock. Pure."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.plan.fleet.several import Fleets
from engine.plan.fleet_taken import Found
from engine.plan.fleet_told import Answer, day_answer, day_words, ranked_answer, split_answer
from engine.plan.stock import Split
from engine.words.messages import say
from engine.words.quantities import rate
from tui.drawing.bars import bar
from tui.drawing.lines import Line, cells, fit, line, right, wrapped
from tui.drawing.styles import ACCENT, BOLD, CURSOR, DIM, PLAIN, TITLE, WARN, Role
from tui.widgets.chart_axis import Axis
from tui.widgets.chart_canvas import Canvas

if TYPE_CHECKING:
    from engine.plan.fleet.day import Day
    from engine.words.arrays import FloatArray

_LABEL = 9
"""Cells before a chart: what its top stands for."""
_LEAST_ROWS, _MOST_ROWS = 3, 8
_HOUR = 12
"""Points of an hour: a step of the curve."""
_MOST_OTHERS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What there is to show: the share that is done, what was found or why there is nothing,
    which of a day's layouts is looked at, and the row under the cursor."""

    subject: str
    share: float = 0.0
    found: Found | None = None
    refused: str = ""
    place: int = 0
    row: int = 0

    @property
    def rows(self) -> int:
        """Of the answer's table."""
        found = self.found
        if found is None:
            return 0
        if isinstance(found, Fleets):
            return len(found.ranked())
        if isinstance(found, Split):
            return sum(map(len, found.chosen))
        return len(found[self.place].hours)


def fleet_lines(shown: Shown, width: int, height: int) -> list[Line]:
    """Lines for a page of ``height`` rows."""
    if shown.refused:
        return [line((one, WARN)) for one in wrapped(f" {shown.refused}", width - 1, 6)]
    if shown.found is None:
        words = say(" planning … {share:.0%}", share=shown.share)
        return [line((fit(f" {shown.subject}", width), TITLE)), line((words, DIM))]
    if isinstance(shown.found, Fleets):
        refused = [line((fit(f" {one}", width), DIM)) for one in shown.found.refused]
        return [*_answered(ranked_answer(shown.found.ranked()), width, shown.row), *refused]
    if isinstance(shown.found, Split):
        told = _answered(split_answer(shown.found), width, shown.row)
        return [*told, line(), *_used(shown.found, width)]
    return _day(shown.found, shown.place, shown.row, width, height)


def _day(days: Sequence[Day], place: int, row: int, width: int, height: int) -> list[Line]:
    """The curves of chips and requests, then hours, then the other layouts."""
    day = days[place]
    told = _said(day_answer(day), width)
    rows = min(max((height - len(told) - 8) // 2, _LEAST_ROWS), _MOST_ROWS)
    chips = np.array([float(day.chips(hour)) for hour in day.hours])
    rates = np.array([hour.rate for hour in day.hours])
    most = rate(float(rates.max()))
    told += _curve(f"{say('chips')} {chips.max():,.0f}", chips, width, rows, ACCENT)
    told += _curve(f"{most}/s", rates, width, max(rows - 2, 2), PLAIN)
    last = str(len(day.hours))
    told.append(line((f"{'':<{_LABEL}}0{last:>{max(width - _LABEL - 2, 1)}}", DIM)))
    below = {place + 1 for place, hour in enumerate(day.hours) if hour.rate and not hour.sized}
    told += _table(day_answer(day), width, row, below)
    others = [one for number, one in enumerate(days) if number != place][:_MOST_OTHERS]
    if others:
        told.append(line((say(" other layouts (← →)"), TITLE)))
        told += [line((fit(f" {day_words(one.totals())}", width), DIM)) for one in others]
    return told


def _curve(label: str, hourly: FloatArray, width: int, rows: int, role: Role) -> list[Line]:
    """Steps of an hour each; the top of the axis at its left."""
    values = np.repeat(hourly, _HOUR)
    top = float(hourly.max()) or 1.0
    across = np.arange(len(values), dtype=float)
    canvas = Canvas(
        max(width - _LABEL - 1, 2), rows, Axis(0.0, max(across[-1], 1.0)), Axis(0.0, top)
    )
    canvas.curve(across, values, ("", role))
    lines = []
    for row in range(rows):
        shown = label if row == 0 else "0" if row == rows - 1 else ""
        lines.append(line((right(shown, _LABEL - 1) + " ", DIM), *canvas.line(row)))
    return lines


def _used(split: Split, width: int) -> list[Line]:
    """How much of each kind of chip is given out."""
    names = max(map(cells, split.stock))
    room = max(width - names - 20, 4)
    return [
        line(
            (f" {fit(chip, names)} ", PLAIN),
            (f"{split.used(chip):>5} / {count:<5} ", DIM),
            (bar(split.used(chip) / count, room), ACCENT),
        )
        for chip, count in split.stock.items()
    ]


def _answered(answer: Answer, width: int, row: int) -> list[Line]:
    return [*_said(answer, width), line(), *_table(answer, width, row)]


def _said(answer: Answer, width: int) -> list[Line]:
    said = [line((f" {one}", BOLD)) for one in wrapped(answer.said, width - 2, 4)]
    notes = [say("note: {note}", note=one) for one in answer.notes]
    return said + [line((fit(f" {one}", width), DIM)) for one in notes]


def _table(answer: Answer, width: int, cursor: int, bad: Set[int] = frozenset()) -> list[Line]:
    """The table's columns that have room, each as wide as its widest cell; ``bad`` rows stand
    out, and the one under the cursor."""
    widths = [max(map(cells, column)) for column in zip(*answer.cells, strict=True)]
    shown = [
        place for place in range(len(widths)) if 1 + sum(widths[: place + 1]) + 2 * place <= width
    ]
    lines = []
    for number, row in enumerate(answer.cells):
        parts = [
            right(row[place], widths[place])
            if place >= answer.right
            else fit(row[place], widths[place])
            for place in shown
        ]
        role = DIM if number == 0 else WARN if number in bad else PLAIN
        role = CURSOR if number == cursor + 1 else role
        lines.append(line((" " + "  ".join(parts), role)))
    return lines
