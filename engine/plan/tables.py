"""Rows of arrangements that somebody names: predicted and judged without a search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.blocks import Block, joined_blocks, judged_table, outcome_at, outcome_of, rows_of
from engine.plan.metrics.table import CODES, NO_FIGURE
from engine.plan.prepared import Prepared
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.serve.asked import load_of
from engine.serve.kinds import kind_of
from engine.serve.load import Closed, Open
from engine.serve.outcome import Outcome
from engine.words.arrays import FloatArray, IntArray
from engine.work.arrangement import Arrangement


def batch_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batches: IntArray,
) -> Table:
    """The rows of one arrangement and precision for ``batches``, in that order."""
    step = kind_of(prepared.kind).block_candidates
    pieces = [batches[at : at + step] for at in range(0, len(batches), step)] or [batches]
    if isinstance(load_of(scenario), Open):
        pieces = [batches]  # Of which nothing is used: there is one size, the rate.
    parts = [_batch_block(prepared, scenario, arrangement, precision, one) for one in pieces]
    return judged_table(prepared, scenario, (arrangement,), (precision,), joined_blocks(parts))


def _batch_block(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batches: IntArray,
) -> Block:
    outcome = outcome_of(prepared, scenario, precision, (arrangement,), batches[np.newaxis, :])
    if outcome.flow is not None:
        batches = batches_in_flight(outcome)[0]
    none = np.zeros(len(batches), dtype=np.int64)
    every = np.ones((1, len(batches)), dtype=bool)
    return rows_of(prepared, scenario, outcome, outcome.fits, every, none, none, batches)


def rows_table(
    prepared: Prepared,
    scenario: Scenario,
    precision: Precision,
    arrangements: tuple[Arrangement, ...],
    batches: IntArray,
) -> Table:
    """A row for each of ``arrangements``, all of one type, at a batch of its own."""
    outcome = outcome_of(prepared, scenario, precision, arrangements, batches[:, np.newaxis])
    if outcome.flow is not None:
        batches = batches_in_flight(outcome)[:, 0]
    places, none = np.arange(len(arrangements)), np.zeros(len(arrangements), dtype=np.int64)
    every = np.ones((len(arrangements), 1), dtype=bool)
    block = rows_of(prepared, scenario, outcome, outcome.fits, every, places, none, batches)
    return judged_table(prepared, scenario, arrangements, (precision,), block)


def replicas_table(
    prepared: Prepared, scenario: Scenario, arrangement: Arrangement, precision: Precision
) -> Table:
    """The rows of one arrangement at the scenario's rate: with every number of replicas."""
    group = tuple(one for one in prepared.arrangements if one.single == arrangement.single)
    outcome = outcome_of(prepared, scenario, precision, group, np.ones((1, 1)))
    places = np.arange(len(group))
    none = np.zeros(len(group), dtype=np.int64)
    every, batches = np.ones(outcome.shape, dtype=bool), batches_in_flight(outcome)[:, 0]
    block = rows_of(prepared, scenario, outcome, outcome.fits, every, places, none, batches)
    return judged_table(prepared, scenario, group, (precision,), block)


def asked_table(
    prepared: Prepared, scenario: Scenario, arrangement: Arrangement, sizes: FloatArray
) -> tuple[Table, tuple[Outcome, ...]]:
    """The rows of one arrangement for so many requests in flight per replica, in every precision,
    and the outcome of each.

    The batch of a size that is not whole is that of the fullest replica. Requests of tokens that
    are not let in wait for those that are: such rows do not fit, but are served and judged.
    """
    batch = np.ceil(sizes).astype(np.int64)
    at_rates = isinstance(load_of(scenario), Open)
    waits = isinstance(load_of(scenario), Closed) and kind_of(prepared.kind).waits
    none = np.zeros(len(sizes), dtype=np.int64)
    every = np.ones((1, len(sizes)), dtype=bool)
    parts, outcomes = [], []
    for place, precision in enumerate(prepared.precisions):
        outcome = outcome_at(prepared, scenario, precision, (arrangement,), sizes[np.newaxis, :])
        batch = batches_in_flight(outcome)[0] if at_rates else batch
        served = np.broadcast_to(outcome.starts, outcome.shape) if waits else outcome.fits
        told = _with_held_memory(prepared, scenario, precision, outcome) if waits else outcome
        parts.append(rows_of(prepared, scenario, told, served, every, none, none + place, batch))
        outcomes.append(outcome)
    used, precisions = (arrangement,), prepared.precisions
    table = judged_table(prepared, scenario, used, precisions, joined_blocks(parts))
    fits = np.concatenate([one.fits[0] for one in outcomes])
    known = table.binding != CODES[NO_FIGURE]
    return replace(table, fits=fits & known), tuple(outcomes)


def _with_held_memory(
    prepared: Prepared, scenario: Scenario, precision: Precision, outcome: Outcome
) -> Outcome:
    """The outcome with the memory of the requests that are let in: those that wait hold none."""
    admitted = np.minimum(outcome.sizes, outcome.memory.largest_size)
    held = np.where(outcome.starts, admitted, outcome.sizes)
    inside = outcome_of(prepared, scenario, precision, tuple(outcome.arrangements), held)
    memory = replace(outcome.memory, needed_bytes=inside.memory.needed_bytes)
    return replace(outcome, memory=memory)


def batches_in_flight(outcome: Outcome) -> IntArray:
    """Requests of each replica that a rate keeps in flight, at least one."""
    held = np.broadcast_to(np.maximum(outcome.sequences, 1.0), outcome.shape)
    return held.astype(np.int64)
