"""Candidates as columns: what data frames and files are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.plan.kept import certainty_percent, is_near
from engine.plan.metrics.table import VERDICTS
from engine.plan.prepared import Prepared
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.serve.outcome import PoolRole
from engine.words.arrays import FloatArray, IntArray

Columns = dict[str, NDArray[Any]]


def table_columns(
    prepared: Prepared, scenario: Scenario, table: Table, sizes: FloatArray, rows: IntArray
) -> Columns:
    """The ``rows`` of a table as arrays of equal length, by the names of ``rooftop sweep --json``.

    ``sizes`` are the table's requests in flight per replica. ``…_range_percent`` is the ± of a kind
    of figures; NaN where a row has no such figure.
    """
    where, which = table.arrangement_index[rows], table.precision_index[rows]
    arrangements, precisions = table.arrangements, table.precisions
    degrees = gathered([one.columns() for one in arrangements], 0)
    formats = gathered(
        [
            {
                "precision": one.name,
                "weights": one.weights.name,
                "activations": one.activations.name,
                "kv": one.kv.name,
            }
            for one in precisions
        ]
    )
    ranges, cases = gathered([one.values() for one in table.accuracies]), table.case_index[rows]
    replicas = np.array([one.replicas for one in arrangements])[where]
    return {
        "model": np.full(len(rows), prepared.model.name),
        "chip": np.full(len(rows), prepared.chip.id),
        "chips": np.array([one.chips for one in arrangements])[where],
        "layout": np.array([one.name for one in arrangements])[where],
        **{name: column[where] for name, column in degrees.items()},
        **{name: column[which] for name, column in formats.items()},
        "batch": table.batch[rows],
        "concurrency": np.rint(sizes[rows] * replicas).astype(np.int64),
        **table.figures_of(rows, *table.metrics),
        "fits": table.fits[rows],
        "meets": table.meets[rows],
        "near": is_near(table, scenario.objectives, rows),
        "certainty_percent": np.round(certainty_percent(table, scenario.objectives, rows), 1),
        "binding": np.array([one.id for one in VERDICTS])[table.binding[rows]],
        "pool": np.array([one.label for one in PoolRole])[table.pools[rows]],
        **{name: column[cases] for name, column in ranges.items()},
    }


def gathered(rows: Iterable[Mapping[str, Any]], missing: Any = np.nan) -> Columns:
    """Rows of plain values as columns, in the order in which their names come up."""
    listed = list(rows)
    names = dict.fromkeys(name for row in listed for name in row)
    return {name: np.array([row.get(name, missing) for row in listed]) for name in names}
