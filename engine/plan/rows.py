"""One candidate as plain values: what JSON, CSV, plan files and notebooks say of a row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.plan.kept import certainty_percent, is_near
from engine.plan.kinds import benchmark_names
from engine.plan.lost import why_lost
from engine.plan.prepared import Prepared
from engine.plan.results import Table
from engine.plan.waiting_ranks import row_ranks_note
from engine.scenario import Scenario


def row_values(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> dict[str, Any]:
    """Every figure of a row of ``table`` by its key, with its unit in the key.

    Metrics that do not exist (of a candidate that does not fit) are None; a
    ``…_range_percent`` says how far off such predictions have been.
    """
    return rows_values(prepared, scenario, table, (row,))[0]


def rows_values(
    prepared: Prepared, scenario: Scenario, table: Table, rows: Iterable[int]
) -> list[dict[str, Any]]:
    """As `row_values`, of several rows."""
    errors, cases = [one.values() for one in table.accuracies], table.case_index
    return [_candidate(prepared, scenario, table, row) | errors[int(cases[row])] for row in rows]


def _candidate(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> dict[str, Any]:
    arrangement, precision = table.arrangement(row), table.precision(row)
    batch = int(table.batch[row])
    known = row_metrics(table, row)
    certain = float(certainty_percent(table, scenario.objectives, np.array([row]))[0])
    return {
        "model": prepared.model.name,
        "chip": prepared.chip.id,
        "chips": arrangement.chips,
        "layout": arrangement.name,
        **arrangement.columns(),
        "precision": precision.name,
        "weights": precision.weights.name,
        "activations": precision.activations.name,
        "kv": precision.kv.name,
        "batch": batch,
        **{name: known.get(name) for name in table.metrics},
        "fits": bool(table.fits[row]),
        "meets": bool(table.meets[row]),
        "near": bool(is_near(table, scenario.objectives, np.array([row]))[0]),
        "certainty_percent": None if math.isnan(certain) else round(certain, 1),
        "binding": table.verdict(row).id,
        "pool": table.binding_pool(row).label,
        "why": why_lost(table, row, scenario.objectives),
        "note": row_ranks_note(table, row),
        "benchmark": benchmark_names(prepared, scenario, precision, batch)[0],
    }


def row_metrics(table: Table, row: int) -> dict[str, float]:
    """The metrics of a row, rounded to six digits; absent where there is no finite one."""
    values = table.values(row)
    return {name: float(f"{value:.6g}") for name, value in values.items() if math.isfinite(value)}
