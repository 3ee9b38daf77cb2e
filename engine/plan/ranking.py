"""Candidates in their order, best first."""

from __future__ import annotations

import numpy as np

from engine.model.kinds import ModelKind
from engine.plan.metrics.table import CODES, UNSTABLE
from engine.plan.results import Sweep, Table
from engine.scenario import Best, Scenario
from engine.words.arrays import FloatArray, IntArray

WORTH = 0.05
"""What a larger batch of a forward model must bring, where no limit says how long one may take:
beyond the knee of the curve only the latency grows."""


def has_knee(table: Table, scenario: Scenario) -> bool:
    """Whether the best batch is the one at the knee: nothing else ends the batches of a forward
    model without a limit on its latency or on its batch."""
    unbounded = scenario.objectives.latency_ms is None and scenario.max_batch is None
    return table.kind is ModelKind.FORWARD and unbounded


def standing(table: Table, scenario: Scenario) -> FloatArray:
    """What rows that meet the objectives are ranked by, more is better: throughput, at the knee and
    beyond it all the same."""
    throughput = wanted(table, scenario)
    throughput = np.where(np.isnan(throughput), 0.0, throughput)
    if not has_knee(table, scenario):
        return throughput
    most = float(throughput.max(initial=0.0, where=table.meets))
    return np.minimum(throughput, most / (1.0 + WORTH))


def wanted(table: Table, scenario: Scenario) -> FloatArray:
    """What is wanted most, more is better."""
    least = RANKED_BY.get(scenario.best, "")
    if least not in table.metrics:
        return table.metrics[table.throughput]
    return 1.0 / table.metrics[least]


RANKED_BY = {Best.COST: "usd_per_million_output", Best.ENERGY: "joules_per_token"}
"""The metric that plans are ranked by in place of throughput, less is better."""


def best_place(table: Table, rows: IntArray, scenario: Scenario) -> int | None:
    """The place in ``rows`` of the best that meets the objectives, None where none does; of those
    that are alike the smallest batch at the knee, else the one farthest from its limits."""
    value = np.where(table.meets, standing(table, scenario), -1.0)[rows]
    if not len(rows) or value.max() < 0:
        return None
    alike = np.flatnonzero(value == value.max())
    return int(alike[np.argmin(_second(table, scenario)[rows][alike])])


def _second(table: Table, scenario: Scenario) -> FloatArray | IntArray:
    """What decides between rows that are ranked alike, less is better: requests that come at a rate
    give every layout of as many chips the same throughput."""
    return table.batch if has_knee(table, scenario) else table.excess


_BEHIND, _NO_START = 1e12, 2e12
"""Beyond every excess over a limit."""


def rank(table: Table, scenario: Scenario, elapsed_seconds: float) -> Sweep:
    """A table as a sweep: meeting rows by throughput, then missing ones by excess, then those that
    serve but fall behind what comes, then those that do not start."""
    key = np.where(table.meets, -standing(table, scenario), table.excess)
    starts = table.binding == CODES[UNSTABLE]
    key = np.where(table.fits, key, np.where(starts, _BEHIND, _NO_START) + table.excess)
    order = _ordered(key, _second(table, scenario))
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


def _ordered(key: FloatArray, second: FloatArray | IntArray) -> IntArray:
    """The places of ascending ``key``, alike ones by ``second`` and then in their order: numpy's
    quick sort and then its ties, which takes a fifth of a stable sort."""
    order = np.argsort(key)
    ranked = key[order]
    same = ranked[1:] == ranked[:-1]
    if bool(np.any(same)):
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        places = order[tied]
        order[tied] = places[np.lexsort((places, second[places], ranked[tied]))]
    return order
