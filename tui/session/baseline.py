"""The baseline: a pinned scenario that every cell is compared with. Pure.

Two comparisons, because people ask two questions. A cell of the table shows its change against
the *same batch* of the same layout in the baseline's scenario: what has my change done to this
point? The answer line compares the *answers*: is the plan I have now better than the pinned one?
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.model.precision import Precision
from engine.plan.metrics.table import METRICS, THROUGHPUT
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Table
from engine.plan.tables import batch_table
from engine.scenario import Scenario
from engine.words.arrays import IntArray
from engine.words.errors import RooftopError
from engine.words.messages import listed
from engine.work.arrangement import Arrangement
from tui.drawing.format import change, counted
from tui.session.pinned import Pinned

MEMORY = 4096
"""Rows of the baseline that are remembered."""


class Baseline:
    """A scenario, its answer, and its rows as they are asked for."""

    def __init__(self, answer: Pinned) -> None:
        self.answer = answer
        self._prepared: Prepared = prepare(answer.scenario)
        self._last: tuple[object, Table | None] = (None, None)
        self._rows: dict[tuple[Arrangement, str, int], Mapping[str, float] | None] = {}

    @property
    def scenario(self) -> Scenario:
        """The pinned scenario."""
        return self.answer.scenario

    def before(self, table: Table, row: int) -> Mapping[str, float] | None:
        """The metrics of the same batch of the same layout in the baseline; None where its chips
        or model have no such layout. What does not fit there is not a number."""
        arrangement, precision = table.arrangement(row), table.precision(row)
        if len(table.arrangements) == len(table.precisions) == 1:
            whole = self.table(arrangement, precision, table.batch)
            return None if whole is None else whole.values(row)
        key = (arrangement.single, precision.label, int(table.batch[row]))
        if key not in self._rows:
            if len(self._rows) >= MEMORY:
                self._rows.clear()
            made = self._made(arrangement, precision, table.batch[row : row + 1])
            self._rows[key] = None if made is None else made.values(0)
        return self._rows[key]

    def table(
        self, arrangement: Arrangement, precision: Precision, batches: IntArray
    ) -> Table | None:
        """Batches of the same layout in the baseline; None where there is no such layout. The
        last table is remembered."""
        key = (arrangement.single, precision.label, batches.tobytes())
        if self._last[0] != key:
            self._last = (key, self._made(arrangement, precision, batches))
        return self._last[1]

    def _made(
        self, arrangement: Arrangement, precision: Precision, batches: IntArray
    ) -> Table | None:
        prepared = self._prepared
        degrees = arrangement.single
        same = [one for one in prepared.arrangements if one.single == degrees]
        if not same:
            return None
        labels = {one.label: one for one in prepared.precisions}
        own = labels.get(precision.label, prepared.precisions[0])
        try:
            made = batch_table(prepared, self.scenario, same[0], own, batches)
        except RooftopError:
            return None
        # At a rate there is one row, of what is in flight then, and none of other batches.
        return made if len(made) == len(batches) else None

    def cell(self, table: Table, row: int, metric: str) -> str:
        """The change of a metric against the same batch; ``new`` where the baseline had no room
        for it, ``lost`` where there is none any more, empty where it knows no such row."""
        before, now = self.before(table, row), table.value(row, metric)
        if before is None or metric not in before:
            return ""
        if math.isnan(before[metric]):
            return "–" if math.isnan(now) else "new"
        return "lost" if math.isnan(now) else change(now, before[metric])


def against(now: Pinned, before: Pinned) -> str:
    """One answer against another: ``+12% tok/s/chip, TTFT −3.0%, …``."""
    parts = []
    # What candidates are ranked by stands first.
    for metric in sorted(METRICS, key=lambda one: one not in THROUGHPUT.values()):
        if metric.headline and metric.id in now.metrics and metric.id in before.metrics:
            text = change(now.metrics[metric.id], before.metrics[metric.id])
            parts.append(f"{counted(metric.short, now.samples)} {text}")
    return listed(parts)
