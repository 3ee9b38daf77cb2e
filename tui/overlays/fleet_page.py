"""The page of a fleet: progress, then chips for a rate, a day or a stock; esc stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import textual.events as events

from engine.plan.fleet_taken import Found, rows_of, taken
from engine.scenario import Scenario
from tui.drawing.styles import CURSOR
from tui.overlays.filled_page import FilledPage
from tui.overlays.fleet_lines import Shown, fleet_lines

Row = Mapping[str, Any]
_STEPS = {"down": 1, "j": 1, "up": -1, "k": -1}
_NEXT, _BEFORE = {"right", "l", "tab"}, {"left", "h", "shift+tab"}


class FleetPage(FilledPage[Shown]):
    """Filled by whoever plans. ``again`` plans anew, with as many chips as it takes or with those
    that there are, ``take`` gets the scenario of the row that was chosen, ``save`` the rows."""

    def __init__(
        self,
        subject: str,
        again: Callable[[FleetPage, bool], None],
        take: Callable[[Scenario], None],
        save: Callable[[Sequence[Row]], None],
    ) -> None:
        super().__init__("fleet", Shown(subject))
        self._take, self._save = take, save
        self._subject = subject
        self._again = again
        self._grows = True

    @property
    def _layouts(self) -> int:
        found = self._shown.found
        return len(found) if isinstance(found, tuple) else 0

    def _fill(self) -> None:
        self.view.lines = fleet_lines(self._shown, self.view.columns, self.view.room)
        if self._layouts:
            more, these = (
                "enter takes the hour, s CSV, ← → layout, c only these chips, esc",
                "enter takes the hour, s CSV, ← → layout, c more chips, esc",
            )
            self.view.hint = more if self._grows else these
        elif self._shown.found is not None:
            self.view.hint = "enter takes the row, s writes CSV, esc closes"
        elif self._shown.refused:
            self.view.hint = "esc closes"
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Another layout, other chips, scroll or close."""
        if self._layouts and (event.key in _NEXT or event.key in _BEFORE):
            by = 1 if event.key in _NEXT else -1
            self.show(replace(self._shown, place=(self._shown.place + by) % self._layouts))
        elif self._layouts and event.key == "c":
            self._grows = not self._grows
            self.show(Shown(self._subject))
            self._again(self, self._grows)
        elif self._shown.found is None or not self._keyed_row(self._shown.found, event):
            super().keyed(event)

    def _keyed_row(self, found: Found, event: events.Key) -> bool:
        """Another row, or what is done with it; whether the key is one of those."""
        shown, key = self._shown, event.character if event.character == "G" else event.key
        last = shown.rows - 1
        if key in _STEPS:
            self._go(min(max(shown.row + _STEPS[key], 0), last))
        elif key in {"g", "home", "G", "end"}:
            self._go(0 if key in {"g", "home"} else last)
        elif key == "enter":
            scenario = taken(found, shown.place, shown.row)
            if scenario is not None:
                self.close()
                self._take(scenario)
        elif key == "s":
            self.close()
            self._save(rows_of(found, shown.place))
        else:
            return False
        return True

    def _go(self, row: int) -> None:
        """The cursor to a row, and that row into view; with the first what stands above it."""
        self.show(replace(self._shown, row=row))
        line = next(
            (at for at, one in enumerate(self.view.lines) if any(r is CURSOR for _, r in one)), 0
        )
        room = self.view.room
        top = min(max(self.view.top, line - room + 1), line)
        self.view.top = top if row else max(0, min(line - room + 1, top))
        self.view.update()
