"""Which batches of which arrangements are tried, in blocks that are predicted at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from engine.model.precision import Precision
from engine.plan.blocks import Block, outcome_of, rows_of
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.results import Sweep
from engine.plan.tables import batches_in_flight
from engine.scenario import Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.kinds import kind_of
from engine.serve.load import Open
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes
from engine.words.arrays import BoolArray, IntArray
from engine.work.arrangement import Disaggregated


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

BLOCK_COST = 8000
"""What a block costs beside its candidates, in as many of them."""


def batch_limits(prepared: Prepared, scenario: Scenario, precision: Precision) -> IntArray:
    """The largest batch per replica that is held and admitted, for every arrangement."""
    system = prepared.system(precision)
    requests, load = requests_of(scenario, system), load_of(scenario)
    most = largest_sizes(system, prepared.arrangements, requests, load)
    return np.minimum(most[:, 0], float(LARGEST_BATCH)).astype(np.int64)


def _blocks(limits: IntArray, candidates: int) -> Iterator[tuple[IntArray, int, int]]:
    """Cut (arrangements, batches) into blocks of about ``candidates``: arrangements together that
    have similar limits, and a range of batches. Batches are counted, from 1, in those tried."""
    order = np.argsort(limits, kind="stable")
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order):
            count, widest = end - start, int(limits[order[end]])
            # Those before it are filled up to as many batches as this one has.
            filled = count * (widest - int(limits[order[end - 1]]))
            if (count + 1) * widest > candidates or filled > BLOCK_COST:
                break
            end += 1
        chosen = order[start:end]
        start = end
        widest = int(limits[chosen].max())
        span = max(1, candidates // len(chosen))
        for low in range(1, widest + 1, span):
            yield chosen, low, min(low + span - 1, widest)


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


class Search:
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
            for chosen, low, high in _blocks(counts, candidates):
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
            batches_in_flight(outcome)[:, 0],
        )


def _steps(widest: int, finest: int) -> IntArray:
    """Every batch up to ``finest``, then steps of one part in so many."""
    found = list(range(1, min(finest, widest) + 1))
    while found[-1] < widest:
        found.append(min(found[-1] + max(found[-1] // finest, 1), widest))
    return np.array(found, dtype=np.int64)
