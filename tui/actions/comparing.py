"""Thinking tools: baseline, marks, what matters."""

from __future__ import annotations

from tui.actions.base import Group


class Comparing(Group):
    """The pinned scenario, marked rows and nudged inputs."""

    def do_baseline(self) -> None:
        """Pin the row under the cursor, or let go of the pinned one."""
        session = self._session
        if session is None:
            return
        session.baseline = None if session.baseline is not None else session.pin()
        pinned = session.baseline
        self._screen.paint()
        self._screen.say(f"baseline: {pinned.name}" if pinned else "no baseline")

    def do_swap(self) -> None:
        """Swap the scenario with the baseline's."""
        session = self._session
        if session is None or session.baseline is None:
            self._screen.say("no baseline is pinned; b pins one")
            return
        here, there = session.pin(), session.baseline
        session.baseline = here
        self._change(there.scenario, "swap with baseline")

    def do_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        session = self._session
        pinned = session.pin() if session is not None else None
        if session is None or pinned is None:
            return
        names = [one.name for one in session.marked]
        if pinned.name in names:
            del session.marked[names.index(pinned.name)]
        else:
            session.marked.append(pinned)
        self._screen.table.update()
        self._screen.say(f"{len(session.marked)} marked; c compares, x forgets")

    def do_unmark(self) -> None:
        """Forget all marks."""
        if self._session is not None:
            self._session.marked.clear()
            self._screen.paint()

    def do_compare(self) -> None:
        """Marked rows side by side."""
        from tui.overlays.compare import compare_lines

        session = self._session
        if session is None or len(session.marked) < 2:
            self._screen.say("mark two rows or more with space first")
            return
        self._overlay("compare", compare_lines(session.marked))

    def do_sensitivity(self) -> None:
        """Which knob matters most: every input nudged, swept again, sorted."""
        from engine.sensitivity import sensitivity
        from tui.overlays.sensitivity import sensitivity_lines

        session = self._session
        if session is None or not session.sweep_is_current:
            self._screen.say("the sweep is still running")
            return
        found = sensitivity(self._store.current)
        if not found:
            self._screen.say("nothing meets the objectives, so there is no plan to nudge")
            return
        self._overlay("what matters", sensitivity_lines(found))
