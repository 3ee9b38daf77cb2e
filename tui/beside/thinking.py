"""What is thought about beside the keys: what a config key costs, what would have to change,
what matters now."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.beside.errand import Errand
from tui.beside.threads import into_this_thread
from tui.candidates import candidate_of
from tui.desk import Desk
from tui.widgets.panes import Moves
from tui.widgets.tree_pane import TreePane
from tui.widgets.why_pane import WhyPane

if TYPE_CHECKING:
    from engine.plan.sensitivity.key_effects import KeyEffect
    from engine.plan.why.remedies import Advice
    from engine.plan.why.shortfall import Candidate
    from engine.scenario import Scenario
    from engine.work.arrangement import Arrangement
    from tui.overlays.sensitivity_page import SensitivityPage, Thoughts
    from tui.overlays.simulation_lines import Shown
    from tui.overlays.simulation_page import SimulationPage

EFFECT_SECONDS = 0.2
"""How long the cursor rests on a config key before its effect is worked out."""
ADVICE_SECONDS = 0.3
"""How long a row rests before changes that would help it are tried: longer than the pause between
two digits, since they must not run while someone types, and short enough that the screen is at
rest within a second of the last key."""
PAUSE_SECONDS = 0.002
"""What slower work leaves to the keys between two of its steps."""
PROGRESS_SECONDS = 0.25
"""The least time between two drawings of progress."""


class Thinking:
    """Starts the slower work when things rest; the newest request wins, quitting never waits."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._advice: Errand[tuple[Advice | None]] = Errand(desk.work_failed)
        self._taste: Errand[None] = Errand(desk.work_failed)
        self._matters: Errand[Thoughts] = Errand(desk.work_failed)
        self._simulation: Errand[Shown] = Errand(desk.work_failed)

    def rest(self) -> None:
        """What to think about when nothing more happens."""
        self.advise()
        self.taste()

    # --- what would have to change --------------------------------------------------------------

    def advise(self) -> None:
        """Find what would have to change for the row under the cursor, once it rests."""
        self._advice.cancel()
        if self._desk.panes.of(WhyPane).display:
            self._advice.after(ADVICE_SECONDS, self._start_advising)

    def _start_advising(self) -> None:
        why, session = self._desk.panes.of(WhyPane), self._desk.session
        if session is None or session.selected is None or session.error:
            return
        scenario, chosen = self._desk.store.current, candidate_of(*session.selected)
        meets = bool(session.selected[0].meets[session.selected[1]])
        subject = (scenario, chosen.arrangement, chosen.batch)
        if why.advised_for == subject:
            # Moving between panes asks again; working it out again would hold up the next key.
            return

        def work(should_stop: Callable[[], bool]) -> tuple[Advice | None]:
            return (advice_for(scenario, chosen, meets, should_stop),)

        def deliver(found: tuple[Advice | None]) -> None:
            why.advice = found[0]
            why.advised_for = subject
            why.turn()

        self._advice.submit(work, deliver)

    # --- what a key costs -----------------------------------------------------------------------

    def taste(self) -> None:
        """Work out the effect of the config key under the cursor, once it rests."""
        self._taste.cancel()
        if self._desk.active.moves is Moves.KEY:
            self._taste.after(EFFECT_SECONDS, self._start_tasting)

    def _start_tasting(self) -> None:
        tree, session = self._desk.panes.of(TreePane), self._desk.session
        if session is None or session.selected is None or session.error:
            return
        scenario, place = self._desk.store.current, candidate_of(*session.selected)
        wanted = [
            (row.key, row.value)
            for row in tree.keys_in_view
            if not tree.knows_effects(scenario, place, row.key)
        ]
        later = into_this_thread()

        def tell(key: str, found: tuple[KeyEffect, ...]) -> None:
            later(lambda: tree.learn_effects(scenario, place, key, found))

        self._taste.submit(
            lambda should_stop: _taste(scenario, place, wanted, should_stop, tell),
            lambda found: None,
        )

    # --- what matters now -----------------------------------------------------------------------

    def matters(self, page: SensitivityPage) -> None:
        """Fill a page with what matters for the scenario on screen."""
        from tui.overlays.sensitivity_page import Thoughts

        session = self._desk.session
        assert session is not None and session.sweep is not None
        scenario, swept = self._desk.store.current, session.sweep
        row = swept.best if swept.best is not None else swept.nearest
        if row is None:
            return
        chosen, table = candidate_of(swept.table, row), swept.table
        base = float(table.metrics[table.throughput][row]) if swept.best is not None else math.nan
        later, samples = into_this_thread(), session.samples

        def tell(thoughts: Thoughts) -> None:
            later(lambda: page.show(thoughts) if page.is_attached else None)

        def work(should_stop: Callable[[], bool]) -> Thoughts | None:
            advice = advice_for(scenario, chosen, swept.best is not None, should_stop)
            return _nudged(scenario, Thoughts(advice, base, samples), should_stop, tell)

        self._matters.submit(work, tell)

    # --- request by request ---------------------------------------------------------------------

    def simulate(
        self,
        page: SimulationPage,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: int,
        clients: int,
    ) -> None:
        """Fill a page with what requests to a plan see, one by one."""
        from engine.plan.simulation.deployment import Question, simulated
        from engine.serve.simulation.serving import Stopped

        later, begun = into_this_thread(), page.shown
        question = Question(scenario, arrangement, precision, clients=clients)

        def tell(shown: Shown) -> None:
            if page.is_attached:
                page.show(shown)

        def work(should_stop: Callable[[], bool]) -> Shown | None:
            told = time.monotonic()

            def progress(share: float) -> bool:
                nonlocal told
                time.sleep(PAUSE_SECONDS)
                if time.monotonic() - told >= PROGRESS_SECONDS:
                    told = time.monotonic()
                    later(lambda: tell(replace(begun, share=share)))
                return not should_stop()

            try:
                return replace(begun, share=1.0, found=simulated(question, progress))
            except Stopped:
                return None

        self._simulation.submit(work, tell)

    def stop_simulating(self) -> None:
        """Forget the simulation."""
        self._simulation.cancel()
        self.rest()

    def stop(self) -> None:
        """Forget what is being thought about."""
        self._matters.cancel()


def _taste(
    scenario: Scenario,
    place: Candidate,
    wanted: list[tuple[str, object]],
    should_stop: Callable[[], bool],
    tell: Callable[[str, tuple[KeyEffect, ...]], None],
) -> None:
    """The effects of keys, one after the other, each told as it is known."""
    from engine.plan.sensitivity.key_effects import key_effects

    for key, value in wanted:
        if should_stop():
            return
        found = key_effects(
            scenario, key, value, place.arrangement, place.precision, place.batch, should_stop
        )
        if found is None:
            return
        tell(key, found)
        # The keys have their turn between two keys of the model.
        time.sleep(PAUSE_SECONDS)


def advice_for(
    scenario: Scenario, chosen: Candidate, meets: bool, should_stop: Callable[[], bool]
) -> Advice | None:
    """What would let a candidate pass; for one that meets the objectives, the next better
    batch. None when there is no better one."""
    from engine.plan.prepared import prepare
    from engine.plan.why.remedies import advise, next_better

    wanted = next_better(prepare(scenario), scenario, chosen) if meets else chosen
    return advise(scenario, wanted, should_stop) if wanted is not None else None


def _nudged(
    scenario: Scenario,
    so_far: Thoughts,
    should_stop: Callable[[], bool],
    tell: Callable[[Thoughts], None],
) -> Thoughts | None:
    """Every knob's response, with progress at a pace that eyes and slow lines can follow."""
    from engine.plan.sensitivity.knobs import sensitivity

    told = 0.0

    def progress(done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            tell(replace(so_far, done=done, of=of))

    responses = sensitivity(scenario, should_stop, progress)
    return None if should_stop() else replace(so_far, responses=tuple(responses))
