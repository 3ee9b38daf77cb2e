"""The page of a simulation: progress, then latencies and the time line; esc stops it."""

from __future__ import annotations

import textual.events as events

from engine.scenario import Objectives
from tui.overlays.simulation_lines import Shown, simulation_lines
from tui.page import CLOSING, Page


class SimulationPage(Page[None]):
    """Filled by whoever simulates."""

    def __init__(self, subject: str, objectives: Objectives) -> None:
        super().__init__("simulation", "esc stops and closes", whole=True)
        self._shown = Shown(subject)
        self._objectives = objectives

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

    def _fill(self) -> None:
        width, height = self.view.columns, self.view.room
        self.view.lines = simulation_lines(self._shown, self._objectives, width, height)
        if self._shown.found is not None:
            self.view.hint = "esc closes"
        self.view.update()

    def keyed(self, event: events.Key) -> None:
        """Scroll or close."""
        key = event.character if event.character in {"g", "G"} else event.key
        if not self.view.scroll_key(key or "") and event.key in CLOSING:
            self.close()
