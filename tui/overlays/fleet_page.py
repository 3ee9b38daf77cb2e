"""The page of a fleet: progress, then chips for a rate, a day or a stock; esc stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import textual.events as events

from tui.overlays.fleet_lines import Shown, fleet_lines
from tui.page import CLOSING, Page

_NEXT, _BEFORE = {"right", "l", "tab"}, {"left", "h", "shift+tab"}


class FleetPage(Page[None]):
    """Filled by whoever plans. ``again`` plans anew, with as many chips as it takes or with those
    that there are."""

    def __init__(self, subject: str, again: Callable[[FleetPage, bool], None]) -> None:
        super().__init__("fleet", "esc stops and closes", whole=True)
        self._subject = subject
        self._shown = Shown(subject)
        self._again = again
        self._grows = True

    def on_mount(self) -> None:
        """Show that it begins."""
        self._fill()

    def on_resize(self) -> None:
        """Lines for the new size."""
        self.call_after_refresh(self._fill)

    def show(self, shown: Shown) -> None:
        """Draw what there is so far."""
        self._shown = shown
        self._fill()

    @property
    def shown(self) -> Shown:
        """What is drawn."""
        return self._shown

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
        key = event.character if event.character in {"g", "G"} else event.key
        if self._layouts and (event.key in _NEXT or event.key in _BEFORE):
            by = 1 if event.key in _NEXT else -1
            self.show(replace(self._shown, place=(self._shown.place + by) % self._layouts))
        elif self._layouts and event.key == "c":
            self._grows = not self._grows
            self.show(Shown(self._subject))
            self._again(self, self._grows)
        elif not self.view.scroll_key(key or "") and event.key in CLOSING:
            self.close()
