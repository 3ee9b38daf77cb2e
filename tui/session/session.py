"""What the app knows, and what it says of it: the answer in a sentence, plans to compare with."""

from __future__ import annotations

import numpy as np

from engine.plan.answer import answer
from engine.plan.lost import why_lost
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Sweep, Table
from engine.words.messages import say
from tui.session.baseline import Baseline, against
from tui.session.best_rows import best_meeting
from tui.session.pinned import Pinned, pin_row
from tui.session.shown import Shown
from tui.session.store import Store


class Session(Shown):
    """The app's state between keys."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.baseline: Baseline | None = None
        self.marked: list[Pinned] = []

    def is_marked(self, table: Table, row: int) -> bool:
        """Whether a row of the scenario on screen is marked for comparing."""
        return any(one.is_row(self.store.current, table, row) for one in self.marked)

    def sentence(self) -> str:
        """The answer, against the baseline's if there is one."""
        text, compared = self._answer(), self.against_baseline()
        if text and compared:
            return say("{text} Δ baseline: {compared}.", text=text, compared=compared)
        return text

    def _answer(self) -> str:
        """The answer; while a sweep runs, the best of the layout on screen."""
        scenario, prepared, table = self.store.current, self.prepared, self.table
        if prepared is None or not self.table_is_current:
            return ""
        if self.sweep_is_current and self.sweep is not None:
            return answer(prepared, scenario, self.sweep)
        if table is None or self.arrangement is None:
            return ""
        place = best_meeting(table, scenario)
        if place is None:
            return say("Trying every layout …")
        return answer(prepared, scenario, _single(table, place))

    @property
    def answer_verdict(self) -> str:
        """``meets`` or ``misses``; ``busy`` while the sweep runs."""
        if not self.sweep_is_current or self.sweep is None:
            return "busy"
        return "meets" if self.sweep.best is not None else "misses"

    def answered(self) -> Pinned | None:
        """The plan that the answer names, as something to compare with."""
        if self.prepared is None or not self.table_is_current:
            return None
        scenario, table = self.store.current, self.table
        if self.sweep_is_current and self.sweep is not None:
            table, best = self.sweep.table, self.sweep.best
        else:
            best = None if table is None else best_meeting(table, scenario)
        if best is None or table is None:
            return None
        return pin_row(self.prepared, scenario, table, best)

    def against_baseline(self) -> str:
        """The answer against the baseline's, empty without a baseline or an answer."""
        if self.baseline is None:
            return ""
        now = self.answered()
        return "" if now is None else against(now, self.baseline.answer)

    def accuracy(self) -> Accuracy | None:
        """How far off predictions like the one under the cursor have been."""
        if self.prepared is None or self.selected is None:
            return None
        table, row = self.selected
        return table.accuracy(row)

    def pin(self) -> Pinned | None:
        """The row under the cursor as something to compare with; None while it is not one of the
        scenario on screen."""
        chosen = self.selected
        if chosen is None or self.prepared is None or not self.table_is_current:
            return None
        return pin_row(self.prepared, self.store.current, *chosen)

    def row_text(self, table: Table, row: int) -> str:
        """A row in one line: the benchmark's name, the plan and its numbers."""
        from engine.plan.kinds import benchmark_names

        prepared, scenario = self.prepared, self.store.current
        assert prepared is not None
        precision, batch = table.precision(row), int(table.batch[row])
        names = benchmark_names(prepared, scenario, precision, batch)
        numbers = " ".join(f"{name}={one:.6g}" for name, one in table.values(row).items())
        verdict = why_lost(table, row, scenario.objectives) or "meets"
        plan = (
            f"{prepared.model.name} {prepared.chip.id} {table.arrangement(row).name} "
            f"{precision.name} B{batch}"
        )
        return f"{names[0]} {plan}: {numbers} {verdict}"


def _single(table: Table, row: int) -> Sweep:
    return Sweep(table, np.array([row]), len(table), row, None, None, 0.0)
