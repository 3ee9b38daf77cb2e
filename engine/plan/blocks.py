"""Rows of a table from an outcome: columns, refusals, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.figures import Figures, Told
from engine.plan.metrics.metric import Answers, Metric
from engine.plan.metrics.table import (
    CODES,
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
from engine.plan.money.bill import charges_of
from engine.plan.prepared import Prepared
from engine.plan.ranges.certainty import stricter
from engine.plan.results import Table, case_index
from engine.plan.row_ranges import accuracies_of
from engine.scenario import Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.load import Open
from engine.serve.outcome import Outcome
from engine.serve.predict import predict
from engine.words.arrays import BoolArray, FloatArray, IntArray, Places
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

    arrangement_index: Places
    precision_index: Places
    batch: IntArray
    told: Told
    capacity_gib: FloatArray
    pool: NDArray[np.int8]
    """The `PoolRole` that binds."""
    refusal: NDArray[np.int8]
    """The place in `VERDICTS` of what keeps the row from being served at all."""

    def columns(self) -> Iterator[NDArray[Any]]:
        """Every column, in an order of their own."""
        yield from (self.arrangement_index, self.precision_index, self.batch)
        yield from (self.capacity_gib, self.pool, self.refusal)
        yield from self.told.columns()

    def of_columns(self, columns: Iterable[NDArray[Any]]) -> Block:
        """The same of other rows, from `columns` in their order."""
        arrangement, precision, batch, capacity, pool, refusal, *told = columns
        told_of = self.told.of_columns(told)
        return Block(arrangement, precision, batch, told_of, capacity, pool, refusal)

    def only(self, rows: IntArray) -> Block:
        """Some rows."""
        return self.of_columns(column[rows] for column in self.columns())


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
    return predict(system, arrangements, requests_of(scenario, system), load_of(scenario), sizes)


def is_asked(metric: Metric, scenario: Scenario, outcome: Outcome) -> bool:
    """Whether a metric of single requests or of a rate is worked out: where it is limited, or
    where requests come at a rate, so that a row is one deployment and there are few of them."""
    if not metric.asked:
        return False
    if not metric.of_rates and metric.limit_in(scenario.objectives) is not None:
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
    told = Told.of(
        outcome,
        {
            metric.id: metric.of(outcome, scenario.objectives)
            for metric in metrics_of(prepared.kind)
            if is_asked(metric, scenario, outcome)
        },
        wanted,
    )
    unknown = ~told.finite
    if refused is not None:
        unknown &= refused == CODES[NOTHING]
    if bool(np.any(unknown)):
        others = CODES[NOTHING] if refused is None else refused
        refused = np.where(unknown, CODES[NO_FIGURE], others).astype(np.int8)
    return Block(
        arrangement_index.astype(np.int32),
        precision_index.astype(np.int32),
        batch,
        told,
        _column(outcome, outcome.memory.capacity_bytes / GIB, wanted),
        _binding_pools(outcome, wanted),
        np.full(len(batch), CODES[NOTHING], dtype=np.int8) if refused is None else refused,
    )


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
    rest = np.unravel_index(np.flatnonzero(wanted)[~served], outcome.shape)

    def of(values: NDArray[Any]) -> NDArray[Any]:
        return np.broadcast_to(values, outcome.shape)[rest]

    memory, held = outcome.memory, of(outcome.sequences)
    beyond = (held > of(memory.scheduler_size)) & (held <= of(memory.memory_size))
    code = np.where(beyond, CODES[TOO_MANY], CODES[NO_MEMORY])
    if outcome.flow is not None:
        code = np.where(of(outcome.starts), CODES[UNSTABLE], CODES[NO_MEMORY])
    refused = np.full(len(served), CODES[NOTHING], dtype=np.int8)
    refused[~served] = np.where(of(memory.context_fits), code, CODES[TOO_LONG])
    return refused


def judged_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangements: tuple[Arrangement, ...],
    precisions: tuple[Precision, ...],
    block: Block,
) -> Table:
    """A table with its verdicts: the worst ratio to a limit, and which limit that is."""
    known = accuracies_of(prepared, scenario, precisions, arrangements)
    limits = tuple(stricter(scenario.objectives, one, scenario.certainty) for one in known)
    cases = case_index(
        arrangements, len(precisions), block.arrangement_index, block.precision_index
    )
    fits = block.refusal == CODES[NOTHING]
    everyone = bool(np.all(fits))
    metrics = _figures(prepared, scenario, arrangements, precisions, block, everyone)
    excess = np.zeros(len(block.batch))
    binding = block.refusal.copy()
    for code, verdict in enumerate(VERDICTS):
        if verdict.metric is None or verdict.metric.id not in metrics:
            continue
        if verdict.metric.limit_in(scenario.objectives) is not None:
            each = np.array([getattr(one, verdict.metric.id) for one in limits])
            alike = bool(np.all(each == each[0]))
            limit = float(each[0]) if alike else each[cases]
            ratio = verdict.metric.ratio(metrics[verdict.metric.id], limit)
            worse = ratio > excess
            np.copyto(excess, ratio, where=worse)
            worse &= ratio > 1.0
            if verdict.metric.of_rates and not everyone:
                # What does not carry the rate is known to use too much of what it carries.
                worse &= fits
            binding[worse] = code
    # Rows that are not served have no speeds to compare with a limit.
    if not everyone:
        rest = np.flatnonzero(~fits)
        lacking = metrics[MEMORY.id][rest] / block.capacity_gib[rest]
        if USED.id in metrics:
            unstable = block.refusal[rest] == CODES[UNSTABLE]
            lacking = np.where(unstable, metrics[USED.id][rest] / 100.0, lacking)
        excess[rest] = lacking
    return Table(
        kind=prepared.kind,
        arrangements=arrangements,
        precisions=precisions,
        arrangement_index=block.arrangement_index,
        precision_index=block.precision_index,
        batch=block.batch,
        metrics=metrics,
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


def _figures(
    prepared: Prepared,
    scenario: Scenario,
    arrangements: tuple[Arrangement, ...],
    precisions: tuple[Precision, ...],
    block: Block,
    everyone: bool,
) -> Figures:
    """The metrics of a block's rows: those that say something about such answers and that somebody
    says what is needed for; of single requests those that were asked for."""
    one_token = has_one_token(prepared, scenario)
    charges = charges_of(prepared, scenario, arrangements, precisions)
    names = [
        metric.id
        for metric in metrics_of(prepared.kind)
        if (one_token or metric.answers is not Answers.ONE_TOKEN)
        and (not metric.asked or metric.id in block.told.asked)
        and charges.says(metric.needs)
    ]

    return Figures(
        tuple(names),
        block.told,
        scenario.objectives,
        block.arrangement_index,
        block.precision_index,
        np.array([float(one.chips) for one in arrangements]),
        charges,
        None if everyone else block.refusal == CODES[NOTHING],
        _OF_LATER_TOKENS if one_token else (),
    )


def joined_blocks(parts: list[Block]) -> Block:
    """All rows in one. Takes the blocks out of ``parts``: a large table is never there twice, each
    column is joined and its pieces are dropped before the next."""
    if len(parts) == 1:
        return parts.pop()
    first = parts[0]
    pieces = list(map(list, zip(*(one.columns() for one in parts), strict=True)))
    parts.clear()
    pieces.reverse()
    return first.of_columns(np.concatenate(pieces.pop()) for _ in range(len(pieces)))
