"""The table of one layout: its batches, or its numbers of replicas at a rate of requests."""

from __future__ import annotations

from engine.model.precision import Precision
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.results import Table
from engine.plan.search import batch_limits
from engine.plan.tables import batch_table, replicas_table
from engine.scenario import Scenario
from engine.serve.kinds import kind_of
from engine.work.arrangement import Arrangement
from tui.session.table_view import shown_batches

EXTRA_ROWS = 1
"""Batches shown beyond the largest that fits, to say what they lack."""


def kept_arrangement(prepared: Prepared, before: Arrangement | None) -> Arrangement:
    """The one that was on screen, or one of its layout; else the last."""
    if before is None:
        return prepared.arrangements[-1]
    if before in prepared.arrangements:
        return before
    alike = (one for one in prepared.arrangements if one.single == before.single)
    return next(alike, prepared.arrangements[-1])


def kept_precision(prepared: Prepared, before: Precision | None) -> Precision:
    """The one that was on screen, else the first."""
    return next((one for one in prepared.precisions if one == before), prepared.precisions[0])


def layout_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    wanted: tuple[int, ...],
) -> Table:
    """Its rows: ``wanted`` batches are among them, and a scenario's fixed one."""
    if scenario.workload.rate and kind_of(prepared.kind).waits:
        return replicas_table(prepared, scenario, arrangement, precision)
    limits = batch_limits(prepared, scenario, precision)
    fitting = int(limits[prepared.arrangements.index(arrangement)])
    most = min(fitting + EXTRA_ROWS, LARGEST_BATCH, scenario.max_batch or LARGEST_BATCH)
    if scenario.fixed_batch is not None:
        most, wanted = max(most, scenario.fixed_batch), (*wanted, scenario.fixed_batch)
    shown = shown_batches(most, wanted)
    return batch_table(prepared, scenario, arrangement, precision, shown)
