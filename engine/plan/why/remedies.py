"""What would have to change for a batch to pass: single changes that would do, found by trying.

The candidate that misses keeps its batch and layout; where a change makes the layout illegal or
adds chips, every layout that keeps as many sequences in flight per chip is tried. Nothing is
predicted by rule of thumb: each change is worked out like any other scenario.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.kinds import plan_kind
from engine.plan.prepared import LARGEST_BATCH, Prepared, prepare
from engine.plan.results import Table
from engine.plan.tables import batch_table
from engine.plan.why.changes import (
    any_layout,
    first_chip,
    more_chips,
    other_layout,
    other_length,
    wider_limits,
)
from engine.plan.why.shortfall import Candidate, Shortfall, shortfall
from engine.plan.why.trying import Remedy, remedy_of, table_of
from engine.scenario import LayoutLimits, Scenario

REACH = 256
"""How many larger batches are looked at for one with more throughput."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A candidate that misses (or not: then ``shortfall`` is None) and what was tried, those that
    would do first."""

    candidate: Candidate
    shortfall: Shortfall | None
    throughput: float
    remedies: tuple[Remedy, ...]
    batch_limit: int | None = None
    """The scenario's own limit on batches, where that is what keeps the candidate out."""


def next_better(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Candidate | None:
    """The smallest larger batch of the same layout that would give more per chip, whatever it
    misses; None when no larger batch within reach would. Without memory for it there is no
    throughput to compare, so the first batch that does not fit counts as better."""
    last = min(candidate.batch + REACH, LARGEST_BATCH)
    batches = np.arange(candidate.batch, last + 1)
    table = batch_table(prepared, scenario, candidate.arrangement, candidate.precision, batches)
    throughput = table.metrics[table.throughput]
    better = np.flatnonzero((throughput > throughput[0]) | ~table.fits)
    if not len(better):
        return None
    return replace(candidate, batch=int(batches[better[0]]))


def advise(
    scenario: Scenario,
    candidate: Candidate,
    should_stop: Callable[[], bool] | None = None,
) -> Advice | None:
    """Try single changes that would let ``candidate`` pass; None when stopped. Nothing is tried
    for one that passes already. Raises `InputError` where the scenario itself is impossible."""
    prepared = prepare(scenario)
    table = table_of(prepared, scenario, candidate)
    missed = shortfall(table, 0, prepared, scenario)
    throughput = float(table.metrics[table.throughput][0])
    limit = scenario.max_batch
    limit = limit if limit is not None and candidate.batch > limit else None
    if missed is None:
        return Advice(candidate, None, throughput, (), limit)
    found: list[Remedy] = []
    for attempt in _attempts(prepared, scenario, candidate, table):
        if should_stop is not None and should_stop():
            return None
        remedy = attempt()
        if remedy is not None:
            found.append(remedy)
    found.sort(key=lambda one: not one.passes)
    return Advice(candidate, missed, throughput, tuple(found), limit)


Attempt = Callable[[], Remedy | None]


def _attempts(
    prepared: Prepared, scenario: Scenario, candidate: Candidate, table: Table
) -> Iterator[Attempt]:
    """Everything that is tried, the least intrusive first."""
    kind = plan_kind(prepared)
    for nudge in kind.precision_nudges(scenario, prepared):
        yield lambda nudge=nudge: remedy_of(nudge, candidate)  # type: ignore[misc]
    yield lambda: wider_limits(scenario, candidate, table)
    yield lambda: first_chip(prepared, scenario, candidate)
    if kind.rearranges:
        yield lambda: more_chips(scenario, candidate)
        if scenario.limits != LayoutLimits():
            yield lambda: any_layout(prepared, scenario, candidate)
        yield lambda: other_layout(prepared, scenario, candidate)
    for field in kind.lengths:
        yield lambda field=field: other_length(scenario, candidate, field)  # type: ignore[misc]
