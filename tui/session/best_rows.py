"""Which row of a table the cursor stands on of itself, and which one the answer names."""

from __future__ import annotations

import numpy as np

from engine.plan.ranking import best_place
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.words.arrays import IntArray

_NEVER = 1e12
"""More than any excess."""


def best_shown(table: Table, rows: IntArray, scenario: Scenario) -> int:
    """The place among ``rows`` of the fixed batch, else of the best, else of the nearest to the
    objectives that fits."""
    if not len(rows):
        return 0
    fixed = np.flatnonzero(table.batch[rows] == scenario.fixed_batch)
    if len(fixed):
        return int(fixed[0])
    best = best_place(table, rows, scenario)
    if best is not None:
        return best
    return int(np.argmin(np.where(table.fits[rows], table.excess[rows], _NEVER)))


def best_meeting(table: Table, scenario: Scenario) -> int | None:
    """The row with most throughput that meets the objectives."""
    if not table.meets.any():
        return None
    if scenario.fixed_batch is not None:
        places = np.flatnonzero((table.batch == scenario.fixed_batch) & table.meets)
        return int(places[0]) if len(places) else None
    return best_place(table, np.arange(len(table)), scenario)
