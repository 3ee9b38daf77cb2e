"""What is on screen: the scenario's table, the newest sweep, the row under the cursor.

No Textual here: the screen calls `recompute` in the key's own handler and hands finished sweeps
to `accept`; panes read.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.drafting import chooses
from engine.plan.fleet.fewest import counts
from engine.plan.lengths import fitted, lengths_note
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Sweep, Table
from engine.plan.sweep import sweep
from engine.scenario import DraftTokens, Scenario
from engine.words.arrays import IntArray
from engine.words.errors import RooftopError
from engine.work.arrangement import Arrangement
from tui.session.best_rows import best_meeting, best_shown
from tui.session.layout_table import kept_arrangement, kept_precision, layout_table
from tui.session.pinned import Pinned, samples_of
from tui.session.store import Store
from tui.session.table_view import TableView, viewed_rows

QUICK_CANDIDATES = 6000
"""A sweep of at most this many is made before the answer to a key is drawn: some 4 ms."""
LONGEST_SECONDS = 0.008
"""A quick sweep that takes longer all the same is left to the thread."""


@dataclass(frozen=True, slots=True)
class Swept:
    """A sweep in two numbers: its candidates, and the batch of its best plan."""

    candidates: int = 0
    batch: int | None = None


class Shown:
    """What has been worked out and what of it is shown."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.view = TableView()
        self.prepared: Prepared | None = None
        self.arrangement: Arrangement | None = None
        self.precision: Precision | None = None
        self.table: Table | None = None
        self.sweep: Sweep | None = None
        self.swept = Swept()
        """What is still of use of the last sweep when the scenario has changed."""
        self.swept_scenario: Scenario | None = None
        self.worked_out: Scenario | None = None
        """The scenario that the table on screen belongs to."""
        self.error = ""
        self.remark = ""
        """What came of a change besides what was asked for."""
        self.following = True
        self.shown: Table | None = None
        """The table that `rows` are of: a change of the scenario leaves both until it is worked
        out."""
        self.rows: IntArray = np.zeros(0, dtype=np.int64)
        self.cursor = 0
        self._wanted: int | None = None
        """A batch that must be among those shown, for a cursor that is to stand on it."""

    # --- computing -----------------------------------------------------------------------

    def recompute(self) -> None:
        """Bring the current layout's table up to the scenario; the last good one stays when the
        scenario cannot be worked out, with `error` saying why."""
        scenario = self.store.current
        try:
            prepared = prepare(scenario)
            scenario = self._fitted(prepared, scenario)
            arrangement = kept_arrangement(prepared, self.arrangement)
            precision = kept_precision(prepared, self.precision)
            wanted = self._wanted_batches()
            table = layout_table(prepared, scenario, arrangement, precision, wanted)
        except RooftopError as error:
            self.error = str(error)
            return
        self.error = ""
        self.prepared, self.arrangement, self.precision, self.table = (
            prepared,
            arrangement,
            precision,
            table,
        )
        self.worked_out = scenario
        self._show_rows()

    def _fitted(self, prepared: Prepared, scenario: Scenario) -> Scenario:
        """The scenario with lengths that nobody chose made to fit the model; `remark` says so."""
        found = fitted(scenario, prepared.systems[0])
        changed = found is not scenario
        self.remark = lengths_note(found, prepared.systems[0]) if changed else ""
        self.store.amend(found)
        return found

    def _as_chosen_in(self, scenario: Scenario) -> Scenario:
        """The scenario on screen with the numbers of another that were left to be chosen."""
        now = self.store.current
        if now.drafts is DraftTokens.BEST:
            now = replace(now, draft_tokens=scenario.draft_tokens)
        return replace(now, chips=scenario.chips) if counts(now) else now

    def _amend(self, scenario: Scenario) -> None:
        if scenario == self.store.current:
            return
        self.store.amend(scenario)
        self.recompute()

    def _wanted_batches(self) -> tuple[int, ...]:
        """Batches that must be among those shown: the sweep's best and the cursor's."""
        found = [self.swept.batch] if self.swept.batch is not None else []
        found += [self._wanted] if self._wanted is not None else []
        batch = self._cursor_batch()
        return (*found, batch) if batch is not None else tuple(found)

    def sweep_at_once(self) -> bool:
        """Sweep in the key's own time when the last sweep was that small; whether it is done."""
        if self.prepared is None or not 0 < self.swept.candidates <= QUICK_CANDIDATES:
            return False
        if chooses(self.prepared, self.store.current) or counts(self.store.current):
            return False
        end = time.perf_counter() + LONGEST_SECONDS
        found = sweep(self.prepared, self.store.current, lambda: time.perf_counter() > end)
        if found is None:
            return False
        self.accept(self.store.current, found)
        return True

    def drop_stale_sweep(self) -> None:
        """Let go of a sweep of another scenario: its table would lie beside the one that is being
        made, and is of no use to anybody."""
        if not self.sweep_is_current:
            self.sweep = self.swept_scenario = None

    def accept(self, scenario: Scenario, result: Sweep) -> None:
        """Take a finished sweep; a stale one is dropped."""
        if self.prepared is None:
            return
        if self._as_chosen_in(scenario) == scenario:
            self._amend(scenario)
        if scenario != self.store.current:
            return
        self.sweep, self.swept_scenario = result, scenario
        row = result.best if result.best is not None else result.nearest
        best = int(result.table.batch[row]) if row is not None else None
        self.swept = Swept(result.candidates, best)
        if self.following and row is not None:
            table = result.table
            arrangement, precision = table.arrangement(row), table.precision(row)
            here = self.table is not None and result.table.batch[row] in self.table.batch
            if (arrangement, precision) != (self.arrangement, self.precision) or not here:
                self.arrangement, self.precision = arrangement, precision
                self.recompute()
                return
        self._show_rows()

    @property
    def samples(self) -> str:
        """What a vision model counts; empty for language models."""
        return "" if self.prepared is None else samples_of(self.prepared)

    @property
    def sweep_is_current(self) -> bool:
        """Whether the newest sweep belongs to the scenario on screen."""
        return self.sweep is not None and self.swept_scenario == self.store.current

    @property
    def table_is_current(self) -> bool:
        """Whether the table belongs to the scenario on screen: not while its model is on its
        way, and not when it cannot be worked out."""
        return self.worked_out == self.store.current and not self.error

    # --- what the table shows --------------------------------------------------------------

    def _in_view(self) -> Table | None:
        """The table that the current view is of."""
        if self.view.view == "layout" or not self.sweep_is_current or self.sweep is None:
            return self.table
        return self.sweep.table

    def _show_rows(self) -> None:
        """Find the rows to show; a filter that makes no sense for another kind of model goes."""
        try:
            self._refresh_rows()
        except RooftopError:
            self.view = replace(self.view, match="")
            self._refresh_rows()

    def _refresh_rows(self) -> None:
        keep = self._cursor_batch()
        table = self._in_view()
        if table is None:
            self.shown, self.rows = None, np.zeros(0, dtype=np.int64)
            return
        behind = self.sweep if table is not self.table else None
        rows = viewed_rows(table, self.view, behind.order if behind is not None else None)
        self.shown, self.rows = table, rows
        if self.following:
            self.cursor = best_shown(table, rows, self.store.current)
        elif keep is not None:
            places = np.flatnonzero(table.batch[self.rows] == keep)
            if len(places):
                self.cursor = int(places[np.argmin(np.abs(places - self.cursor))])
        self.cursor = max(0, min(self.cursor, len(self.rows) - 1))

    def _cursor_batch(self) -> int | None:
        table = self.shown
        if table is None or not len(self.rows) or self.cursor >= len(self.rows):
            return None
        return int(table.batch[self.rows[self.cursor]])

    def look(self, view: TableView) -> None:
        """Change how the table is looked at; raises `InputError` for a filter that makes no
        sense, and then stays as it was."""
        before, self.view = self.view, view
        try:
            self._refresh_rows()
        except RooftopError:
            self.view = before
            raise

    def move(self, place: int) -> None:
        """Put the cursor on a place of the table; it stays there until `follow`."""
        self.following = False
        self.cursor = max(0, min(place, len(self.rows) - 1))

    def follow(self) -> None:
        """Let the cursor and the layout follow the best plan again."""
        self.following = True
        if self.sweep_is_current and self.sweep is not None:
            self.accept(self.store.current, self.sweep)
        else:
            self._show_rows()

    def use_layout_of_cursor(self) -> None:
        """Show the batches of the layout under the cursor."""
        chosen = self.selected
        if chosen is None:
            return
        table, row = chosen
        batch = int(table.batch[row])
        self.following = False
        self.arrangement, self.precision = table.arrangement(row), table.precision(row)
        self.view = replace(self.view, view="layout")
        self.recompute()
        if self.shown is not None:
            places = np.flatnonzero(self.shown.batch[self.rows] == batch)
            self.cursor = int(places[0]) if len(places) else 0

    @property
    def at_rate(self) -> bool:
        """Whether the rows of the layout are numbers of replicas, at a rate of requests."""
        return self.table is not None and self.table.at_rate

    @property
    def selected(self) -> tuple[Table, int] | None:
        """The table and row under the cursor."""
        table = self.shown
        if table is None or not len(self.rows):
            return None
        return table, int(self.rows[self.cursor])

    def is_winner(self, table: Table, row: int) -> bool:
        """Whether a row is the plan that the answer names."""
        batch = int(table.batch[row])
        if self.sweep_is_current and self.sweep is not None:
            best, sweep = self.sweep.best, self.sweep.table
            return (
                best is not None
                and batch == int(sweep.batch[best])
                and table.arrangement(row) == sweep.arrangement(best)
                and table.precision(row) == sweep.precision(best)
            )
        return table is self.table and row == best_meeting(table, self.store.current)

    def go_to(self, chosen: Pinned) -> None:
        """Put the cursor on a candidate of the scenario on screen."""
        if self.prepared is None or chosen.arrangement not in self.prepared.arrangements:
            return
        labels = {one.label: one for one in self.prepared.precisions}
        self.arrangement = chosen.arrangement
        self.precision = labels.get(chosen.precision, self.prepared.precisions[0])
        self.view = replace(self.view, view="layout", match="", filter="all")
        self.following = False
        self._wanted = chosen.batch
        self.recompute()
        self._wanted = None
        if self.shown is not None:
            places = np.flatnonzero(self.shown.batch[self.rows] == chosen.batch)
            self.cursor = int(places[0]) if len(places) else 0
