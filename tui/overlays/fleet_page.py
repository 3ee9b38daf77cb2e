"""The page of a fleet: progress, then chips for a rate, a day or a stock; esc stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import textual.events as events

from tui.overlays.filled_page import FilledPage
from tui.overlays.fleet_lines import Shown, fleet_lines

_NEXT, _BEFORE = {"right", "l", "tab"}, {"left", "h", "shift+tab"}


class FleetPage(FilledPage[Shown]):
    """Filled by whoever plans. ``again`` plans anew, with as many chips as it takes or with those
    that there are."""

    def __init__(self, subject: str, again: Callable[[FleetPage, bool], None]) -> None:
        super().__init__("fleet", Shown(subject))
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
                "← → layout, c only the chips there are, esc",
                "← → layout, c more chips, esc",
            )
            self.view.hint = more if self._grows else these
        elif self._shown.found is not None or self._shown.refused:
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
        else:
            super().keyed(event)
