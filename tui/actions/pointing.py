"""What the mouse does, once the app has it: chooses panes, rows and fields, and scrolls."""

from __future__ import annotations

from tui.actions.base import Group
from tui.widgets.panes import Pane

WHEEL_ROWS = 3


class Pointing(Group):
    """Clicks and the wheel. Everything has a key; nothing needs this."""

    def click(self, x: int, y: int) -> None:
        """Make the pane at a cell the active one; a second click chooses a row or a field."""
        screen = self._screen
        widget, region = screen.get_widget_at(x, y)
        if not isinstance(widget, Pane) or screen.actions.prompt.is_open:
            return
        name, line = widget.id or "", y - region.y
        if name != screen.active:
            screen.zoomed = False
            screen.focus_pane(name)
            screen.call_after_refresh(screen.paint)
        elif name == "table":
            self._choose_row(line)
        elif form := self._form():
            place = form.top + line - 1
            if 0 <= place < len(form.fields):
                form.move(place - form.cursor)
                screen.paint()

    def _choose_row(self, line: int) -> None:
        session, place = self._session, self._screen.table.place_at(line)
        if session is not None and 0 <= place < len(session.rows):
            session.move(place)
            self._screen.paint()

    def wheel(self, way: int) -> None:
        """Move in the active pane."""
        self._screen.actions.moving.move(way * WHEEL_ROWS)
