"""Choosing the table's columns: which are shown, in which order."""

from __future__ import annotations

import textual.events as events

from engine.plan.money.notes import missing_notes
from engine.words.cells import left
from engine.words.messages import say
from tui.desk import Desk
from tui.drawing.lines import Line, line
from tui.drawing.styles import BOLD, CURSOR, DIM, PLAIN
from tui.page import CLOSING, Page
from tui.widgets.columns import HIDDEN_AT_FIRST, WHOLE_SWEEP, columns_in, ordered, with_room
from tui.widgets.table_pane import TablePane


class ColumnChooser(Page[None]):
    """Every change is in the table, and kept for the next start, at once."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("columns", "space shows or hides, J K move, r resets, esc closes")
        self._desk = desk
        self._table = desk.panes.of(TablePane)
        self._cursor = 0

    def on_mount(self) -> None:
        """Show the columns."""
        self._fill()

    def _ids(self) -> list[str]:
        session = self._desk.session
        table = session.shown if session is not None else None
        if table is None:
            return []
        known = columns_in(table)
        return [one.id for one in ordered(known, self._table.order)]

    def _fill(self) -> None:
        session, table = self._desk.session, self._table
        assert session is not None and session.shown is not None
        shown = session.shown
        columns = {one.id: one for one in columns_in(shown)}
        room = {one.id for one in with_room(table.columns(), table.size.width - 9)}
        whole = session.view.view != "layout"
        self.view.lines = []
        for place, id in enumerate(self._ids()):
            hidden = id in table.hidden
            note = ""
            if not hidden and id in WHOLE_SWEEP and not whole:
                note = say("in the views of more than one layout")
            elif not hidden and id not in room:
                note = say("no room now")
            mark = " " if hidden else "✓"
            style = CURSOR if place == self._cursor else DIM if hidden else PLAIN
            one: Line = line((f"  {mark} ", BOLD), (f" {left(say(columns[id].label), 12)}", style))
            self.view.lines.append((*one, (f"  {note}", DIM)))
        if session.prepared is not None:
            missing = missing_notes(session.prepared, self._desk.store.current)
            self.view.lines += [line((f"    {note}", DIM)) for note in missing]
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Move, show, hide, order, reset or close."""
        ids = self._ids()
        key = event.character or event.key
        if event.key in CLOSING - {"enter"}:
            self.close()
            return
        if event.key in {"down", "up"} or key in {"j", "k"}:
            way = 1 if event.key == "down" or key == "j" else -1
            self._cursor = (self._cursor + way) % len(ids)
        elif event.key in {"space", "enter"}:
            self._toggle(ids[self._cursor])
        elif key in {"J", "K"} or event.key in {"shift+down", "shift+up"}:
            self._move(ids, 1 if key == "J" or event.key == "shift+down" else -1)
        elif key == "r":
            self._choose((), HIDDEN_AT_FIRST)
        self._fill()

    def _toggle(self, id: str) -> None:
        table = self._table
        hidden = [one for one in table.hidden if one != id]
        if id not in table.hidden:
            hidden.append(id)
        self._choose(table.order, tuple(hidden))

    def _move(self, ids: list[str], by: int) -> None:
        to = self._cursor + by
        if 0 <= to < len(ids):
            ids[self._cursor], ids[to] = ids[to], ids[self._cursor]
            self._cursor = to
            self._choose(tuple(ids), self._table.hidden)

    def _choose(self, order: tuple[str, ...], hidden: tuple[str, ...]) -> None:
        self._table.order, self._table.hidden = order, hidden
        self._table.update()
        self._desk.program.choose(columns=order, hidden=hidden)
