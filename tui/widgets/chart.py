"""Curves as braille pictures: eight dots a cell, round ticks, marks for limits and choices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from tui.format import rate
from tui.lines import Line, Run, line
from tui.styles import ACCENT, BEST, DIM, PLAIN, WARN

FloatArray = NDArray[np.float64]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


@dataclass(frozen=True, slots=True)
class Series:
    """One curve, or single points when ``joined`` is False."""

    x: FloatArray
    y: FloatArray
    style: Style = ACCENT
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """A single character at a point (``◆``), or a vertical line when ``y`` is None."""

    x: float
    y: float | None
    glyph: str
    style: Style


def nice_step(span: float, most: int) -> float:
    """The smallest of 1, 2, 5 × 10ⁿ that divides ``span`` into at most ``most`` parts."""
    if span <= 0 or not math.isfinite(span):
        return 1.0
    rough = span / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if factor * power >= rough * (1 - 1e-9):
            return factor * power
    return 10.0 * power


def draw(
    series: Sequence[Series],
    marks: Sequence[Mark],
    width: int,
    height: int,
    *,
    ascii_only: bool = False,
) -> list[Line]:
    """The chart in ``width`` × ``height`` cells with its axes; fewer than 12 × 4 gives nothing."""
    points = [one for one in series if np.isfinite(one.y).any()]
    if width < 16 or height < 4 or not points:
        return [line(("no data", DIM))] if not points else []
    low_x = min(float(np.min(one.x)) for one in points)
    high_x = max(float(np.max(one.x)) for one in points)
    high_y = max(float(np.nanmax(one.y)) for one in points)
    step = nice_step(high_y, max(2, height // 4))
    top = max(step * math.ceil(high_y / step), 1e-9)
    gutter = max(len(rate(top)), 4) + 1
    canvas = _Canvas(width - gutter, height - 1, low_x, max(high_x, low_x + 1e-9), top)
    for one in points:
        canvas.curve(one)
    for mark in marks:
        canvas.mark(mark)
    labels = {canvas.row(value): rate(value) for value in np.arange(0.0, top + step / 2, step)}
    lines = [
        line((labels.get(row, "").rjust(gutter - 1), DIM), ("┤" if row in labels else "│", DIM))
        + canvas.line(row, ascii_only)
        for row in range(canvas.height)
    ]
    lines.append(_x_axis(low_x, high_x, gutter, canvas.width))
    return lines


def _x_axis(low: float, high: float, gutter: int, width: int) -> Line:
    left, right = rate(low).removesuffix(".00"), rate(high).removesuffix(".0")
    middle = rate((low + high) / 2).removesuffix(".0")
    text = left.ljust(width)
    place = max((width - len(middle)) // 2, len(left) + 1)
    text = text[:place] + middle + text[place + len(middle) :]
    text = text[: max(width - len(right) - 1, 0)].ljust(width - len(right)) + right
    return line((" " * (gutter - 1) + "└", DIM), (text[:width], DIM))


class _Canvas:
    def __init__(self, width: int, height: int, low: float, high: float, top: float) -> None:
        self.width, self.height = width, height
        self.low, self.high, self.top = low, high, top
        self.dots = np.zeros((height, width), dtype=np.int64)
        self.styles: dict[tuple[int, int], Style] = {}
        self.glyphs: dict[tuple[int, int], tuple[str, Style]] = {}

    def column(self, x: float) -> float:
        return (x - self.low) / (self.high - self.low) * (self.width * 2 - 1)

    def level(self, y: float) -> float:
        return (1.0 - y / self.top) * (self.height * 4 - 1)

    def row(self, y: float) -> int:
        return int(min(max(round(self.level(y)), 0), self.height * 4 - 1)) // 4

    def curve(self, series: Series) -> None:
        valid = np.isfinite(series.y) & np.isfinite(series.x)
        x, y = series.x[valid], series.y[valid]
        if not len(x):
            return
        if series.joined and len(x) > 1:
            places = np.linspace(0, len(x) - 1, self.width * 8)
            order = np.argsort(x, kind="stable")
            index = np.arange(len(x), dtype=float)
            x, y = np.interp(places, index, x[order]), np.interp(places, index, y[order])
        columns = np.clip(np.rint(self.column(x)), 0, self.width * 2 - 1).astype(int)  # type: ignore[arg-type]
        levels = np.clip(np.rint(self.level(y)), 0, self.height * 4 - 1).astype(int)  # type: ignore[arg-type]
        for place, depth in set(zip(columns.tolist(), levels.tolist(), strict=True)):
            cell = (depth // 4, place // 2)
            self.dots[cell] |= _DOTS[depth % 4][place % 2]
            self.styles[cell] = series.style

    def mark(self, mark: Mark) -> None:
        place = int(min(max(round(self.column(mark.x)), 0), self.width * 2 - 1)) // 2
        if mark.y is None:
            for row in range(self.height):
                self.glyphs.setdefault((row, place), (mark.glyph, mark.style))
        elif math.isfinite(mark.y):
            self.glyphs[self.row(mark.y), place] = (mark.glyph, mark.style)

    def line(self, row: int, ascii_only: bool) -> Line:
        """One row: runs of cells with the same style."""
        dots = self.dots[row].tolist()
        runs: list[Run] = []
        text, current = "", PLAIN
        for place, pattern in enumerate(dots):
            marked = self.glyphs.get((row, place))
            if marked is not None and (not pattern or marked[0] not in "┊|"):
                glyph, style = marked
            elif pattern:
                glyph = "*" if ascii_only else chr(0x2800 + pattern)
                style = self.styles[row, place]
            else:
                text += " "
                continue
            if style is not current:
                if text:
                    runs.append((text, current))
                text, current = "", style
            text += glyph
        runs.append((text, current))
        return tuple(runs)


CHOSEN = BEST
LIMIT = WARN
