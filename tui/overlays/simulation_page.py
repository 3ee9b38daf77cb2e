"""The page of a simulation: progress, then latencies and the time line; esc stops it."""

from __future__ import annotations

from engine.scenario import Objectives
from tui.overlays.filled_page import FilledPage
from tui.overlays.simulation_lines import Shown, simulation_lines


class SimulationPage(FilledPage[Shown]):
    """Filled by whoever simulates."""

    def __init__(self, subject: str, objectives: Objectives) -> None:
        super().__init__("simulation", Shown(subject))
        self._objectives = objectives

    def _fill(self) -> None:
        width, height = self.view.columns, self.view.room
        self.view.lines = simulation_lines(self._shown, self._objectives, width, height)
        if self._shown.found is not None:
            self.view.hint = "esc closes"
        self.view.update()
