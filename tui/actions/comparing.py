"""Thinking tools: baseline, marks, what matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.words.messages import say
from tui.actions.base import Group
from tui.beside.fetching import Fetching
from tui.beside.thinking import Thinking
from tui.desk import Desk

if TYPE_CHECKING:
    from engine.plan.nudges.nudge import Nudge
    from tui.session.pinned import Pinned


class Comparing(Group):
    """The pinned scenario, marked rows and nudged inputs."""

    def __init__(self, desk: Desk, thinking: Thinking, fetching: Fetching) -> None:
        super().__init__(desk)
        self._thinking = thinking
        self._fetching = fetching

    def do_baseline(self) -> None:
        """Pin the scenario and its answer, or let go of the pinned one."""
        session = self._session
        if session is None:
            return
        if session.baseline is not None:
            session.baseline = None
            self._desk.paint()
            self._desk.say("no baseline any more")
            return
        self._pin()

    def _pin(self) -> None:
        from tui.session.baseline import Baseline

        session = self._session
        pinned = session.answered() or session.pin() if session is not None else None
        if session is None or pinned is None:
            self._desk.say("nothing to pin yet")
            return
        session.baseline = Baseline(pinned)
        self._desk.paint()
        self._desk.say(
            say("baseline: {pinned}; change something, B swaps, b lets go", pinned=pinned.name)
        )

    def do_swap(self) -> None:
        """Swap the scenario with the baseline's."""
        session = self._session
        if session is None or session.baseline is None:
            self._desk.say("no baseline is pinned; b pins one")
            return
        there = session.baseline.answer
        if there.scenario == self._store.current:
            self._desk.say("the scenario is the baseline's; change something first")
            return
        self._pin()
        self._change(there.scenario, "swap with the baseline")
        self._desk.say(say("now: {there}", there=there.name))

    def do_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        session = self._session
        pinned = session.pin() if session is not None else None
        if session is None or pinned is None:
            self._desk.say("nothing to mark yet")
            return
        kept = [one for one in session.marked if not one.same_candidate(pinned)]
        if len(kept) == len(session.marked):
            kept.append(pinned)
        session.marked = kept
        self._table.update()
        self._desk.paint_footer()
        self._desk.say(say("{kept} marked; c compares, x forgets", kept=len(kept)))

    def do_unmark(self) -> None:
        """Forget all marks."""
        if self._session is not None:
            self._session.marked = []
            self._desk.paint()

    def do_compare(self) -> None:
        """Marked rows and plan files side by side; the row under the cursor when none is."""
        from tui.overlays.compare_page import ComparePage

        session = self._session
        if session is None:
            return
        here = session.pin()
        columns = tuple(session.marked) or ((here,) if here is not None else ())
        if not columns:
            self._desk.say("nothing to compare yet")
            return

        def kept(marked: list[Pinned]) -> None:
            session.marked = marked

        self._desk.open(ComparePage(columns, kept), self._go_to)

    def do_diff(self) -> None:
        """The keys in which the row under the cursor differs from a plan file."""
        suggestion = str(self._desk.plan_path) if self._desk.plan_path else ""
        self._desk.ask("Differences from plan:", suggestion, self._diff)

    def _diff(self, text: str) -> None:
        from engine.sources.files import user_path
        from tui.overlays.compare_page import ComparePage
        from tui.session.pinned import pin_plan

        session = self._session
        here = session.pin() if session is not None else None
        if here is None or not text.strip():
            return
        columns = (pin_plan(user_path(text.strip())), here)
        self._desk.open(ComparePage(columns, lambda kept: None, differing=True), self._go_to)

    def _go_to(self, chosen: Pinned | None) -> None:
        session = self._session
        if session is None or chosen is None:
            self._desk.paint()
            return
        self._change(chosen.scenario, f"open {chosen.source or chosen.name}")
        if not self._fetching.text:
            session.go_to(chosen)
        self._desk.paint()

    def do_sensitivity(self) -> None:
        """Which knob matters most: every input nudged, swept again, sorted; and what would let
        the next better batch pass."""
        from tui.overlays.sensitivity_page import SensitivityPage

        session = self._session
        if session is None or not session.sweep_is_current:
            self._desk.say("the sweep is still running")
            return
        page = SensitivityPage()
        self._desk.open(page, self._nudge)
        self._thinking.matters(page)

    def _nudge(self, chosen: Nudge | None) -> None:
        self._thinking.stop()
        if chosen is None:
            self._thinking.rest()
        else:
            self._change(chosen.scenario, f"{chosen.knob} {chosen.before} → {chosen.after}")

    def do_simulate(self) -> None:
        """Serve requests one by one on the plan of the row under the cursor."""
        from tui.overlays.simulation_page import SimulationPage

        session = self._session
        if session is None or session.selected is None or session.prepared is None:
            self._desk.say("nothing to simulate yet")
            return
        if session.prepared.kind is not ModelKind.TOKENS:
            self._desk.say("only models that generate tokens are simulated")
            return
        table, row = session.selected
        scenario, arrangement = self._store.current, table.arrangement(row)
        clients = 0
        if not scenario.workload.rate:
            clients = int(table.batch[row]) * arrangement.replicas
        load = (
            say("{clients:,} clients", clients=clients)
            if clients
            else say("{rate:g} requests/s", rate=scenario.workload.rate)
        )
        subject = say(
            "{model} as {arrangement}, {load}",
            model=session.prepared.model.name,
            arrangement=arrangement.name,
            load=load,
        )
        page = SimulationPage(subject, scenario.objectives)
        self._desk.open(page, lambda _: self._thinking.stop_simulating())
        place = int(table.precision_index[row])
        self._thinking.simulate(page, scenario, arrangement, place, clients)

    def do_history(self) -> None:
        """Every change so far, and the way back to any of them."""
        from tui.overlays.history import HistoryPage

        self._desk.open(HistoryPage(self._store), self._jump)

    def _jump(self, place: int | None) -> None:
        if place is not None and self._store.jump(place):
            self._desk.scenario_changed()
        else:
            self._thinking.rest()
