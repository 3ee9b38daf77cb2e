"""What a candidate misses by most."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.model.precision import Precision
from engine.plan.metrics.table import (
    LARGEST_RATE,
    MEMORY,
    NO_FIGURE,
    NO_MEMORY,
    NOTHING,
    TOO_MANY,
    UNSTABLE,
    Verdict,
)
from engine.plan.prepared import Prepared
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.serve.images import with_images
from engine.serve.resolve import longest_tokens
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row as a person points at it."""

    arrangement: Arrangement
    precision: Precision
    batch: int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a candidate misses by most: its value and the limit, in ms, GiB per chip for memory,
    sequences for the scheduler, tokens for the context."""

    verdict: Verdict
    value: float
    limit: float

    @property
    def excess(self) -> float:
        """How far beyond the limit, in its unit."""
        return self.value - self.limit


def shortfall(table: Table, row: int, prepared: Prepared, scenario: Scenario) -> Shortfall | None:
    """What a row misses; None when it meets everything, the batch limit included."""
    verdict = table.verdict(row)
    if verdict is NOTHING:
        return None
    if verdict is NO_MEMORY:
        return Shortfall(verdict, table.value(row, MEMORY.id), float(table.capacity_gib[row]))
    if verdict.metric is not None:
        limit = table.limit(row, verdict.metric)
        assert limit is not None, "a limit that is missed is there"
        return Shortfall(verdict, table.value(row, verdict.metric.id), limit)
    if verdict is TOO_MANY:
        most = float(prepared.framework.scheduler.max_sequences)
        return Shortfall(verdict, float(table.batch[row]), most)
    if verdict is UNSTABLE:
        return Shortfall(verdict, scenario.workload.rate, table.value(row, LARGEST_RATE.id))
    if verdict is NO_FIGURE:
        return Shortfall(verdict, math.inf, 1.0)
    asked = longest_tokens(with_images(scenario.workload, prepared.model.architecture)[0])
    return Shortfall(verdict, float(asked), float(prepared.systems[0].max_context))
