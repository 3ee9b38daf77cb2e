"""How many chips a model takes that does not fit."""

from __future__ import annotations

from dataclasses import replace

from engine.plan.metrics.table import NO_MEMORY
from engine.plan.prepared import prepare
from engine.plan.results import Sweep
from engine.plan.sweep import sweep
from engine.scenario import PoolChoice, Scenario
from engine.words.errors import InputError

MOST_TIMES = 64
"""So many times the chips that were asked about, doubled each time."""


def fits_on(scenario: Scenario, found: Sweep) -> int:
    """Twice the chips, or four times …: the first with a layout that has the memory; 0 where
    ``found`` lacks none, or more chips do not help."""
    row = found.nearest
    if row is None or found.table.verdict(row) is not NO_MEMORY:
        return 0
    if scenario.pools != PoolChoice():
        return 0
    times = 2
    while times <= MOST_TIMES:
        more = replace(scenario, chips=scenario.chips * times, max_batch=1)
        try:
            tried = sweep(prepare(more), more)
        except InputError:
            return 0
        if tried is not None and tried.table.fits.any():
            return more.chips
        times *= 2
    return 0
