"""What is worked out beside the keys: the whole sweep, and why the selected row is as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from engine.words.errors import InputError
from tui.beside.errand import Errand
from tui.desk import Desk
from tui.widgets.chart_pane import ChartPane
from tui.widgets.why_pane import WhyPane

if TYPE_CHECKING:
    from engine.plan.results import Sweep
    from engine.plan.why.explanation import Explanation
    from engine.scenario import Scenario

SWEEP_SECONDS = 0.18
"""How long typing rests before a sweep too long for a key begins: longer than the pause between
two digits, so that a digit costs one frame."""
WHY_SECONDS = 0.25
"""How long the cursor rests before the why pane follows it."""


class Behind:
    """Starts work when things rest, and brings results to the desk in its own thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sweep: Errand[tuple[Scenario, Sweep]] = Errand(desk.sweep_failed, goes_first=True)
        self._explanation: Errand[Explanation] = Errand(desk.work_failed)

    def sweep(self, scenario: Scenario, seconds: float) -> None:
        """Sweep ``scenario`` once it rests for ``seconds``, instead of whatever was swept."""
        self._sweep.cancel()
        self._sweep.after(seconds, lambda: self._start_sweep(scenario))

    def stop_sweeping(self) -> None:
        """Forget the sweep that waits or runs."""
        self._sweep.cancel()

    def explain(self) -> None:
        """Explain the row under the cursor once it rests."""
        self._explanation.after(WHY_SECONDS, self._start_explaining)

    def _start_sweep(self, scenario: Scenario) -> None:
        from engine.plan.drafting import with_best_drafts
        from engine.plan.prepared import prepare
        from engine.plan.sweep import sweep

        def work(should_stop: Callable[[], bool]) -> tuple[Scenario, Sweep] | None:
            chosen = with_best_drafts(_with_chips(scenario, should_stop), should_stop)
            found = sweep(prepare(chosen), chosen, should_stop)
            return None if found is None else (chosen, found)

        self._sweep.submit(work, lambda found: self._desk.sweep_done(*found))

    def _start_explaining(self) -> None:
        from engine.plan.why.explain import explain

        desk, session = self._desk, self._desk.session
        chart = desk.panes.of(ChartPane)
        wanted = desk.panes.of(WhyPane).display or (chart.display and chart.kind == "roofline")
        if session is None or session.selected is None or not wanted:
            return
        if not session.table_is_current:
            return
        table, row = session.selected
        prepared, scenario = session.prepared, desk.store.current
        layout, precision, batch = (
            table.arrangement(row),
            table.precision(row),
            int(table.batch[row]),
        )
        if prepared is None:
            return
        self._explanation.submit(
            lambda _: explain(prepared, scenario, layout, precision, batch), desk.explained
        )


class _Stopped(Exception):
    """Nobody waits for it any more."""


def _with_chips(scenario: Scenario, should_stop: Callable[[], bool]) -> Scenario:
    """The scenario with chips enough, where they are to be counted; as it is where no number of
    them would do, which its sweep then tells."""
    from engine.plan.fleet.fewest import with_chips_counted

    def progress() -> None:
        if should_stop():
            raise _Stopped

    try:
        return with_chips_counted(scenario, progress)
    except (InputError, _Stopped):
        return scenario
