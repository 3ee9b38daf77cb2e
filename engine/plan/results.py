"""What the sweep hands on: tables of candidates as numpy columns.

These are values only; `engine.plan.sweep` makes them, the command line, the plan files and the app
read them. Why one row is as it is stands in `engine.plan.why.explanation`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.figures import Figures
from engine.plan.metrics.metric import Metric
from engine.plan.metrics.table import BY_ID, SPEED, THROUGHPUT, VERDICTS, Verdict
from engine.plan.ranges.accuracy import Accuracy
from engine.scenario import Objectives
from engine.serve.outcome import PoolRole
from engine.words.arrays import BoolArray, FloatArray, IntArray, Places
from engine.work.arrangement import Arrangement, Disaggregated

_ALONE = np.zeros(1, dtype=np.int32)
"""The place of an arrangement among itself."""


@dataclass(frozen=True, slots=True)
class Table:
    """Candidates, one per index, as columns of equal length.

    ``metrics`` holds a float column per metric of the ``kind``, in the order of
    `engine.plan.metrics.table`.
    Where ``fits`` is False the speeds are NaN. ``excess`` is the largest ratio of a metric to its
    limit (≤ 1 when all are met, for memory need/capacity); ``binding`` is the place in `VERDICTS`
    of what is missed. ``capacity_gib`` is what the engine fills of a chip.
    """

    kind: ModelKind
    arrangements: tuple[Arrangement, ...]
    precisions: tuple[Precision, ...]
    arrangement_index: Places
    precision_index: Places
    batch: IntArray
    metrics: Mapping[str, FloatArray]
    capacity_gib: FloatArray
    fits: BoolArray
    meets: BoolArray
    binding: NDArray[np.int8]
    excess: FloatArray
    pool: NDArray[np.int8] | None = None
    limits: tuple[Objectives, ...] = ()
    """Of each case the limits that its figures have to keep: those of the scenario, stricter where
    it asks for more certainty than even."""
    accuracies: tuple[Accuracy, ...] = ()
    """Of each case how far off such predictions have been: of each precision, then of each in pools
    where some are."""
    one_token: bool = False
    """Whether answers end with their first token: metrics of later tokens are NaN then."""

    def __len__(self) -> int:
        return len(self.batch)

    @property
    def at_rate(self) -> bool:
        """Whether requests come at a rate, so that rows are numbers of replicas."""
        return "utilised_percent" in self.metrics

    @property
    def sizes(self) -> FloatArray:
        """What throughput is drawn over: the batch, or the replicas at a rate."""
        if not self.at_rate:
            return self.batch.astype(float)
        replicas = np.array([float(one.replicas) for one in self.arrangements])
        return replicas[self.arrangement_index]

    @property
    def throughput(self) -> str:
        """The column that ranks."""
        return THROUGHPUT[self.kind].id

    @property
    def rated(self) -> Metric:
        """What throughput is told by: in proportion to what ranks, of the prompts where nothing
        comes after the first token."""
        return BY_ID["prompt_tps_per_chip"] if self.one_token else THROUGHPUT[self.kind]

    @property
    def felt(self) -> Metric:
        """What one user feels most of: the first token, where none comes after it."""
        return BY_ID["ttft_ms"] if self.one_token else SPEED[self.kind]

    def arrangement(self, row: int) -> Arrangement:
        """How one row uses the chips."""
        return self.arrangements[int(self.arrangement_index[row])]

    def precision(self, row: int) -> Precision:
        """The precision of one row."""
        return self.precisions[int(self.precision_index[row])]

    @property
    def case_index(self) -> Places:
        """The place of every row in ``accuracies`` and ``limits``."""
        return case_index(
            self.arrangements, len(self.precisions), self.arrangement_index, self.precision_index
        )

    def accuracy(self, row: int) -> Accuracy:
        """How far off predictions such as one row have been."""
        return self.accuracies[self._case(row)]

    def _case(self, row: int) -> int:
        """The place of one row, without those of all."""
        own = self.precision_index[row : row + 1]
        return int(case_index((self.arrangement(row),), len(self.precisions), _ALONE, own)[0])

    def verdict(self, row: int) -> Verdict:
        """Why one row is not the answer."""
        return VERDICTS[int(self.binding[row])]

    @property
    def pools(self) -> NDArray[np.int8]:
        """The `PoolRole` of every row: the pool that holds the other one up, or that lacks memory;
        NONE without pools."""
        return np.zeros(len(self), dtype=np.int8) if self.pool is None else self.pool

    def binding_pool(self, row: int) -> PoolRole:
        """As `pools`, of one row."""
        return PoolRole(int(self.pools[row]))

    def limit(self, row: int, metric: Metric) -> float | None:
        """What a row's figure has to keep; None without a limit."""
        found: float | None = getattr(self.limits[self._case(row)], metric.id)
        return found

    def value(self, row: int, metric: str) -> float:
        """One number; NaN where the row does not fit."""
        return float(self.figures_of(np.array([row]), metric)[metric][0])

    def values(self, row: int) -> dict[str, float]:
        """Every metric of one row."""
        found = self.figures_of(np.array([row]), *self.metrics)
        return {name: float(one[0]) for name, one in found.items()}

    def figures_of(self, rows: IntArray, *metrics: str) -> dict[str, FloatArray]:
        """Some metrics of some rows, without working out whole columns of a large table."""
        if isinstance(self.metrics, Figures) and not self.metrics.remembers:
            few = self.metrics.only(rows)
            return {name: few[name] for name in metrics}
        return {name: self.metrics[name][rows] for name in metrics}


def case_index(
    arrangements: tuple[Arrangement, ...],
    precisions: int,
    arrangement_index: Places,
    precision_index: Places,
) -> Places:
    """As `Table.case_index`, of rows that are no table yet."""
    in_pools = np.array([isinstance(one, Disaggregated) for one in arrangements])
    if not np.any(in_pools):
        return precision_index
    found: Places = precision_index + precisions * in_pools[arrangement_index]
    return found


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that a plan stands for."""

    batch: int
    arrangement: Arrangement
    precision: str
    """The label of the precision, as in the table."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A whole sweep. ``order`` ranks the rows of ``table`` best first: those that meet the
    objectives by throughput, then those that miss by how little, then those that do not fit."""

    table: Table
    order: IntArray
    candidates: int
    best: int | None
    runner_up: int | None
    """The best row of another arrangement or precision that meets the objectives."""
    nearest: int | None
    """When nothing meets the objectives: the row that misses by least."""
    elapsed_seconds: float
