"""The live batch table: only what is on screen is formatted, columns drop out whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.plan.metrics import SPEED
from tui.format import counted
from tui.lines import Line, Run, fit, line
from tui.styles import BAD, BEST, CURSOR, DIM, GOOD, PLAIN, TITLE, WARN
from tui.widgets.columns import (
    HIDDEN_AT_FIRST,
    WHOLE_SWEEP,
    Column,
    columns_of,
    number,
    ordered,
    sized,
    with_room,
)
from tui.widgets.panes import Moves, Pane, Place

if TYPE_CHECKING:
    from engine.plan.results import Table

NOTHING = "nothing to show: m chooses another model, u undoes"
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
                ("● ▲ ▼", "marked / sorted up, down"),
            ),
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        self._top = 0
        self.order: tuple[str, ...] = ()
        self.hidden: tuple[str, ...] = HIDDEN_AT_FIRST

    def summary(self) -> tuple[str, ...]:
        """Where the cursor is, which rows these are, and the row's benchmark name."""
        session = self.session
        assert session is not None
        if session.arrangement is None or session.precision is None:
            return ("" if session.error else "working …",)
        view = session.view
        place = f"{session.cursor + 1:,}/{len(session.rows):,}" if len(session.rows) else "no rows"
        pinned = session.baseline is not None
        views = {"best": "best of each layout", "all": "all candidates"}
        parts = [place, "Δ baseline, same batch"] if pinned else [place]
        if view.match:
            parts.append(f"/{view.match}")
        if view.filter != "all":
            parts.append(f"only {view.filter}")
        if view.sort:
            parts.append(f"by {self._label(view.sort)} {'▼' if view.descending else '▲'}")
        # What counts samples has no cache whose format there is to name.
        label = session.precision.name if session.samples else session.precision.label
        parts.append(views.get(view.view, f"{session.arrangement.name} {label}"))
        parts += self._accuracy()
        chosen = session.selected
        if chosen is not None and not self._shows("benchmark"):
            parts.append(self._benchmark(chosen[0], chosen[1]))
        return tuple(parts)

    def _accuracy(self) -> list[str]:
        """How well the row is known: the badge, and the range of what a user waits for."""
        assert self.session is not None
        found = self.session.accuracy()
        if found is None:
            return []
        assert self.session.table is not None
        felt = SPEED[self.session.table.kind]
        ranged = found.percent(felt.range)
        return [f"{found.badge} {felt.short} {ranged}"] if ranged else [str(found.badge)]

    def _label(self, id: str) -> str:
        session = self.session
        if session is None or session.table is None:
            return id
        labels = {column.id: column.label for column in columns_of(session.table.kind)}
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
        chosen = ordered(sized(columns_of(table.kind), words), self.order)
        return tuple(column for column in chosen if column.id not in left_out)

    def _shows(self, id: str) -> bool:
        shown = with_room(self.columns(), self.size.width - _FIRST)
        return any(column.id == id for column in shown)

    def body(self, width: int, height: int) -> list[Line]:
        """Header and the visible rows."""
        session = self.session
        assert session is not None
        table = session.shown
        if table is None:
            return [line((NOTHING if session.error else "working …", DIM))]
        chosen = with_room(self.columns(), width - _FIRST)
        visible = max(height - 1, 1)
        self._scroll(visible, len(session.rows))
        last = min(self._top + visible, len(session.rows))
        rows = [self._row(table, place, chosen, width) for place in range(self._top, last)]
        if not rows:
            rows = [line(("   no row matches; esc clears the filter", WARN))]
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
        """The place in the view of what is drawn in line ``y``; -1 for title and header."""
        return self._top + y - 2 if y >= 2 else -1

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

        text = "   " + label("batch", "batch").rjust(_BATCH)
        for column in chosen:
            name = label(column.id, counted(column.label, self.session.samples))
            text += (
                " " + name.rjust(column.width) if column.text else "  " + fit(name, column.width)
            )
        return line((text, TITLE))

    def _row(self, table: Table, place: int, chosen: Sequence[Column], width: int) -> Line:
        session = self.session
        assert session is not None
        row = int(session.rows[place])
        meets, fits = bool(table.meets[row]), bool(table.fits[row])
        wins = session.is_winner(table, row)
        glyph, style = ("✓", GOOD) if meets else ("✗", BAD if not fits else WARN)
        if wins:
            glyph, style = "★", BEST
        text, verdict, rest = f" {int(table.batch[row]):>{_BATCH}}", "", ""
        for column in chosen:
            if column.id == "verdict":
                # The gap goes to the number's run: one that begins with spaces is less to send.
                text += "  "
                verdict = fit(table.verdict(row).short, column.width)
            elif not verdict:
                text += self._cell(table, row, column)
            else:
                rest += self._cell(table, row, column)
        mark: Run = ("●", WARN) if session.is_marked(table, row) else (" ", PLAIN)
        if place == session.cursor and self.focused_pane:
            whole = (glyph + text + verdict + rest).ljust(width - 1)
            return (mark, (whole, CURSOR))
        body = BEST if wins or place == session.cursor else PLAIN if meets else DIM
        return (mark, (glyph, style), (text, body), (verdict, style), (rest, body))

    def _cell(self, table: Table, row: int, column: Column) -> str:
        if column.id == "layout":
            return "  " + fit(table.arrangement(row).name, column.width)
        if column.id == "precision":
            return "  " + fit(table.precision(row).label, column.width)
        if column.id == "benchmark":
            return "  " + fit(self._benchmark(table, row), column.width)
        return " " + self._number(table, row, column).rjust(column.width)

    def _number(self, table: Table, row: int, column: Column) -> str:
        """The number, or its change against the baseline's same batch."""
        assert self.session is not None
        value, baseline = float(table.metrics[column.id][row]), self.session.baseline
        changed = baseline.cell(table, row, column.id) if baseline is not None else ""
        return changed or number(column, value)

    def _benchmark(self, table: Table, row: int) -> str:
        from engine.plan.kinds import benchmark_names

        session = self.session
        assert session is not None and session.prepared is not None
        batch, precision = int(table.batch[row]), table.precision(row)
        return benchmark_names(session.prepared, session.store.current, precision, batch)[0]
