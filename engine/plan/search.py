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
from engine.serve.load import Open
from engine.serve.outcome import Outcome
from engine.serve.predict import largest_sizes
from engine.words.arrays import BoolArray, Folded, IntArray
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


def batch_limits(prepared: Prepared, scenario: Scenario, precision: Precision) -> IntArray:
    """The largest batch per replica that is held and admitted, for every arrangement."""
    system = prepared.system(precision)
    requests, load = requests_of(scenario, system), load_of(scenario)
    most = largest_sizes(system, prepared.arrangements, requests, load)
    return np.minimum(most[:, 0], float(LARGEST_BATCH)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Lists:
    """Which ``batches`` are tried of the arrangements at ``chosen``: of each as many as its length,
    from its start on."""

    chosen: IntArray
    batches: IntArray
    starts: IntArray
    lengths: IntArray

    @classmethod
    def joined(cls, chosen: list[int], batches: list[IntArray]) -> _Lists:
        """Of batches of their own."""
        lengths = np.array([len(one) for one in batches])
        starts = np.cumsum(lengths) - lengths
        return cls(np.array(chosen), np.concatenate(batches), starts, lengths)

    def blocks(self, candidates: int) -> Iterator[tuple[IntArray, IntArray, BoolArray]]:
        """In blocks of about so many candidates: an arrangement and batches for each of their rows,
        and which of these are wanted."""
        folded = Folded.of(self.lengths)
        rows = folded.rows
        count = -(-folded.along.size // candidates)
        step = -(-len(rows) // count)
        for low in range(0, len(rows), step):
            mine = rows[low : low + step]
            places = self.starts[mine, np.newaxis] + folded.along[low : low + step]
            wanted = folded.inside[low : low + step]
            yield self.chosen[mine], self.batches[places], wanted


@dataclass(frozen=True, slots=True)
class Blocks:
    """How many candidates are predicted at once, and which rows are ``kept`` of them."""

    candidates: int
    kept: Callable[[Block], Block]


class Search:
    """One sweep over arrangements of one type, at ``places`` of all: the largest batch of each in
    every precision, and which are tried, in ``blocks``."""

    def __init__(
        self,
        prepared: Prepared,
        scenario: Scenario,
        places: IntArray,
        should_stop: Callable[[], bool],
        blocks: Blocks,
    ) -> None:
        self._prepared = prepared
        self._scenario = scenario
        self._places = places
        self._should_stop = should_stop
        self._blocks = blocks
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
        starts = np.zeros(len(self._places), dtype=np.int64)
        for place, most in enumerate(self._most):
            counts = np.searchsorted(self._tried, most[self._places], side="right")
            lists = _Lists(self._places, self._tried, starts, counts)
            if not self._add(parts, place, lists):
                return False
        return True

    def _add(self, parts: list[Block], place: int, lists: _Lists) -> bool:
        """Add the rows of ``lists`` in a precision; False when stopped."""
        for chosen, batches, wanted in lists.blocks(self._blocks.candidates):
            if self._should_stop():
                return False
            parts.append(self._blocks.kept(self._block(place, chosen, batches, wanted)))
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
        left_out: list[dict[int, IntArray]] = [{} for _ in self._prepared.precisions]
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
                left_out[place][chosen] = others
        for place, each in enumerate(left_out):
            if each and not self._add(parts, place, _Lists.joined([*each], [*each.values()])):
                return False
        return True

    def _neighbours(self, batch: int) -> tuple[int, int]:
        """What was tried before and after ``batch``."""
        at = int(np.searchsorted(self._tried, batch))
        last = len(self._tried) - 1
        return int(self._tried[max(at - 1, 0)]), int(self._tried[min(at + 1, last)])

    def _block(self, place: int, chosen: IntArray, batches: IntArray, wanted: BoolArray) -> Block:
        """The rows of the ``chosen`` arrangements for those of their ``batches``, of shape
        (chosen, batches), that are ``wanted``."""
        precision = self._prepared.precisions[place]
        group = tuple(self._prepared.arrangements[int(row)] for row in chosen)
        outcome = outcome_of(self._prepared, self._scenario, precision, group, batches)
        if outcome.flow is not None:
            return self._block_at_rate(place, chosen, outcome)
        rows, places = np.nonzero(wanted)
        index = np.full(len(rows), place, dtype=np.int64)
        batch = batches[rows, places]
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
