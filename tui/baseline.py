"""The baseline: a pinned scenario that every cell is compared with. Pure.

Two comparisons, because people ask two questions. A cell of the table shows its change against
the *same batch* of the same layout in the baseline's scenario: what has my change done to this
point? The answer line compares the *answers*: is the plan I have now better than the pinned one?
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from engine.errors import RooftopError
from engine.layout import Layout
from engine.precision import Precision
from engine.results import IntArray, Table
from engine.scenario import Scenario
from engine.sweep import Prepared, batch_table, prepare
from tui.format import change
from tui.pinned import Pinned

MEMORY = 4096
"""Rows of the baseline that are remembered."""


class Baseline:
    """A scenario, its answer, and its rows as they are asked for."""

    def __init__(self, answer: Pinned) -> None:
        self.answer = answer
        self._prepared: Prepared = prepare(answer.scenario)
        self._last: tuple[object, Table | None] = (None, None)
        self._rows: dict[tuple[Layout, str, int], dict[str, float] | None] = {}

    @property
    def scenario(self) -> Scenario:
        """The pinned scenario."""
        return self.answer.scenario

    def before(self, layout: Layout, precision: Precision, batch: int) -> dict[str, float] | None:
        """The metrics of the same batch in the baseline; None where its chips or model have no
        such layout. What does not fit there is not a number."""
        key = (replace(layout, replicas=1), precision.label, batch)
        if key not in self._rows:
            if len(self._rows) >= MEMORY:
                self._rows.clear()
            table = self._made(layout, precision, np.array([batch], dtype=np.int64))
            self._rows[key] = (
                None
                if table is None
                else {name: float(column[0]) for name, column in table.metrics.items()}
            )
        return self._rows[key]

    def table(self, layout: Layout, precision: Precision, batches: IntArray) -> Table | None:
        """Batches of the same layout in the baseline; None where there is no such layout. The
        last table is remembered."""
        key = (replace(layout, replicas=1), precision.label, batches.tobytes())
        if self._last[0] != key:
            self._last = (key, self._made(layout, precision, batches))
        return self._last[1]

    def _made(self, layout: Layout, precision: Precision, batches: IntArray) -> Table | None:
        prepared = self._prepared
        degrees = replace(layout, replicas=1)
        same = [one for one in prepared.layouts if replace(one, replicas=1) == degrees]
        if not same:
            return None
        labels = {one.label: one for one in prepared.precisions}
        own = labels.get(precision.label, prepared.precisions[0])
        try:
            return batch_table(prepared, self.scenario, same[0], own, batches)
        except RooftopError:
            return None

    def cell(
        self, layout: Layout, precision: Precision, batch: int, metric: str, now: float
    ) -> str:
        """The change of a metric against the same batch; ``new`` where the baseline had no room
        for it, ``lost`` where there is none any more, empty where it knows no such row."""
        before = self.before(layout, precision, batch)
        if before is None or metric not in before:
            return ""
        if math.isnan(before[metric]):
            return "new" if not math.isnan(now) else "–"
        return "lost" if math.isnan(now) else change(now, before[metric])


_ANSWERED = (
    ("tps_per_chip", "tok/s/chip"),
    ("fps_per_chip", "img/s/chip"),
    ("ttft_ms", "TTFT"),
    ("tpot_ms", "TPOT"),
    ("latency_ms", "latency"),
    ("memory_gib", "GiB"),
)


def against(now: Pinned, before: Pinned) -> str:
    """One answer against another: ``+12% tok/s/chip, TTFT −3.0%, …``."""
    parts = []
    for metric, label in _ANSWERED:
        if metric in now.metrics and metric in before.metrics:
            text = change(now.metrics[metric], before.metrics[metric])
            parts.append(f"{label} {text}")
    return ", ".join(parts)
