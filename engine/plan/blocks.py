"""Rows of a table from an outcome: columns, refusals, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.certainty import stricter
from engine.plan.metric import Answers, Metric, Needs
from engine.plan.metrics import (
    CODES,
    LARGEST_RATE,
    MEMORY,
    METRICS,
    NO_FIGURE,
    NO_MEMORY,
    NOTHING,
    THROUGHPUT,
    TOO_LONG,
    TOO_MANY,
    UNSTABLE,
    USED,
    VERDICTS,
    metrics_of,
)
from engine.plan.money.bill import billed
from engine.plan.prepared import Prepared
from engine.plan.ranges import accuracy_of
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.serve.load import Open
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.serve.resolve import load_of, requests_of
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.words.quantities import GIB
from engine.work.arrangement import Arrangement

_OF_LATER_TOKENS = tuple(
    one.id
    for one in METRICS
    if one.answers is Answers.SEVERAL_TOKENS and one not in THROUGHPUT.values()
)
"""Metrics that mean nothing where an answer is one token; what ranks goes with the prompts."""


def has_one_token(prepared: Prepared, scenario: Scenario) -> bool:
    """Whether answers are of tokens and end with the first of them: no time between two tokens is
    shown or judged then."""
    return prepared.kind is ModelKind.TOKENS and scenario.workload.is_one_token


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a table before their verdict; columns of equal length."""

    arrangement_index: IntArray
    precision_index: IntArray
    batch: IntArray
    metrics: dict[str, FloatArray]
    capacity_gib: FloatArray
    pool: NDArray[np.int8]
    """The `PoolRole` that binds."""
    refusal: NDArray[np.int8]
    """The place in `VERDICTS` of what keeps the row from being served at all."""


def outcome_of(
    prepared: Prepared,
    scenario: Scenario,
    precision: Precision,
    arrangements: tuple[Arrangement, ...],
    sizes: FloatArray | IntArray,
) -> Outcome:
    """What arrangements of a scenario do, one row each, or the same ``sizes`` for all; of requests
    that come at a rate there is one size, that rate."""
    load = load_of(scenario)
    if isinstance(load, Open):
        # What comes is the same whatever is in flight.
        sizes = np.full((1, 1), load.rate)
    return outcome_at(prepared, scenario, precision, arrangements, sizes)


def outcome_at(
    prepared: Prepared,
    scenario: Scenario,
    precision: Precision,
    arrangements: tuple[Arrangement, ...],
    sizes: FloatArray | IntArray,
) -> Outcome:
    """As `outcome_of`, at other rates than the scenario's, too."""
    system = prepared.system(precision)
    found = predict(system, arrangements, requests_of(scenario, system), load_of(scenario), sizes)
    return billed(prepared, scenario, precision, found)


KEPT = (MEMORY.id, LARGEST_RATE.id, USED.id)
"""Figures of rows that are not served, too: they say by how much."""


def is_asked(metric: Metric, scenario: Scenario, outcome: Outcome) -> bool:
    """Whether a metric is worked out: always, where it is limited, or where requests come at a
    rate, so that a row is one deployment and there are few of them."""
    if not metric.asked:
        return True
    if metric.limit is not None and getattr(scenario.objectives, metric.id) is not None:
        return True
    return outcome.flow is not None


def rows_of(
    prepared: Prepared,
    scenario: Scenario,
    outcome: Outcome,
    served: BoolArray,
    wanted: BoolArray,
    arrangement_index: IntArray,
    precision_index: IntArray,
    batch: IntArray,
) -> Block:
    """The ``wanted`` of an outcome's (arrangements, sizes) as columns, with speeds where they are
    ``served``."""
    refused = _refusals(outcome, served[wanted], wanted)
    one_token = has_one_token(prepared, scenario)
    allowed = True if refused is None else refused == CODES[NOTHING]
    columns = {
        metric.id: _column(outcome, metric.of(outcome, scenario.objectives), wanted)
        for metric in metrics_of(prepared.kind)
        # Of other answers nobody asks for it, and a column of a large sweep is megabytes.
        if (one_token or metric.answers is not Answers.ONE_TOKEN)
        and is_asked(metric, scenario, outcome)
        and _is_known(metric, outcome)
    }
    unknown = allowed & ~_finite(columns)
    if bool(np.any(unknown)):
        others = CODES[NOTHING] if refused is None else refused
        refused = np.where(unknown, CODES[NO_FIGURE], others).astype(np.int8)
    if one_token:
        columns |= {name: np.full(len(batch), np.nan) for name in _OF_LATER_TOKENS}
    if refused is not None:
        speed = np.where(refused == CODES[NOTHING], 1.0, np.nan)
        columns |= {name: column * speed for name, column in columns.items() if name not in KEPT}
    return Block(
        arrangement_index,
        precision_index,
        batch,
        columns,
        _column(outcome, outcome.memory.capacity_bytes / GIB, wanted),
        _binding_pools(outcome, wanted),
        np.full(len(batch), CODES[NOTHING], dtype=np.int8) if refused is None else refused,
    )


def _is_known(metric: Metric, outcome: Outcome) -> bool:
    """Whether somebody says what a metric needs."""
    bill = outcome.bill
    if bill is None or metric.needs is Needs.NOTHING:
        return metric.needs is Needs.NOTHING
    if metric.needs is Needs.PRICE:
        return bool(np.all(np.isfinite(bill.usd_per_hour)))
    return bool(np.all(np.isfinite(bill.watts)))


def _finite(columns: Mapping[str, FloatArray]) -> BoolArray:
    """The rows of which every figure is a number; their sum is one only then."""
    total = np.asarray(sum(columns.values()))
    finite: BoolArray = np.isfinite(total)
    return finite


def _binding_pools(outcome: Outcome, wanted: BoolArray) -> NDArray[np.int8]:
    if outcome.binding_pool is None:
        return np.zeros(int(np.count_nonzero(wanted)), dtype=np.int8)
    return np.broadcast_to(outcome.binding_pool, outcome.shape)[wanted].astype(np.int8)


def _column(outcome: Outcome, values: FloatArray, wanted: BoolArray) -> FloatArray:
    return np.broadcast_to(values, outcome.shape)[wanted]


def _refusals(outcome: Outcome, served: BoolArray, wanted: BoolArray) -> NDArray[np.int8] | None:
    """What keeps the ``wanted`` rows from being ``served``: nothing, the context, the scheduler
    where memory would do, else memory. None where all of them are served."""
    if bool(np.all(served)):
        return None
    memory, held = outcome.memory, outcome.sequences
    beyond = (held > memory.scheduler_size) & (held <= memory.memory_size)
    code = np.where(beyond, CODES[TOO_MANY], CODES[NO_MEMORY])
    if outcome.flow is not None:
        code = np.where(outcome.starts, CODES[UNSTABLE], CODES[NO_MEMORY])
    code = np.where(memory.context_fits, code, CODES[TOO_LONG])
    refused = np.broadcast_to(code, outcome.shape)[wanted]
    return np.where(served, CODES[NOTHING], refused).astype(np.int8)


def judged_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangements: tuple[Arrangement, ...],
    precisions: tuple[Precision, ...],
    block: Block,
) -> Table:
    """A table with its verdicts: the worst ratio to a limit, and which limit that is."""
    known = tuple(accuracy_of(prepared, scenario, one) for one in precisions)
    limits = tuple(stricter(scenario.objectives, one, scenario.certainty) for one in known)
    excess = np.zeros(len(block.batch))
    binding = block.refusal.astype(np.int64)
    for code, verdict in enumerate(VERDICTS):
        if verdict.metric is None or verdict.metric.id not in block.metrics:
            continue
        if getattr(scenario.objectives, verdict.metric.id) is not None:
            each = np.array([getattr(one, verdict.metric.id) for one in limits])
            limit = float(each[0]) if len(each) == 1 else each[block.precision_index]
            ratio = verdict.metric.ratio(block.metrics[verdict.metric.id], limit)
            worse = ratio > excess
            excess = np.where(worse, ratio, excess)
            binding = np.where(worse & (ratio > 1.0), code, binding)
    # Rows that are not served have no speeds to compare with a limit.
    fits = block.refusal == CODES[NOTHING]
    if not bool(np.all(fits)):
        lacking = block.metrics[MEMORY.id] / block.capacity_gib
        if USED.id in block.metrics:
            unstable = block.refusal == CODES[UNSTABLE]
            lacking = np.where(unstable, block.metrics[USED.id] / 100.0, lacking)
        excess = np.where(fits, excess, lacking)
    return Table(
        kind=prepared.kind,
        arrangements=arrangements,
        precisions=precisions,
        arrangement_index=block.arrangement_index,
        precision_index=block.precision_index,
        batch=block.batch,
        metrics=block.metrics,
        capacity_gib=block.capacity_gib,
        pool=block.pool,
        fits=fits,
        meets=fits & (excess <= 1.0),
        binding=binding,
        excess=excess,
        limits=limits,
        accuracies=known,
        one_token=has_one_token(prepared, scenario),
    )


def joined_blocks(parts: list[Block]) -> Block:
    """All rows in one; takes the ``parts`` apart, so that nothing is held twice for long."""
    names = list(parts[0].metrics)
    metrics = {name: np.concatenate([one.metrics.pop(name) for one in parts]) for name in names}
    whole = Block(
        np.concatenate([one.arrangement_index for one in parts]),
        np.concatenate([one.precision_index for one in parts]),
        np.concatenate([one.batch for one in parts]),
        metrics,
        np.concatenate([one.capacity_gib for one in parts]),
        np.concatenate([one.pool for one in parts]),
        np.concatenate([one.refusal for one in parts]),
    )
    parts.clear()
    return whole
