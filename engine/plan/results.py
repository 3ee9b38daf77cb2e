"""What the sweep hands on: tables of candidates as numpy columns, and explanations of one row.

These are values only; `engine.plan.sweep` and `engine.plan.explain` make them, the command line,
the plan files and the app read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from engine.model.precision import Precision
from engine.serve.memory import MemoryItem
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.work.layout import Layout


class Binding(IntEnum):
    """Why a candidate is not the answer."""

    NONE = 0
    MEMORY = 1
    TTFT = 2
    TPOT = 3
    E2E = 4
    LATENCY = 5


@dataclass(frozen=True, slots=True)
class Table:
    """Candidates, one per index, as columns of equal length.

    ``kind`` is ``language`` or ``vision``. ``metrics`` holds float columns named with their
    unit: for language models ``ttft_ms tpot_ms e2e_ms request_tps decode_tps tps_per_chip
    tps_per_user memory_gib``; for vision models ``latency_ms fps fps_per_chip memory_gib``.
    Where ``fits`` is False the speeds are NaN. ``throughput`` names the column that ranks.
    ``excess`` is the largest ratio of a metric to its limit (≤ 1 when all are met, for memory
    need/capacity); ``binding`` says which limit that is when one is missed.
    """

    kind: str
    throughput: str
    layouts: tuple[Layout, ...]
    precisions: tuple[Precision, ...]
    layout_index: IntArray
    precision_index: IntArray
    batch: IntArray
    metrics: Mapping[str, FloatArray]
    fits: BoolArray
    meets: BoolArray
    binding: IntArray
    excess: FloatArray

    def __len__(self) -> int:
        return len(self.batch)

    def take(self, rows: IntArray) -> Table:
        """The same table with only ``rows``, in that order."""
        return Table(
            self.kind,
            self.throughput,
            self.layouts,
            self.precisions,
            self.layout_index[rows],
            self.precision_index[rows],
            self.batch[rows],
            {name: column[rows] for name, column in self.metrics.items()},
            self.fits[rows],
            self.meets[rows],
            self.binding[rows],
            self.excess[rows],
        )

    def layout(self, row: int) -> Layout:
        """The layout of one row."""
        return self.layouts[int(self.layout_index[row])]

    def precision(self, row: int) -> Precision:
        """The precision of one row."""
        return self.precisions[int(self.precision_index[row])]


@dataclass(frozen=True, slots=True)
class Choice:
    """The candidate that a plan stands for."""

    batch: int
    layout: Layout
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
    """The best row of another layout or precision that meets the objectives."""
    nearest: int | None
    """When nothing meets the objectives: the row that misses by least."""
    elapsed_seconds: float


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """One class of operators in one phase of one step."""

    name: str
    kernel: str
    phase: str
    calls: int
    seconds: float
    flops: float
    bytes: float
    message_bytes: float
    bound: str
    """``compute``, ``memory``, ``link`` or ``launch``: the largest part of the seconds."""
    provenance: str
    peak_flops: float = 0.0
    """Dense rate of the type it computes in; 0 for what computes nothing."""

    @property
    def intensity(self) -> float:
        """FLOPs per byte of memory traffic; NaN for what moves none."""
        return self.flops / self.bytes if self.bytes else float("nan")

    @property
    def flops_per_second(self) -> float:
        """FLOP/s reached, launches included."""
        return self.flops / self.seconds if self.seconds else float("nan")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one candidate is as fast as it is.

    MFU is the time that the FLOPs would take at the dense peak of the type each operator
    computes in, over the time of the phase; MBU the same of its bytes at the memory bandwidth.
    """

    layout: Layout
    precision: Precision
    batch: int
    operators: tuple[OperatorTime, ...]
    memory: tuple[MemoryItem, ...]
    capacity_bytes: float
    prefill_mfu: float
    prefill_mbu: float
    decode_mfu: float
    decode_mbu: float
    largest_batch: Mapping[str, int]
    """The largest batch that each limit allows on its own: ``memory``, ``ttft``, ``tpot``,
    ``e2e``; 0 where even batch 1 misses."""
    prompts: int = 1
    """Prompts in the prefill that is shown."""
    waiting_seconds: float = 0.0
    """What a decode step waits, in the mean, for the prompts of others that share the chips."""
    peaks: Mapping[str, float] = field(default_factory=dict)
    """Dense FLOP/s of the types that are computed in, by name: the roofs."""
    bandwidth_bytes: float = 0.0
    """Memory bandwidth of the chip."""

    def ridge(self, name: str) -> float:
        """FLOPs per byte from which the peak called ``name`` is the lower roof."""
        return self.peaks[name] / self.bandwidth_bytes

    def roof(self, name: str, intensity: FloatArray) -> FloatArray:
        """The most FLOP/s that work of an ``intensity`` can reach at a type's peak."""
        return np.minimum(self.peaks[name], intensity * self.bandwidth_bytes)
