"""Several ways at once: precisions, chips, engines, each swept beside the keys."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.actions.base import Group
from tui.beside.errand import Errand
from tui.beside.threads import into_this_thread
from tui.desk import Desk

if TYPE_CHECKING:
    from engine.plan.alternatives import Alternative
    from engine.scenario import Scenario
    from tui.overlays.alternatives import AlternativesPage

PAUSE_SECONDS = 0.002
"""What the sweeps leave to the keys between two of them."""


class Choosing(Group):
    """Pages that put alternatives side by side; one of them becomes the scenario."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._sweeps: Errand[None] = Errand(desk.work_failed)

    def do_precisions(self) -> None:
        """The precisions of the field ``precisions``, or else the usual ones, side by side."""
        from engine.plan.alternatives import precision_choices
        from tui.overlays.alternatives import AlternativesPage

        page = AlternativesPage("precisions side by side", costs=True)
        self._open(page, "precision", precision_choices(self._store.current))

    def hardware(self, chips: Sequence[str], engines: Sequence[str]) -> None:
        """Chips and engines side by side; those left out are the scenario's own."""
        from engine.hardware.framework import ANY
        from engine.plan.alternatives import hardware_choices
        from tui.overlays.alternatives import AlternativesPage

        scenario = self._store.current

        def every() -> None:
            self._sweep(page, hardware_choices(scenario, chips, (ANY,)))

        choices = hardware_choices(scenario, chips, engines)
        page = AlternativesPage("chips and engines side by side", every=every)
        self._open(page, "chip and engine", choices)

    def _open(
        self, page: AlternativesPage, path: str, choices: Sequence[tuple[str, Scenario]]
    ) -> None:
        def taken(scenario: Scenario | None) -> None:
            self._sweeps.cancel()
            if scenario is not None:
                self._change(scenario, path)

        self._desk.open(page, taken)
        self._sweep(page, choices)

    def _sweep(self, page: AlternativesPage, choices: Sequence[tuple[str, Scenario]]) -> None:
        from engine.plan.alternatives import alternative, ranked

        later = into_this_thread()

        def tell(found: list[Alternative]) -> None:
            best_first = tuple(ranked(found))
            left = len(choices) - len(found)
            later(lambda: page.show(best_first, left) if page.is_attached else None)

        def work(should_stop: Callable[[], bool]) -> None:
            found: list[Alternative] = []
            for label, scenario in choices:
                one = alternative(label, scenario, should_stop)
                if one is None:
                    return
                found.append(one)
                # The keys have their turn between two sweeps.
                time.sleep(PAUSE_SECONDS)
            tell(found)

        self._sweeps.submit(work, lambda found: None)
