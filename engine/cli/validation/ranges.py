"""How far off the prediction of each measured row may be: the ranges that a person would see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions, groups_of
from engine.model.architecture import Architecture
from engine.plan.ranges.case import forward_case, token_case
from engine.plan.ranges.of_system import accuracy_of_case
from engine.words.arrays import FloatArray

NAMES = {
    "ttft_ms": "ttft",
    "tpot_ms": "tpot",
    "e2el_ms": "e2e",
    "output_tps_per_chip": "throughput",
    "samples_per_s": "throughput",
    "latency_ms": "latency",
    "ttft_p99_ms": "ttft_p99",
    "tpot_p99_ms": "tpot_p99",
    "e2el_p99_ms": "e2e_p99",
}
"""Metrics as rows publish them, and what their ranges are called."""


def row_ranges(
    rows: Sequence[Measurement], predictions: Predictions, configs: Path | None
) -> Mapping[str, FloatArray]:
    """For every metric ``…_range_percent`` (two of three such results lay within) and
    ``…_wide_percent`` (nine of ten), one value per row, NaN where the metric is not predicted."""
    columns = {
        f"{metric}_{width}_percent": np.full(len(rows), np.nan)
        for metric in NAMES
        for width in ("range", "wide")
    }
    for group in groups_of(predictions.calls, [*predictions.refused], Library(configs)):
        system, places = group.system, np.array(group.places)
        if isinstance(system.model, Architecture):
            case = token_case(rows[places[0]].kind, system)
        else:
            case = forward_case(system.chip)
        known = accuracy_of_case(case, system.chip.name, system.engine.name)
        for metric, name in NAMES.items():
            predicted = places[~np.isnan(predictions.values[metric][places])]
            for width, share in (("range", known.share(name)), ("wide", known.wide_share(name))):
                if share is not None:
                    columns[f"{metric}_{width}_percent"][predicted] = round(100 * share, 1)
    return columns
