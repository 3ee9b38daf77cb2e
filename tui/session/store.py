"""The scenario and its history: a list of frozen values with a place in it. Pure."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.scenario import Scenario

LIMIT = 200
COALESCE_SECONDS = 1.0


class Store:
    """Where the current `Scenario` lives. ``set`` makes history, ``undo`` and ``redo`` walk it.

    Changes of the same ``path`` within a second become one entry, so that typing ``4096`` is
    one step back, not four.
    """

    def __init__(self, scenario: Scenario, clock: Callable[[], float] = time.monotonic) -> None:
        self._past: list[tuple[str, Scenario]] = []
        self._future: list[tuple[str, Scenario]] = []
        self._clock = clock
        self._last: tuple[str, float] = ("", 0.0)
        self.current = scenario
        self.saved = scenario

    @property
    def dirty(self) -> bool:
        """Whether the scenario differs from the last saved or opened one."""
        return self.current != self.saved

    @property
    def history(self) -> tuple[str, ...]:
        """What was changed, oldest first."""
        return tuple(path for path, _ in self._past)

    @property
    def timeline(self) -> tuple[tuple[str, Scenario], ...]:
        """Every scenario of the history with the change that made it, oldest first; undone ones
        come last. The first was there at the start."""
        made = ["start", *(path for path, _ in self._past)]
        known = [*(scenario for _, scenario in self._past), self.current]
        undone = [(path, scenario) for path, scenario in reversed(self._future)]
        return (*zip(made, known, strict=True), *undone)

    @property
    def place(self) -> int:
        """Where the current scenario stands in the `timeline`."""
        return len(self._past)

    def jump(self, place: int) -> bool:
        """Undo or redo until the current scenario is at ``place``; False when it already is."""
        moved = False
        while self.place > place and self.undo() is not None:
            moved = True
        while self.place < place and self.redo() is not None:
            moved = True
        return moved

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return bool(self._future)

    def set(self, scenario: Scenario, path: str) -> bool:
        """Make ``scenario`` the current one; False when it already is."""
        if scenario == self.current:
            return False
        now = self._clock()
        name, at = self._last
        if not (self._past and name == path and now - at < COALESCE_SECONDS):
            self._past.append((path, self.current))
            del self._past[:-LIMIT]
        self._last = (path, now)
        self._future.clear()
        self.current = scenario
        return True

    def separate(self) -> None:
        """Let the next change have an entry of its own."""
        self._last = ("", 0.0)

    def rewind(self, scenario: Scenario) -> bool:
        """Back to a scenario of the past as if nothing had come after it; False when it is the
        current one."""
        if scenario == self.current:
            return False
        while self._past and self.current != scenario:
            self.current = self._past.pop()[1]
        self.separate()
        return True

    def amend(self, scenario: Scenario) -> None:
        """Put what follows from a change in its place: no entry of its own."""
        if self.saved == self.current:
            self.saved = scenario
        self.current = scenario

    def undo(self) -> str | None:
        """Step back; what was undone, or None at the beginning."""
        return self._step(self._past, self._future)

    def redo(self) -> str | None:
        """Step forward again; what was redone, or None at the end."""
        return self._step(self._future, self._past)

    def _step(
        self, source: list[tuple[str, Scenario]], target: list[tuple[str, Scenario]]
    ) -> str | None:
        if not source:
            return None
        path, scenario = source.pop()
        target.append((path, self.current))
        self.current = scenario
        self._last = ("", 0.0)
        return path

    def mark_saved(self) -> None:
        """Remember the current scenario as saved."""
        self.saved = self.current
