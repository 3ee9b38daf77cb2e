"""A candidate after one change, worked out like any other scenario."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.plan.metrics.table import NO_MEMORY
from engine.plan.nudges.nudge import Nudge
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Table
from engine.plan.tables import batch_table, rows_table
from engine.plan.why.shortfall import Candidate, Shortfall, shortfall
from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change and what the candidate does after it. ``shortfall`` is None when it passes;
    ``throughput`` is per chip, NaN where it does not fit."""

    nudge: Nudge
    candidate: Candidate
    shortfall: Shortfall | None
    throughput: float

    @property
    def passes(self) -> bool:
        """Whether this change alone would do."""
        return self.shortfall is None


def table_of(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Table:
    """The candidate as a table of one row."""
    batches = np.array([candidate.batch], dtype=np.int64)
    return batch_table(prepared, scenario, candidate.arrangement, candidate.precision, batches)


def remedy_of(nudge: Nudge, candidate: Candidate) -> Remedy | None:
    """The candidate after a change; None when the change cannot be worked out."""
    try:
        prepared = prepare(nudge.scenario)
        options = _counterparts(prepared, nudge.scenario, candidate)
        return best_remedy(judged(prepared, [nudge] * len(options), options))
    except RooftopError:
        return None


def best_remedy(remedies: list[Remedy]) -> Remedy | None:
    """The one that passes with most throughput, else the one that misses by least."""

    def rank(one: Remedy) -> tuple[int, float]:
        if one.shortfall is None:
            return (2, one.throughput)
        fits = one.shortfall.verdict is not NO_MEMORY
        return (int(fits), -one.shortfall.value / one.shortfall.limit)

    return max(remedies, key=rank, default=None)


def judged(
    prepared: Prepared, nudges: Sequence[Nudge], candidates: Sequence[Candidate]
) -> list[Remedy]:
    """What each candidate of one scenario does: those of one type at once, which costs little
    more than one of them."""
    remedies = []
    pairs = list(zip(nudges, candidates, strict=True))
    for kind in dict.fromkeys(type(one.arrangement) for one in candidates):
        alike = [pair for pair in pairs if type(pair[1].arrangement) is kind]
        scenario, precision = alike[0][0].scenario, alike[0][1].precision
        arrangements = tuple(one.arrangement for _, one in alike)
        batches = np.array([one.batch for _, one in alike], dtype=np.int64)
        table = rows_table(prepared, scenario, precision, arrangements, batches)
        for row, (nudge, candidate) in enumerate(alike):
            missed = shortfall(table, row, prepared, scenario)
            throughput = float(table.metrics[table.throughput][row])
            remedies.append(Remedy(nudge, candidate, missed, throughput))
    return remedies


def _counterparts(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> list[Candidate]:
    """The same candidate in another scenario: the same layout at the same batch where it is
    legal and uses all chips; else every layout with as many sequences per chip."""
    if candidate.precision not in prepared.precisions:
        candidate = replace(candidate, precision=prepared.precisions[0])
    if candidate.arrangement in prepared.arrangements:
        return [candidate]
    return spread_over(prepared.arrangements, candidate, scenario.chips)


def spread_over(
    arrangements: Sequence[Arrangement], candidate: Candidate, chips: int
) -> list[Candidate]:
    """The candidate's sequences per chip in every arrangement that uses all ``chips``."""
    per_chip = candidate.batch / candidate.arrangement.single.chips
    return [
        replace(candidate, arrangement=one, batch=math.ceil(per_chip * one.single.chips - 1e-9))
        for one in arrangements
        if one.chips == chips
    ]
