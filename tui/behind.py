"""What is worked out beside the keys: the whole sweep, and why the selected row is as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui.sweeper import Job, LatestWins
from tui.threads import into_this_thread

if TYPE_CHECKING:
    from engine.plan.results import Explanation, Sweep
    from engine.scenario import Scenario
    from tui.screen import MainScreen

SWEEP_SECONDS = 0.18
"""How long typing rests before a sweep too long for a key begins: longer than the pause between
two digits, so that a digit costs one frame."""
LONG_SWEEP = 20_000
"""Candidates from which on a sweep leaves memory worth handing back."""
WHY_SECONDS = 0.25
"""How long the cursor rests before the why pane follows it."""


class Behind:
    """Starts work when things rest, and brings results to the screen in its own thread.

    The waiting is done by timers of the event loop: waking a thread at every key only to let
    it wait costs the key more than its own work.
    """

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._sweeper: LatestWins[Sweep] = LatestWins()
        self._explainer: LatestWins[Explanation] = LatestWins()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def sweep(self, scenario: Scenario, seconds: float) -> None:
        """Sweep ``scenario`` once it rests for ``seconds``, instead of whatever was swept."""
        self._sweeper.cancel()
        self._later("sweep", seconds, lambda: self._start_sweep(scenario))

    def stop_sweeping(self) -> None:
        """Forget the sweep that waits or runs."""
        self._sweeper.cancel()
        self._forget("sweep")

    def explain(self) -> None:
        """Explain the row under the cursor once it rests."""
        self._later("explain", WHY_SECONDS, self._start_explaining)

    def _later(self, name: str, seconds: float, callback: Callable[[], None]) -> None:
        self._forget(name)
        self._timers[name] = asyncio.get_running_loop().call_later(seconds, callback)

    def _forget(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def _start_sweep(self, scenario: Scenario) -> None:
        from engine.plan.prepared import prepare
        from engine.plan.sweep import sweep
        from tui.allocator import hand_back_the_rest

        done = self._in_this_thread(lambda found: self._screen.sweep_done(scenario, found))
        failed = self._in_this_thread(self._screen.sweep_failed)

        def work(should_stop: Callable[[], bool]) -> Sweep | None:
            found = sweep(prepare(scenario), scenario, should_stop)
            if found is not None and found.candidates > LONG_SWEEP:
                hand_back_the_rest()
            return found

        self._sweeper.submit(Job(work, done, failed))

    def _start_explaining(self) -> None:
        from engine.plan.explain import explain

        screen = self._screen
        session = screen.session
        wanted = screen.why.display or (screen.chart.display and screen.chart.kind == "roofline")
        if session is None or session.selected is None or not wanted:
            return
        table, row = session.selected
        prepared, scenario = session.prepared, screen.store.current
        layout, precision, batch = table.layout(row), table.precision(row), int(table.batch[row])
        if prepared is None:
            return
        done = self._in_this_thread(screen.explained)
        failed = self._in_this_thread(screen.sweep_failed)
        self._explainer.submit(
            Job(lambda _: explain(prepared, scenario, layout, precision, batch), done, failed)
        )

    def _in_this_thread(self, function: Callable[[Any], None]) -> Callable[[Any], None]:
        later = into_this_thread()
        return lambda value: later(lambda: function(value))
