"""Candidates in their order, best first."""

from __future__ import annotations

import numpy as np

from engine.plan.results import Sweep, Table
from engine.words.arrays import IntArray


def rank(table: Table, elapsed_seconds: float) -> Sweep:
    """A table as a sweep: meeting rows by throughput, then missing ones by excess, then the
    rest."""
    throughput = np.nan_to_num(table.metrics[table.throughput], nan=0.0)
    key = np.where(table.meets, -throughput, table.excess)
    key = np.where(table.fits, key, 1e12 + table.excess)
    order = np.argsort(key, kind="stable")
    best = int(order[0]) if len(order) and table.meets[order[0]] else None
    nearest = None if best is not None or not len(order) else int(order[0])
    return Sweep(
        table=table,
        order=order,
        candidates=len(table),
        best=best,
        runner_up=_runner_up(table, order, best),
        nearest=nearest,
        elapsed_seconds=elapsed_seconds,
    )


def _runner_up(table: Table, order: IntArray, best: int | None) -> int | None:
    """The best row that meets the objectives with another arrangement or precision."""
    if best is None:
        return None
    meeting = order[: int(np.count_nonzero(table.meets))]
    other = (table.arrangement_index[meeting] != table.arrangement_index[best]) | (
        table.precision_index[meeting] != table.precision_index[best]
    )
    places = np.flatnonzero(other)
    return int(meeting[places[0]]) if len(places) else None
