"""The sweep: every batch, every arrangement, every precision, ranked under the objectives.

`engine.plan.prepared` resolves names to values once; `sweep` and `batch_table` are then calls of
`engine.serve.predict` on blocks of (arrangements, batches), and verdicts on what it says.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.model.precision import Precision
from engine.plan.metrics import (
    CODES,
    MEMORY,
    NO_MEMORY,
    NOTHING,
    TOO_LONG,
    TOO_MANY,
    VERDICTS,
    metrics_of,
)
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.ranking import rank
from engine.plan.results import Sweep, Table
from engine.scenario import Objectives, Scenario
from engine.serve.kinds import kind_of
from engine.serve.load import Closed
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes, predict
from engine.serve.resolve import load_of, requests_of
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.words.quantities import GIB
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class _Block:
    """Rows of a table before their verdict; columns of equal length."""

    arrangement_index: IntArray
    precision_index: IntArray
    batch: IntArray
    metrics: dict[str, FloatArray]
    capacity_gib: FloatArray
    refusal: NDArray[np.int8]
    """The place in `VERDICTS` of what keeps the row from being served at all."""


def batch_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batches: IntArray,
) -> Table:
    """The rows of one arrangement and precision for ``batches``, in that order."""
    outcome = _predicted(prepared, scenario, precision, (arrangement,), batches[np.newaxis, :])
    none = np.zeros(len(batches), dtype=np.int64)
    every = np.ones((1, len(batches)), dtype=bool)
    block = _rows(prepared, outcome, outcome.fits, every, none, none, batches)
    return _judged(prepared, scenario.objectives, (arrangement,), (precision,), block)


def asked_table(
    prepared: Prepared, scenario: Scenario, arrangement: Arrangement, sizes: FloatArray
) -> tuple[Table, tuple[Outcome, ...]]:
    """The rows of one arrangement for so many requests in flight per replica, in every precision,
    and the outcome of each.

    The batch of a size that is not whole is that of the fullest replica. Requests of tokens that
    are not let in wait for those that are: such rows do not fit, but are served and judged.
    """
    batch = np.ceil(sizes).astype(np.int64)
    waits = isinstance(load_of(scenario), Closed) and kind_of(prepared.kind).waits
    none = np.zeros(len(sizes), dtype=np.int64)
    every = np.ones((1, len(sizes)), dtype=bool)
    parts, outcomes = [], []
    for place, precision in enumerate(prepared.precisions):
        outcome = _predicted(prepared, scenario, precision, (arrangement,), sizes[np.newaxis, :])
        served = np.broadcast_to(outcome.starts, outcome.shape) if waits else outcome.fits
        parts.append(_rows(prepared, outcome, served, every, none, none + place, batch))
        outcomes.append(outcome)
    used, precisions = (arrangement,), prepared.precisions
    table = _judged(prepared, scenario.objectives, used, precisions, _joined(parts))
    fits = np.concatenate([one.fits[0] for one in outcomes])
    return replace(table, fits=fits), tuple(outcomes)


def _predicted(
    prepared: Prepared,
    scenario: Scenario,
    precision: Precision,
    arrangements: tuple[Arrangement, ...],
    sizes: FloatArray | IntArray,
) -> Outcome:
    system = prepared.system(precision)
    return predict(system, arrangements, requests_of(scenario), load_of(scenario), sizes)


def _rows(
    prepared: Prepared,
    outcome: Outcome,
    served: BoolArray,
    wanted: BoolArray,
    arrangement_index: IntArray,
    precision_index: IntArray,
    batch: IntArray,
) -> _Block:
    """The ``wanted`` of an outcome's (arrangements, sizes) as columns, with speeds where they are
    ``served``."""
    refused = _refusals(outcome, served[wanted], wanted)
    columns = {
        metric.id: _column(outcome, metric.of(outcome), wanted)
        for metric in metrics_of(prepared.kind)
    }
    if refused is not None:
        speed = np.where(refused == CODES[NOTHING], 1.0, np.nan)
        columns |= {name: column * speed for name, column in columns.items() if name != MEMORY.id}
    return _Block(
        arrangement_index,
        precision_index,
        batch,
        columns,
        _column(outcome, outcome.memory.capacity_bytes / GIB, wanted),
        np.full(len(batch), CODES[NOTHING], dtype=np.int8) if refused is None else refused,
    )


def _column(outcome: Outcome, values: FloatArray, wanted: BoolArray) -> FloatArray:
    return np.broadcast_to(values, outcome.shape)[wanted]


def _refusals(outcome: Outcome, served: BoolArray, wanted: BoolArray) -> NDArray[np.int8] | None:
    """What keeps the ``wanted`` rows from being ``served``: nothing, the context, the scheduler
    where memory would do, else memory. None where all of them are served."""
    if bool(np.all(served)):
        return None
    memory = outcome.memory
    beyond = (outcome.sizes > memory.scheduler_size) & (outcome.sizes <= memory.memory_size)
    code = np.where(beyond, CODES[TOO_MANY], CODES[NO_MEMORY])
    code = np.where(memory.context_fits, code, CODES[TOO_LONG])
    refused = np.broadcast_to(code, outcome.shape)[wanted]
    return np.where(served, CODES[NOTHING], refused).astype(np.int8)


def _judged(
    prepared: Prepared,
    objectives: Objectives,
    arrangements: tuple[Arrangement, ...],
    precisions: tuple[Precision, ...],
    block: _Block,
) -> Table:
    """A table with its verdicts: the worst ratio to a limit, and which limit that is."""
    excess = np.zeros(len(block.batch))
    binding = block.refusal.astype(np.int64)
    for code, verdict in enumerate(VERDICTS):
        if verdict.metric is None or verdict.metric.id not in block.metrics:
            continue
        limit = getattr(objectives, verdict.metric.id)
        if limit is not None:
            ratio = block.metrics[verdict.metric.id] / limit
            worse = ratio > excess
            excess = np.where(worse, ratio, excess)
            binding = np.where(worse & (ratio > 1.0), code, binding)
    # Rows that are not served have no speeds to compare with a limit.
    fits = block.refusal == CODES[NOTHING]
    if not bool(np.all(fits)):
        excess = np.where(fits, excess, block.metrics[MEMORY.id] / block.capacity_gib)
    return Table(
        kind=prepared.kind,
        arrangements=arrangements,
        precisions=precisions,
        arrangement_index=block.arrangement_index,
        precision_index=block.precision_index,
        batch=block.batch,
        metrics=block.metrics,
        capacity_gib=block.capacity_gib,
        fits=fits,
        meets=fits & (excess <= 1.0),
        binding=binding,
        excess=excess,
    )


def batch_limits(prepared: Prepared, scenario: Scenario, precision: Precision) -> IntArray:
    """The largest batch per replica that is held and admitted, for every arrangement."""
    system = prepared.system(precision)
    most = largest_sizes(system, prepared.arrangements, requests_of(scenario), load_of(scenario))
    return np.minimum(most[:, 0], float(LARGEST_BATCH)).astype(np.int64)


def _blocks(limits: IntArray, candidates: int) -> Iterator[tuple[IntArray, int, int]]:
    """Cut (arrangements, batches) into blocks of about ``candidates``: arrangements of similar
    limits together, and a range of batches."""
    order = np.argsort(limits, kind="stable")
    start = 0
    while start < len(order):
        width = int(limits[order[start]])
        rows = max(1, candidates // max(width, 1))
        chosen = order[start : start + rows]
        while len(chosen) > 1 and limits[chosen[-1]] > 1.5 * width + 64:
            chosen = chosen[:-1]
        start += len(chosen)
        widest = int(limits[chosen].max())
        span = max(1, candidates // len(chosen))
        for low in range(1, widest + 1, span):
            yield chosen, low, min(low + span - 1, widest)


def sweep(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """Evaluate and rank every candidate; None when ``should_stop`` said so between blocks."""
    started = time.perf_counter()
    candidates = kind_of(prepared.kind).block_candidates
    parts: list[_Block] = []
    for place, precision in enumerate(prepared.precisions):
        fitting = batch_limits(prepared, scenario, precision)
        if scenario.max_batch is not None:
            fitting = np.minimum(fitting, scenario.max_batch)
        # Where nothing fits, batch 1 is still there, to say what it lacks.
        most = np.maximum(fitting, 1)
        for chosen, low, high in _blocks(most, candidates):
            if should_stop is not None and should_stop():
                return None
            group = tuple(prepared.arrangements[int(row)] for row in chosen)
            batches = np.arange(low, high + 1, dtype=np.int64)[np.newaxis, :]
            outcome = _predicted(prepared, scenario, precision, group, batches)
            wanted = batches <= most[chosen][:, np.newaxis]
            rows, places = np.nonzero(wanted)
            index = np.full(len(rows), place, dtype=np.int64)
            batch = batches[0, places]
            fits = outcome.fits
            parts.append(_rows(prepared, outcome, fits, wanted, chosen[rows], index, batch))
    table = _judged(
        prepared,
        scenario.objectives,
        prepared.arrangements,
        prepared.precisions,
        _joined(parts),
    )
    return rank(table, time.perf_counter() - started)


def _joined(parts: list[_Block]) -> _Block:
    """All rows in one; takes the ``parts`` apart, so that nothing is held twice for long."""
    names = list(parts[0].metrics)
    metrics = {name: np.concatenate([one.metrics.pop(name) for one in parts]) for name in names}
    whole = _Block(
        np.concatenate([one.arrangement_index for one in parts]),
        np.concatenate([one.precision_index for one in parts]),
        np.concatenate([one.batch for one in parts]),
        metrics,
        np.concatenate([one.capacity_gib for one in parts]),
        np.concatenate([one.refusal for one in parts]),
    )
    parts.clear()
    return whole
