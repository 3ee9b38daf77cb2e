"""A page of lines of which some can be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import textual.events as events

from tui.drawing.lines import Line, fit
from tui.drawing.styles import CURSOR
from tui.page import CLOSING, Page

Result = TypeVar("Result")

_WAYS = {"down": 1, "j": 1, "up": -1, "k": -1}
_PAGES = {"pagedown": 1, "ctrl+d": 1, "pageup": -1, "ctrl+u": -1}
_ENDS = {"g": -1, "home": -1, "G": 1, "end": 1}


@dataclass(frozen=True, slots=True)
class Row(Generic[Result]):
    """One line; with a ``value`` the cursor stops at it."""

    line: Line
    value: Result | None = None


class RowsPage(Page[Result], Generic[Result]):
    """Rows with a cursor; enter gives the row's value back, esc nothing."""

    def __init__(self, title: str, hint: str, *, steady: int = 0, most: int = 0) -> None:
        super().__init__(title, hint, steady=steady, most=most)
        self._rows: Sequence[Row[Result]] = ()
        self._cursor = 0

    def on_mount(self) -> None:
        """Show the first rows."""
        self.refill()

    def rows(self, width: int) -> Sequence[Row[Result]]:
        """The lines for a width."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Lines for the new width."""
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        """Make the lines anew and draw what changed."""
        self._rows = self.rows(max(self.view.columns, 20))
        places = self._places()
        if places and self._cursor not in places:
            self._cursor = min(places, key=lambda place: abs(place - self._cursor))
        self.draw()

    def put_cursor(self, value: Result) -> None:
        """The cursor on the row of a value."""
        for place, row in enumerate(self._rows):
            if row.value == value:
                self._cursor = place
        self.draw()

    @property
    def chosen(self) -> Result | None:
        """The value under the cursor."""
        return self._rows[self._cursor].value if self._cursor < len(self._rows) else None

    def _places(self) -> list[int]:
        return [place for place, row in enumerate(self._rows) if row.value is not None]

    def draw(self) -> None:
        """Draw the rows with the cursor in sight."""
        lines = [row.line for row in self._rows]
        if self.chosen is not None:
            text = "".join(text for text, _ in lines[self._cursor])
            lines[self._cursor] = ((fit(text, self.view.columns), CURSOR),)
        room = self.view.room
        top = self.view.top
        if self._cursor < top + 1:
            top = self._cursor - 1
        elif self._cursor >= top + room:
            top = self._cursor - room + 1
        self.view.lines, self.view.top = lines, max(top, 0)
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Move, choose, close, or what the page makes of a key."""
        key = event.character if event.character in _ENDS else event.key
        if self.page_key(event):
            return
        if event.key == "enter" and self.chosen is not None:
            self.close(self.chosen)
        elif event.key in CLOSING:
            self.close()
        else:
            self._move(key or "")

    def page_key(self, event: events.Key) -> bool:
        """Keys of the page itself; whether it was one."""
        return False

    def _move(self, key: str) -> None:
        places = self._places()
        page = max(self.view.room - 1, 1)
        if not places:
            self.view.scroll_key(key)
            return
        here = places.index(self._cursor) if self._cursor in places else 0
        by = _WAYS.get(key, 0) + _PAGES.get(key, 0) * page + _ENDS.get(key, 0) * len(self._rows)
        self._cursor = places[min(max(here + by, 0), len(places) - 1)]
        self.draw()
