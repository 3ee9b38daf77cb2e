"""A picture of braille dots, eight to a cell, with characters on top. Pure."""

from __future__ import annotations

import math

import numpy as np

from engine.words.arrays import FloatArray, IntArray
from tui.drawing.lines import Line, Run, cells
from tui.drawing.styles import PLAIN
from tui.widgets.chart_axis import Axis

_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
_BLANK = 0x2800


class Canvas:
    """``width`` × ``height`` cells over the ranges of two axes. What is drawn later covers what
    was drawn before; values outside the axes are left out."""

    def __init__(self, width: int, height: int, x: Axis, y: Axis) -> None:
        self.width, self.height = width, height
        self._x, self._y = x, y
        self._dots = np.zeros((height, width), dtype=np.int64)
        self._styles = np.zeros((height, width), dtype=np.int64)
        self._palette: list[Run] = [("", PLAIN)]
        self._texts: dict[tuple[int, int], Run] = {}

    def row(self, value: float) -> int:
        """The cell row of a value on the vertical axis, at the nearest edge outside of it."""
        return _held(self._down(np.array([value]))[0], self.height * 4) // 4

    def column(self, value: float) -> int:
        """The cell column of a value on the horizontal axis, at the nearest edge outside."""
        return _held(self._across(np.array([value]))[0], self.width * 2) // 2

    def _across(self, values: FloatArray) -> FloatArray:
        return np.rint(self._x.share(values) * (self.width * 2 - 1))

    def _down(self, values: FloatArray) -> FloatArray:
        return np.rint((1.0 - self._y.share(values)) * (self.height * 4 - 1))

    def cloud(self, x: FloatArray, y: FloatArray, run: Run) -> None:
        """Single points, at most one dot a cell: a thick crowd stays lighter than a line."""
        columns, levels, run_number = *self._inside(self._across(x), self._down(y)), self._add(run)
        rows, places = levels // 4, columns // 2
        empty = self._dots[rows, places] == 0
        rows, places, columns, levels = rows[empty], places[empty], columns[empty], levels[empty]
        self._dots[rows, places] = _BITS[levels % 4, columns % 2]
        self._styles[rows, places] = run_number

    def curve(self, x: FloatArray, y: FloatArray, run: Run, every: int = 1) -> None:
        """A line through points in their order, broken where a value is not finite; ``every``
        second or third dot of it only, for a dotted one."""
        across, down = self._x.share(x) * (self.width * 2 - 1), self._y.share(y)
        down = (1.0 - down) * (self.height * 4 - 1)
        # Far outside is far enough: a steep line must not become a million dots.
        limit = 4.0 * (self.width + self.height) * 2
        valid = np.isfinite(across) & np.isfinite(down)
        across, down = np.clip(across, -limit, limit), np.clip(down, -limit, limit)
        if every == 1:
            self._set(np.rint(across[valid]), np.rint(down[valid]), run)
        if len(across) < 2:
            return
        steps = np.maximum(np.abs(np.diff(across)), np.abs(np.diff(down)))
        steps = np.where(valid[:-1] & valid[1:], np.ceil(np.nan_to_num(steps)) + 1, 0).astype(int)
        start = np.repeat(np.arange(len(steps)), steps)
        within = np.arange(len(start)) - np.repeat(np.cumsum(steps) - steps, steps)
        share = within / np.maximum(steps[start] - 1, 1)
        columns = np.rint(across[start] + share * (across[start + 1] - across[start]))
        levels = np.rint(down[start] + share * (down[start + 1] - down[start]))
        if every > 1:
            kept = (columns.astype(int) + levels.astype(int)) % every == 0
            columns, levels = columns[kept], levels[kept]
        self._set(columns, levels, run)

    def _set(self, columns: FloatArray, levels: FloatArray, run: Run) -> None:
        across, down = self._inside(columns, levels)
        np.bitwise_or.at(self._dots, (down // 4, across // 2), _BITS[down % 4, across % 2])
        self._styles[down // 4, across // 2] = self._add(run)

    def _inside(self, columns: FloatArray, levels: FloatArray) -> tuple[IntArray, IntArray]:
        """Dots that are on the picture; not-a-number is not."""
        inside = (columns >= 0) & (columns < self.width * 2)
        inside &= (levels >= 0) & (levels < self.height * 4)
        return columns[inside].astype(np.int64), levels[inside].astype(np.int64)

    def _add(self, run: Run) -> int:
        self._palette.append(run)
        return len(self._palette) - 1

    def upright(self, value: float, run: Run) -> None:
        """A line of characters from top to bottom, behind the dots."""
        column = self.column(value)
        for row in range(self.height):
            if not self._dots[row, column]:
                self._texts.setdefault((row, column), run)

    def character(self, x: float, y: float, run: Run) -> None:
        """One character at a point; nothing where it is outside."""
        if math.isfinite(x) and math.isfinite(y):
            self._texts[self.row(y), self.column(x)] = run

    def write(self, row: int, column: int, run: Run) -> bool:
        """Words in a row where nothing is written yet; False when there is no room."""
        text, style = run
        # The second cell of a wide character holds nothing of its own.
        shown = [one for character in text for one in (character, *[""] * (cells(character) - 1))]
        places = [(row, column + offset) for offset in range(len(shown))]
        free = all(
            0 <= place[1] < self.width and place not in self._texts and not self._dots[place]
            for place in places
        )
        if free:
            self._texts.update((p, (c, style)) for p, c in zip(places, shown, strict=True))
        return free

    def taken(self, row: int, column: int) -> bool:
        """Whether a character stands in a cell."""
        return (row, column) in self._texts

    def line(self, row: int) -> Line:
        """One row: runs of cells with the same style."""
        runs: list[Run] = []
        text, current = "", PLAIN
        styles = self._styles[row].tolist()
        for place, pattern in enumerate(self._dots[row].tolist()):
            written = self._texts.get((row, place))
            if written is not None:
                character, style = written
            elif pattern:
                character, style = chr(_BLANK + pattern), self._palette[styles[place]][1]
            else:
                text += " "
                continue
            if style is not current and text.strip():
                runs.append((text, current))
                text = ""
            current = style
            text += character
        runs.append((text, current))
        return tuple(runs)


def _held(place: float, count: int) -> int:
    """The nearest of so many places; the first one of what is no number."""
    return 0 if math.isnan(place) else int(min(max(place, 0.0), count - 1.0))
