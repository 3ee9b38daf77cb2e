"""The live batch table: only what is on screen is formatted, columns drop out whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.plan.metrics.table import BY_ID
from engine.words.messages import say
from tui.drawing.format import beyond, counted
from tui.drawing.lines import Line, Run, cells, fit, line, right
from tui.drawing.styles import BAD, BEST, CURSOR, DIM, GOOD, PLAIN, TITLE, WARN
from tui.widgets.columns import (
    CHIPS,
    HIDDEN_AT_FIRST,
    WHOLE_SWEEP,
    Column,
    columns_in,
    number,
    ordered,
    sized,
    with_room,
)
from tui.widgets.panes import Moves, Pane, Place

if TYPE_CHECKING:
    from engine.plan.results import Table


def _columns_of(table: Table) -> tuple[Column, ...]:
    return columns_in(table)


def _with_change(column: Column) -> Column:
    """A column of numbers with room for their changes."""
    return column if column.text is None else replace(column, width=column.width + CHANGE_WIDTH)


CHANGE_WIDTH = 7
"""Cells of a change beside its number."""
NOTHING = "nothing to show: m chooses another model, u undoes"
LEAST_LINES = 3
"""Header, a row, and a line about it."""
TALL, WIDE = 10, 116
"""From this height on the line about a row is two, below that width one has no room for it."""
_BATCH = 6
_FIRST = 3 + _BATCH
"""Cells of the mark, the verdict's glyph, a space and the batch."""


class TablePane(Pane):
    """Rows of the session's current view around its cursor."""

    short_name = "table"
    number = 4
    title = "batches"
    place = Place.RIGHT
    moves = Moves.ROW
    help = (
        (
            "Filter",
            (
                ("/meets", "also fits, misses: rows with that verdict"),
                ("/b>64", "batch; also ttft tpot e2e tps user gib with < <= > >= ="),
                ("/tp8 fp8", "words of layout and precision; all must be there"),
                ("/!tpot", "! turns a word around: not those that miss TPOT"),
            ),
        ),
        (
            "Glyphs",
            (
                ("★ ✓ ✗", "the plan / meets every objective / misses one, or no room"),
                ("≈", "a limit lies inside the range: measured, it may turn out either way"),
                ("● ▲ ▼", "marked / sorted up, down"),
            ),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._top = self._visible = 0
        self.order: tuple[str, ...] = ()
        self.hidden: tuple[str, ...] = HIDDEN_AT_FIRST

    def summary(self) -> tuple[str, ...]:
        """Which rows these are; the cursor's place and the row's benchmark name where there is no
        room for that below them."""
        session = self.session
        assert session is not None
        if session.arrangement is None or session.precision is None:
            return ("" if session.error else say("working …"),)
        view = session.view
        pinned = session.baseline is not None
        views = {"best": say("best of each layout"), "all": say("all candidates")}
        # What moves with the cursor stands in one line, so that a cursor key costs one line.
        here = self._has_foot(self.size.height - 1)
        parts = [] if here else [self._place(), self.name_of_row()]
        parts += [say("Δ baseline, same batch")] if pinned else []
        if view.match:
            parts.append(f"/{view.match}")
        if view.filter != "all":
            parts.append(say("only {filter}", filter=say(view.filter)))
        if view.sort:
            parts.append(
                say(
                    "by {label} {descending}",
                    label=self._label(view.sort),
                    descending="▼" if view.descending else "▲",
                )
            )
        # What counts samples has no cache whose format there is to name.
        label = session.precision.name if session.samples else session.precision.label
        parts.append(views.get(view.view, f"{session.arrangement.name} {label}"))
        return (*parts, *self._accuracy())

    def _accuracy(self) -> list[str]:
        """How well the row is known: the badge, and the range of what a user waits for."""
        assert self.session is not None
        found, chosen = self.session.accuracy(), self.session.selected
        if found is None or chosen is None:
            return []
        felt, badge = chosen[0].felt, say(str(found.badge))
        ranged = found.percent(felt.range)
        return [f"{badge} {say(felt.short)} {ranged}"] if ranged else [badge]

    def _place(self) -> str:
        """Which of the rows the cursor stands on."""
        session = self.session
        assert session is not None
        return (
            f"{session.cursor + 1:,}/{len(session.rows):,}" if len(session.rows) else say("no rows")
        )

    def name_of_row(self) -> str:
        """The benchmark name of the row under the cursor; empty without one."""
        chosen = self.session.selected if self.session is not None else None
        return self._benchmark(*chosen) if chosen is not None else ""

    @staticmethod
    def _has_foot(height: int) -> bool:
        """Whether there is room below the rows for a line about the one under the cursor."""
        return height >= LEAST_LINES

    def _foot(self, width: int, lines: int) -> list[Line]:
        """The row under the cursor: its benchmark name, and its figures with their ranges as far
        as there is room; ± goes last. In two lines, a line each."""
        from tui.session.row_words import row_words

        session = self.session
        assert session is not None and session.selected is not None
        name, known = self.name_of_row(), session.accuracy()
        words = row_words(*session.selected, known, session.samples) if known is not None else ()
        least = min(map(cells, words), default=0) + 2
        place = f"{self._place()} "
        place = place if cells(place) + cells(name) + least < width else ""
        room = width - cells(place) - cells(name) - 3
        told = next((one for one in words if cells(one) <= room), "")
        if lines == 1:
            return [line((f" {place}{name}  {told}", PLAIN))]
        told = next((one for one in words if cells(one) < width - 1), "")
        return [line((f" {place}{name}", PLAIN)), line((f" {told}", PLAIN))]

    def _label(self, id: str) -> str:
        session = self.session
        if session is None or session.table is None:
            return id
        labels = {column.id: say(column.label) for column in _columns_of(session.table)}
        return labels.get(id, id)

    def columns(self) -> tuple[Column, ...]:
        """The columns that are chosen, in their order, whether they have room or not."""
        session = self.session
        assert session is not None
        table = session.shown
        if table is None:
            return ()
        left_out = {*self.hidden} | (WHOLE_SWEEP if session.view.view == "layout" else set())
        words = {
            "layout": [one.name for one in table.arrangements],
            "precision": [one.label for one in table.precisions],
        }
        chosen = ordered(sized(_columns_of(table), words), self.order)
        if session.baseline is not None:
            chosen = tuple(_with_change(one) for one in chosen)
        return tuple(column for column in chosen if column.id not in left_out)

    def body(self, width: int, height: int) -> list[Line]:
        """Header and the visible rows."""
        session = self.session
        assert session is not None
        table = session.shown
        if table is None:
            return [line((say(NOTHING) if session.error else say("working …"), DIM))]
        chosen = with_room(self.columns(), width - _FIRST)
        foot = int(self._has_foot(height) and session.selected is not None)
        foot += foot and height >= TALL and width < WIDE
        visible = self._visible = max(height - 1 - foot, 1)
        self._scroll(visible, len(session.rows))
        last = min(self._top + visible, len(session.rows))
        # The first paint waits for no engine.
        from engine.plan.kept import glyphs_of

        objectives = session.store.current.objectives
        in_view = session.rows[self._top : last]
        shown = [one.id for one in chosen if one.text is not None]
        numbers = table.figures_of(in_view, *shown)
        glyphs = glyphs_of(table, objectives, in_view)
        rows = [
            self._row(
                table,
                self._top + at,
                glyph,
                chosen,
                {id: float(column[at]) for id, column in numbers.items()},
                width,
            )
            for at, glyph in enumerate(glyphs)
        ]
        if not rows:
            rows = [line((say("   no row matches; esc clears the filter"), WARN))]
        if foot:
            rows += [line()] * (visible - len(rows)) + self._foot(width, foot)
        return [self._header(chosen), *rows]

    def move(self, by: int) -> None:
        """Move the cursor over rows."""
        if self.session is not None:
            self.session.move(self.session.cursor + by)

    def back(self) -> bool:
        """Clear the filter."""
        session = self.session
        if session is None or not session.view.match:
            return False
        session.look(replace(session.view, match=""))
        return True

    def choose(self, y: int) -> None:
        """The row in line ``y``."""
        place = self.place_at(y)
        if self.session is not None and 0 <= place < len(self.session.rows):
            self.session.move(place)

    def place_at(self, y: int) -> int:
        """The place in the view of what is drawn in line ``y``; -1 where that is no row."""
        return self._top + y - 2 if 2 <= y < 2 + self._visible else -1

    def _scroll(self, visible: int, rows: int) -> None:
        assert self.session is not None
        cursor = self.session.cursor
        if self.session.following:
            # The best row in the middle shows what the next larger batches miss.
            self._top = cursor - visible // 2
        elif cursor < self._top:
            self._top = cursor
        elif cursor >= self._top + visible:
            self._top = cursor - visible + 1
        self._top = max(0, min(self._top, rows - visible))

    def _header(self, chosen: Sequence[Column]) -> Line:
        assert self.session is not None
        view = self.session.view
        arrow = "▼" if view.descending else "▲"

        def label(id: str, text: str) -> str:
            return arrow + text if id == view.sort else text

        heading = say("copies") if self._counts_replicas else say("batch")
        text = "   " + right(label("batch", heading), _BATCH)
        for column in chosen:
            name = label(column.id, counted(column.label, self.session.samples))
            if column.text:
                text += " " + right(name, column.width)
            else:
                text += "  " + (right if column.id == CHIPS.id else fit)(name, column.width)
        return line((text, TITLE))

    @property
    def _counts_replicas(self) -> bool:
        """Whether the first column is the number of replicas: those of one layout at a rate."""
        session = self.session
        return session is not None and session.at_rate and session.view.view == "layout"

    def _row(
        self,
        table: Table,
        place: int,
        glyph: str,
        chosen: Sequence[Column],
        numbers: Mapping[str, float],
        width: int,
    ) -> Line:
        from engine.plan.kept import MEETS, MISSES, NEAR

        session = self.session
        assert session is not None
        row = int(session.rows[place])
        meets, fits = bool(table.meets[row]), bool(table.fits[row])
        wins = session.is_winner(table, row)
        style = {MEETS: GOOD, NEAR: WARN, MISSES: WARN if fits else BAD}[glyph]
        if wins:
            glyph, style = "★", BEST
        size = table.sizes[row] if self._counts_replicas else table.batch[row]
        text, verdict, rest = f" {int(size):>{_BATCH}}", "", ""
        for column in chosen:
            if column.id == "verdict":
                # The gap goes to the number's run: one that begins with spaces is less to send.
                text += "  "
                verdict = fit(say(table.verdict(row).short), column.width)
            elif not verdict:
                text += self._cell(table, row, column, numbers)
            else:
                rest += self._cell(table, row, column, numbers)
        mark: Run = ("●", WARN) if session.is_marked(table, row) else (" ", PLAIN)
        if place == session.cursor and self.focused_pane:
            whole = fit(glyph + text + verdict + rest, width - 1)
            return (mark, (whole, CURSOR))
        body = BEST if wins or place == session.cursor else PLAIN if meets else DIM
        return (mark, (glyph, style), (text, body), (verdict, style), (rest, body))

    def _cell(self, table: Table, row: int, column: Column, numbers: Mapping[str, float]) -> str:
        if column.id == "layout":
            return "  " + fit(table.arrangement(row).name, column.width)
        if column.id == "precision":
            return "  " + fit(table.precision(row).label, column.width)
        if column.id == CHIPS.id:
            return "  " + right(f"{table.arrangement(row).chips}", column.width)
        if column.id == "benchmark":
            return "  " + fit(self._benchmark(table, row), column.width)
        return " " + right(self._number(table, row, column, numbers[column.id]), column.width)

    def _number(self, table: Table, row: int, column: Column, value: float) -> str:
        """The number, with its change against the baseline's same batch where one is pinned."""
        assert self.session is not None
        baseline = self.session.baseline
        limit = getattr(self.session.store.current.objectives, column.id, None)
        text = beyond(BY_ID[column.id], value, limit)
        text = text if len(text) <= column.width else number(column, value)
        if baseline is None:
            return text
        return f"{text} {right(baseline.cell(table, row, column.id), CHANGE_WIDTH - 1)}"

    def _benchmark(self, table: Table, row: int) -> str:
        from engine.plan.kinds import benchmark_names

        session = self.session
        assert session is not None and session.prepared is not None
        batch, precision = int(table.batch[row]), table.precision(row)
        return benchmark_names(session.prepared, session.store.current, precision, batch)[0]
