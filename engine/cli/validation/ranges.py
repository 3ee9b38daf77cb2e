"""How far off the prediction of each measured row may be: the ranges that a person would see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Group, Predictions, groups_of
from engine.model.architecture import Architecture
from engine.plan.ranges.case import Case, doubts_of, forward_case, token_case
from engine.plan.ranges.covered import Covered
from engine.plan.ranges.doubts import Doubt
from engine.plan.ranges.of_system import accuracy_of_case
from engine.serve.system import System
from engine.words.arrays import FloatArray, IntArray
from engine.work.arrangement import Disaggregated

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
        kind, system = rows[group.places[0]].kind, group.system
        for case, places in cases_of_group(kind, system, group):
            known = accuracy_of_case(case, system.chip.name, system.engine.name)
            for metric, name in NAMES.items():
                predicted = places[~np.isnan(predictions.values[metric][places])]
                widths = (("range", known.share(name)), ("wide", known.wide_share(name)))
                for width, share in widths:
                    if share is not None:
                        columns[f"{metric}_{width}_percent"][predicted] = round(100 * share, 1)
    return columns


def cases_of_group(
    kind: str, system: System, group: Group, known: Covered | None = None
) -> Iterator[tuple[Case, IntArray]]:
    """The cases of a group's rows by what is ``known`` of its ``system``, else by all published
    runs, and the places of the rows of each."""
    if not isinstance(system.model, Architecture):
        yield forward_case(system.chip), np.array(group.places)
        return
    places: dict[tuple[Doubt, ...], list[int]] = {}
    for call, place in zip(group.calls, group.places, strict=True):
        pools = isinstance(call.arrangement, Disaggregated)
        asked = doubts_of(system, call.scenario.workload, pools)
        places.setdefault(asked, []).append(place)
    for asked, of_case in places.items():
        yield token_case(kind, system, asked, known), np.array(of_case)
