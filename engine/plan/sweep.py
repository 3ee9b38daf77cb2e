"""The sweep: every batch, every arrangement, every precision, ranked under the objectives.

`engine.plan.prepared` resolves names to values once; `sweep` and `batch_table` are then calls of
`engine.serve.predict` on blocks of (arrangements, batches), and verdicts on what it says.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.blocks import (
    Block,
    joined_blocks,
    judged_table,
    outcome_at,
    outcome_of,
    rows_of,
)
from engine.plan.metrics.table import CODES, NO_FIGURE
from engine.plan.money.bill import refuse_unpriced
from engine.plan.prepared import LARGEST_BATCH, Prepared, refuse_elsewhere
from engine.plan.ranking import rank
from engine.plan.results import Sweep, Table
from engine.scenario import Scenario
from engine.serve.kinds import kind_of
from engine.serve.load import Closed, Open
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes
from engine.serve.resolve import load_of, requests_of
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated


@dataclass(frozen=True, slots=True)
class Steps:
    """How arrangements of one type are tried: all batches of up to ``most_candidates`` in all. Of
    more, all up to ``finest`` and then in steps of one part in so many; afterwards those between
    the steps: of the ``whole`` best arrangements all from one part in ``reach`` of the best so far
    to as many times of it, of the ``near`` ones after them those next to the best."""

    most_candidates: int
    finest: int
    whole: int
    near: int
    reach: float = math.inf


STEPS = Steps(500_000, 512, 6, 1 << 20)
"""More are not all tried: at a hundred bytes each, and a microsecond, nobody would wait for them
nor read them. Throughput over batch is no smooth line, and the answer must not depend on steps."""
POOL_STEPS = Steps(4096, 24, 8, 0, 1.25)
"""Of pools a candidate costs several times as much, and they come in larger numbers."""

BLOCK_COST = 3000
"""What a block costs beside its candidates, in as many of them."""
MOST_SHARED = 2
"""Blocks whose batches share passes are so many times as large at most."""


def batch_table(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batches: IntArray,
) -> Table:
    """The rows of one arrangement and precision for ``batches``, in that order."""
    outcome = outcome_of(prepared, scenario, precision, (arrangement,), batches[np.newaxis, :])
    if outcome.flow is not None:
        batches = _batches(outcome)[0]
    none = np.zeros(len(batches), dtype=np.int64)
    every = np.ones((1, len(batches)), dtype=bool)
    block = rows_of(prepared, scenario, outcome, outcome.fits, every, none, none, batches)
    return judged_table(prepared, scenario, (arrangement,), (precision,), block)


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
        batches = _batches(outcome)[:, 0]
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
    every, batches = np.ones(outcome.shape, dtype=bool), _batches(outcome)[:, 0]
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
        batch = _batches(outcome)[0] if at_rates else batch
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


def _batches(outcome: Outcome) -> IntArray:
    """Requests of each replica that a rate keeps in flight, at least one."""
    held = np.broadcast_to(np.maximum(outcome.sequences, 1.0), outcome.shape)
    return held.astype(np.int64)


def batch_limits(prepared: Prepared, scenario: Scenario, precision: Precision) -> IntArray:
    """The largest batch per replica that is held and admitted, for every arrangement."""
    system = prepared.system(precision)
    requests, load = requests_of(scenario, system), load_of(scenario)
    most = largest_sizes(system, prepared.arrangements, requests, load)
    return np.minimum(most[:, 0], float(LARGEST_BATCH)).astype(np.int64)


def _blocks(
    limits: IntArray, stages: IntArray, candidates: int
) -> Iterator[tuple[IntArray, int, int]]:
    """Cut (arrangements, batches) into blocks of about ``candidates``: arrangements together that
    have as many pipeline ``stages``, which share passes between batches, and similar limits; and a
    range of batches. Batches are counted, from 1, in those tried."""
    order = np.lexsort((limits, stages))

    def cost(first: int, last: int) -> float:
        """Of one block, in passes that it works out."""
        alike = stages[order[first]] == stages[order[last]]
        each = int(limits[order[first : last + 1]].max())
        passes = each / int(stages[order[first]]) if alike else each
        return BLOCK_COST + (last + 1 - first) * passes

    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order):
            alone = BLOCK_COST + int(limits[order[end]]) / int(stages[order[end]])
            together = cost(start, end)
            if together > candidates or together > cost(start, end - 1) + alone:
                break
            end += 1
        chosen = order[start:end]
        start = end
        widest = int(limits[chosen].max())
        shared = int(stages[chosen].min()) if len(set(stages[chosen].tolist())) == 1 else 1
        span = max(1, candidates * min(shared, MOST_SHARED) // len(chosen))
        for low in range(1, widest + 1, span):
            yield chosen, low, min(low + span - 1, widest)


def sweep(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """Evaluate and rank every candidate; None when ``should_stop`` said so between blocks.

    Of many candidates (`Steps`), large batches are tried in steps first, then every one around
    the best of each arrangement: memory and time stay bounded however many chips there are.
    """
    started = time.perf_counter()
    refuse_elsewhere(prepared)
    refuse_unpriced(prepared, scenario)
    stop = should_stop or (lambda: False)
    searches = [_Search(prepared, scenario, one, stop) for one in _alike(prepared.arrangements)]
    parts: list[Block] = []
    for search in searches:
        if not search.everything(parts):
            return None
    # What is joined is dropped at once: a large table is not there twice while it is judged.
    whole = joined_blocks(parts)
    parts.clear()
    found = rank(_judged(prepared, scenario, whole), scenario, 0.0)
    around: list[Block] = []
    for search in searches:
        if search.is_coarse and not search.around(found, around):
            return None
    if around:
        whole = joined_blocks([whole, *around])
        around.clear()
        found = rank(_judged(prepared, scenario, whole), scenario, 0.0)
    return replace(found, elapsed_seconds=time.perf_counter() - started)


def _alike(arrangements: tuple[Arrangement, ...]) -> list[IntArray]:
    """The places of the arrangements of each type: those of one type are predicted together."""
    types = [type(one) for one in arrangements]
    return [
        np.array([place for place, own in enumerate(types) if own is kind])
        for kind in dict.fromkeys(types)
    ]


def _judged(prepared: Prepared, scenario: Scenario, block: Block) -> Table:
    """The rows with their verdicts."""
    used, precisions = prepared.arrangements, prepared.precisions
    return judged_table(prepared, scenario, used, precisions, block)


@dataclass(frozen=True, slots=True)
class _Batches:
    """Batches of one arrangement."""

    arrangement: int
    batches: IntArray


def _grouped(parts: list[_Batches], candidates: int) -> Iterator[list[_Batches]]:
    """Arrangements in blocks of about ``candidates``, together as long as what their batches are
    filled up to costs less than another block."""
    group: list[_Batches] = []
    widest = rows = 0
    for one in parts:
        width, more = max(widest, len(one.batches)), rows + len(one.batches)
        cells = width * (len(group) + 1)
        if group and (cells > candidates or cells - more > BLOCK_COST):
            yield group
            group, width, more = [], len(one.batches), len(one.batches)
        group.append(one)
        widest, rows = width, more
    if group:
        yield group


class _Search:
    """One sweep over arrangements of one type, at ``places`` of all: the largest batch of each in
    every precision, and which are tried."""

    def __init__(
        self,
        prepared: Prepared,
        scenario: Scenario,
        places: IntArray,
        should_stop: Callable[[], bool],
    ) -> None:
        self._prepared = prepared
        self._scenario = scenario
        self._places = places
        self._should_stop = should_stop
        self._most = [self._largest(precision) for precision in prepared.precisions]
        used = [prepared.arrangements[int(place)] for place in places]
        pipelines = (one.layout.pipeline if isinstance(one, Aggregated) else 1 for one in used)
        self._stages = np.array(list(pipelines), dtype=np.int64)
        widest = max(int(most[places].max()) for most in self._most)
        only = None if scenario.workload.rate else scenario.fixed_batch
        rows = sum(int(most[places].sum()) for most in self._most)
        pooled = isinstance(prepared.arrangements[int(places[0])], Disaggregated)
        self._steps = POOL_STEPS if pooled else STEPS
        self.is_coarse = only is None and rows > self._steps.most_candidates
        finest = self._steps.finest
        self._tried = _steps(widest, finest) if self.is_coarse else np.arange(1, widest + 1)
        if only is not None:
            self._tried = np.array([only])

    def _largest(self, precision: Precision) -> IntArray:
        fitting = batch_limits(self._prepared, self._scenario, precision)
        if isinstance(load_of(self._scenario), Open):
            return np.ones(len(fitting), dtype=np.int64)
        if self._scenario.fixed_batch is not None:
            return np.full(len(fitting), self._scenario.fixed_batch)
        if self._scenario.max_batch is not None:
            fitting = np.minimum(fitting, self._scenario.max_batch)
        # Where nothing fits, batch 1 is still there, to say what it lacks.
        return np.maximum(fitting, 1)

    def everything(self, parts: list[Block]) -> bool:
        """Add the rows of all batches tried; False when stopped."""
        candidates = kind_of(self._prepared.kind).block_candidates
        for place, most in enumerate(self._most):
            counts = np.searchsorted(self._tried, most[self._places], side="right")
            for chosen, low, high in _blocks(counts, self._stages, candidates):
                if self._should_stop():
                    return False
                mine, tried = self._places[chosen], self._tried[np.newaxis, low - 1 : high]
                wanted = tried <= most[mine][:, np.newaxis]
                parts.append(self._block(place, mine, tried, wanted))
        return True

    def around(self, found: Sweep, parts: list[Block]) -> bool:
        """Add batches left out at first: all of the best arrangements, of the others those next to
        their best one. False when stopped."""
        table = found.table
        mine = found.order[np.isin(table.arrangement_index[found.order], self._places)]
        columns = (table.precision_index[mine], table.arrangement_index[mine])
        key = columns[0] * len(table.arrangements) + columns[1]
        firsts = np.sort(np.unique(key, return_index=True)[1])
        best = mine[firsts][: self._steps.whole + self._steps.near]
        left_out: list[list[_Batches]] = [[] for _ in self._prepared.precisions]
        for standing, row in enumerate(best):
            place, chosen = int(table.precision_index[row]), int(table.arrangement_index[row])
            last = int(self._most[place][chosen])
            batch, reach = int(table.batch[row]), self._steps.reach
            low, high = max(int(batch / reach), 1), int(min(batch * reach, last))
            if standing >= self._steps.whole:
                low, high = self._neighbours(batch)
            others = np.arange(low, min(high, last) + 1)
            others = others[~np.isin(others, self._tried, assume_unique=True)]
            if len(others):
                left_out[place].append(_Batches(chosen, others))
        candidates = kind_of(self._prepared.kind).block_candidates
        for place, each in enumerate(left_out):
            for group in _grouped(each, candidates):
                if self._should_stop():
                    return False
                parts.append(self._ragged(place, group))
        return True

    def _ragged(self, place: int, group: list[_Batches]) -> Block:
        """The rows of arrangements for batches of their own."""
        widest = max(len(one.batches) for one in group)
        batches = np.array([np.resize(one.batches, widest) for one in group])
        lengths = np.array([[len(one.batches)] for one in group])
        chosen = np.array([one.arrangement for one in group])
        return self._block(place, chosen, batches, np.arange(widest) < lengths)

    def _neighbours(self, batch: int) -> tuple[int, int]:
        """What was tried before and after ``batch``."""
        at = int(np.searchsorted(self._tried, batch))
        last = len(self._tried) - 1
        return int(self._tried[max(at - 1, 0)]), int(self._tried[min(at + 1, last)])

    def _block(self, place: int, chosen: IntArray, batches: IntArray, wanted: BoolArray) -> Block:
        """The rows of the ``chosen`` arrangements for those of their ``batches``, of shape
        (1, batches) or (chosen, batches), that are ``wanted``."""
        precision = self._prepared.precisions[place]
        group = tuple(self._prepared.arrangements[int(row)] for row in chosen)
        outcome = outcome_of(self._prepared, self._scenario, precision, group, batches)
        if outcome.flow is not None:
            return self._block_at_rate(place, chosen, outcome)
        rows, places = np.nonzero(wanted)
        index = np.full(len(rows), place, dtype=np.int64)
        batch = batches[0 if len(batches) == 1 else rows, places]
        return rows_of(
            self._prepared,
            self._scenario,
            outcome,
            outcome.fits,
            wanted,
            chosen[rows],
            index,
            batch,
        )

    def _block_at_rate(self, place: int, chosen: IntArray, outcome: Outcome) -> Block:
        """The rows of the ``chosen`` arrangements at the scenario's rate, one each; the batch is
        what is in flight."""
        return rows_of(
            self._prepared,
            self._scenario,
            outcome,
            outcome.fits,
            np.ones(outcome.shape, dtype=bool),
            chosen,
            np.full(len(chosen), place, dtype=np.int64),
            _batches(outcome)[:, 0],
        )


def _steps(widest: int, finest: int) -> IntArray:
    """Every batch up to ``finest``, then steps of one part in so many."""
    found = list(range(1, min(finest, widest) + 1))
    while found[-1] < widest:
        found.append(min(found[-1] + max(found[-1] // finest, 1), widest))
    return np.array(found, dtype=np.int64)
