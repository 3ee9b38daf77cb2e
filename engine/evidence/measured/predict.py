"""Predict measured rows: each is a call; those of one system are evaluated as arrays.

Rows of one model, chip, engine and precision differ only in arrangement, lengths and size; all of
these are arrays of the physics, one row of measurements being one row of the array, and no row
depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from engine.evidence.measured.calls import call_of
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.reported import token_seconds
from engine.scenario import Scenario, Workload
from engine.serve.asked import drafts_of, load_of
from engine.serve.call import Call, Most, size_per_replica
from engine.serve.load import Load, Open
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes, predict
from engine.serve.requests import Requests
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.statistic import Statistic

MEANS = ("ttft_ms", "tpot_ms", "e2el_ms", "output_tps_per_chip", "samples_per_s", "latency_ms")
PERCENTILES: Mapping[str, tuple[str, Statistic]] = {
    "ttft_p99_ms": ("ttft", Statistic.P99),
    "tpot_p99_ms": ("tpot", Statistic.P99),
    "e2el_p99_ms": ("e2e", Statistic.P99),
}
METRICS = (*MEANS, *PERCENTILES)
"""What rows publish, in the words of their files."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """One value per row and metric, NaN where not predicted, why rows were refused, and what was
    asked of each (None where it was refused before)."""

    values: dict[str, FloatArray]
    refused: list[str]
    calls: list[Call | None]


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of one system under one load, whose rows stand at ``places``."""

    system: System
    load: Load
    calls: tuple[Call, ...]
    places: tuple[int, ...]

    def outcome(self, system: System | None = None) -> Outcome:
        """The prediction of every call, one row each, by this or by a changed ``system``."""
        system = system or self.system
        requests = self._requests()
        arrangements = [call.arrangement for call in self.calls]
        largest = np.zeros(len(self.calls))
        if any(isinstance(call.size, Most) for call in self.calls):
            largest = largest_sizes(system, arrangements, requests, self.load)[:, 0]
        sizes = [
            size_per_replica(call, float(most))
            for call, most in zip(self.calls, largest, strict=True)
        ]
        return predict(system, arrangements, requests, self.load, _column(sizes))

    def _requests(self) -> Requests:
        workloads = [call.scenario.workload for call in self.calls]
        first = self.calls[0].scenario
        return Requests(
            _column([one.input_tokens for one in workloads]),
            _column([one.output_tokens for one in workloads]),
            _column([one.cached for one in workloads]),
            drafts_of(first, self.system),
        )


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]


Change = Callable[[System], System]
"""Replaces a group's system: predictions as they would be with other constants."""


def predict_rows(
    rows: Sequence[Measurement],
    configs: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    change: Change | None = None,
) -> Predictions:
    """Predict every row; ``progress`` is told rows done and rows in all."""
    values = {metric: np.full(len(rows), np.nan) for metric in METRICS}
    library = Library(configs)
    calls, refused = calls_of(rows, library)
    done = sum(1 for reason in refused if reason)
    for group in groups_of(calls, refused, library):
        places = list(group.places)
        try:
            system = change(group.system) if change else group.system
            outcome = group.outcome(system)
        except InputError as error:
            for place in places:
                refused[place] = str(error)
        else:
            mine = [rows[place] for place in places]
            found = published(outcome, group.load, mine) | percentiles(outcome)
            for metric, column in found.items():
                values[metric][places] = column
            for place, starts in zip(places, outcome.starts[:, 0], strict=True):
                refused[place] = "" if starts else "does not fit in memory"
        done += len(places)
        if progress is not None:
            progress(done, len(rows))
    return Predictions(values, refused, calls)


def published(outcome: Outcome, load: Load, rows: Sequence[Measurement]) -> dict[str, FloatArray]:
    """Metrics as ``rows`` publish them, each in the statistic that its row says, one value per row;
    NaN where nothing starts."""
    seconds, rates = outcome.seconds, outcome.rates
    found = {
        **{f"{name}_ms": seconds[key] * 1e3 for name, key in _SECONDS.items() if key in seconds},
    }
    if "request_tokens" in rates:
        found["output_tps_per_chip"] = rates["request_tokens"] / outcome.chips
    if "samples" in rates:
        found["samples_per_s"] = rates["samples"]
    if "tpot" in seconds:
        times = token_seconds(outcome, [row.token_time for row in rows])
        found["tpot_ms"] = times[:, np.newaxis] * 1e3
    if isinstance(load, Open) and outcome.say_laws is not None:
        # How a closed loop's client opens is what tells its median from its mean.
        medians = _column([float(row.ttft_is_median) for row in rows]) > 0
        median = outcome.at("ttft", Statistic.P50) * 1e3
        found["ttft_ms"] = np.where(medians, median, found["ttft_ms"])
    return _columns(outcome, found)


def percentiles(outcome: Outcome) -> dict[str, FloatArray]:
    """As `published`, of the requests that are slower than nearly all others."""
    if outcome.say_laws is None:
        return {}
    found = {name: outcome.at(*which) * 1e3 for name, which in PERCENTILES.items()}
    return _columns(outcome, found)


def _columns(outcome: Outcome, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    starts = outcome.starts
    return {
        name: np.where(starts, np.broadcast_to(column, outcome.shape), np.nan)[:, 0]
        for name, column in found.items()
    }


_SECONDS = {"ttft": "ttft", "tpot": "tpot", "e2el": "e2e", "latency": "latency"}


def calls_of(rows: Sequence[Measurement], library: Library) -> tuple[list[Call | None], list[str]]:
    """What every row asks, and why some are refused."""
    calls: list[Call | None] = []
    refused = []
    for row in rows:
        try:
            calls.append(call_of(row, library))
            refused.append("")
        except InputError as error:
            calls.append(None)
            refused.append(str(error))
    return calls, refused


def groups_of(
    calls: Sequence[Call | None], refused: list[str], library: Library
) -> Iterator[Group]:
    """The calls by their system and load; writes down why a system cannot be."""
    places: dict[object, list[int]] = {}
    for place, call in enumerate(calls):
        if call is not None:
            try:
                places.setdefault(_key(call), []).append(place)
            except InputError as error:
                refused[place] = str(error)
    for chosen in places.values():
        mine = [call for place in chosen if (call := calls[place]) is not None]
        try:
            system = library.system(mine[0].scenario)
        except InputError as error:
            for place in chosen:
                refused[place] = str(error)
            continue
        yield Group(system, load_of(mine[0].scenario), tuple(mine), tuple(chosen))


def _all_but(kind: type[Any], *names: str) -> Callable[[Any], object]:
    """Reads all fields of a dataclass but those named."""
    return attrgetter(*(one.name for one in fields(kind) if one.name not in names))


_SCENARIO = _all_but(Scenario, "chips", "workload", "settings")
_WORKLOAD = _all_but(Workload, "input_tokens", "output_tokens", "cached")


def _key(call: Call) -> object:
    """What calls of one group share: all but arrangement, lengths and size."""
    scenario = call.scenario
    return (
        type(call.arrangement),
        _SCENARIO(scenario),
        _WORKLOAD(scenario.workload),
        scenario.settings,
    )
