"""Charts: curves, marks, limits and names on two axes, drawn as a braille picture. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.words.arrays import FloatArray
from engine.words.messages import say
from tui.drawing.lines import Line, Run, cells, line, width_of
from tui.drawing.styles import ACCENT, DIM, Role
from tui.widgets.chart_axis import Axis, tick_text
from tui.widgets.chart_canvas import Canvas

SMALLEST = (16, 4)
"""Cells below which there is no picture."""
RULED_HEIGHT = 9
"""From this height the horizontal axis has a rule of its own, and the legend a line."""


@dataclass(frozen=True, slots=True)
class Series:
    """A curve through points, or the points alone; dotted when it is of less account."""

    x: FloatArray
    y: FloatArray
    style: Role = ACCENT
    joined: bool = True
    dotted: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A character at a point."""

    x: float
    y: float
    glyph: str
    style: Role


@dataclass(frozen=True, slots=True)
class Limit:
    """An upright line at ``x`` with a name at its top."""

    x: float
    name: str
    style: Role


@dataclass(frozen=True, slots=True)
class Label:
    """Words that end at ``x``, at or just above the height of ``y``."""

    x: float
    y: float
    text: str
    style: Role


@dataclass(frozen=True, slots=True)
class Figure:
    """Everything in one chart. ``legend`` holds what glyphs and lines mean, most important
    first."""

    x: Axis
    y: Axis
    series: Sequence[Series] = ()
    limits: Sequence[Limit] = ()
    marks: Sequence[Mark] = ()
    labels: Sequence[Label] = ()
    legend: Sequence[Run] = field(default=())


def draw(figure: Figure, width: int, height: int) -> list[Line]:
    """The chart in ``width`` × ``height`` cells: picture, axes, legend."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return []
    if not any(np.isfinite(one.y).any() for one in figure.series):
        return [line((say("no data"), DIM))]
    ruled = height >= RULED_HEIGHT
    legend = _legend_lines(figure.legend, width, max(height // 6, 1)) if ruled else []
    picture = height - (2 if ruled else 1) - len(legend)
    up = figure.y.to_a_tick(max(picture // 3, 2))
    ticks = up.ticks(max(picture // 3, 2))
    gutter = max(len(tick_text(value)) for value in ticks) + 1 if ticks else 1
    canvas = Canvas(width - gutter - 1, picture, figure.x, up)
    _paint(canvas, figure)
    labels = {canvas.row(value): tick_text(value) for value in ticks}
    lines: list[Line] = []
    for row in range(picture):
        label = labels.get(row, "")
        stem = (f"{label.rjust(gutter)}{'┤' if label else '│'}", DIM)
        lines.append((stem, *canvas.line(row)))
    lines += _bottom(figure.x, canvas, gutter, ruled)
    return lines + legend


def _paint(canvas: Canvas, figure: Figure) -> None:
    for one in figure.series:
        run = ("", one.style)
        if one.joined:
            canvas.curve(one.x, one.y, run, 3 if one.dotted else 1)
        else:
            canvas.cloud(one.x, one.y, run)
    for limit in figure.limits:
        canvas.upright(limit.x, ("┊", limit.style))
    for mark in figure.marks:
        canvas.character(mark.x, mark.y, (mark.glyph, mark.style))
    for limit in figure.limits:
        _name_limit(canvas, limit)
    for label in figure.labels:
        _write_label(canvas, label)


def _name_limit(canvas: Canvas, limit: Limit) -> None:
    """The name beside the line in the first row that has room, right of it if possible."""
    column = canvas.column(limit.x)
    run = (limit.name, limit.style)
    for row in range(canvas.height):
        for place in (column + 1, column - cells(limit.name)):
            if canvas.write(row, place, run):
                return


def _write_label(canvas: Canvas, label: Label) -> None:
    """The words in the nearest row that has room, from the height of ``y`` upwards, then below."""
    middle, end = canvas.row(label.y), canvas.column(label.x)
    for row in (middle, middle - 1, middle + 1, middle - 2, middle + 2):
        place = end - cells(label.text) + 1
        if 0 <= row < canvas.height and canvas.write(row, place, (label.text, label.style)):
            return


def _bottom(axis: Axis, canvas: Canvas, gutter: int, ruled: bool) -> list[Line]:
    """The horizontal axis: a rule with ticks where there is room, and the values below it, the
    unit last."""
    corner = " " * gutter + "└"
    rule = ["─"] * canvas.width
    text = [" "] * canvas.width
    unit = axis.unit
    size = cells(unit)
    if unit and size + 8 <= canvas.width:
        text[canvas.width - size :] = [unit]
    free = canvas.width - size - 1 if unit else canvas.width
    last = -1
    for value in axis.ticks(max(canvas.width // 7, 4)):
        column, label = canvas.column(value), tick_text(value)
        start = min(max(column - len(label) // 2, 0), free - len(label))
        if start <= last or column >= free:
            continue
        rule[column] = "┬"
        text[start : start + len(label)] = list(label)
        last = start + len(label)
    values = "".join(text).rstrip()
    if not ruled:
        return [line((corner + values, DIM))]
    return [line((corner + "".join(rule), DIM)), line((" " * (gutter + 1) + values, DIM))]


def _legend_lines(legend: Sequence[Run], width: int, most: int) -> list[Line]:
    """The legend in at most ``most`` lines, as many entries as fit whole."""
    lines: list[list[Run]] = [[]]
    for text, style in legend:
        used = width_of(lines[-1])
        if used + cells(text) + 2 > width:
            if len(lines) == most or cells(text) + 2 > width:
                break
            lines.append([])
        lines[-1] += [("  ", DIM), (text, style)]
    return [tuple(runs) for runs in lines if runs]
