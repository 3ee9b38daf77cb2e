"""Why one candidate is as fast as it is, as values: `engine.plan.why.explain` makes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.model.precision import Precision
from engine.serve.memory.account import MemoryItem, PoolMemory
from engine.serve.startup import PoolStartup, Startup
from engine.words.arrays import FloatArray
from engine.words.messages import say
from engine.words.quantities import GIB, duration, memory_amount
from engine.work.arrangement import Arrangement


@dataclass(frozen=True, slots=True)
class Share:
    """A named part of a latency, in seconds; ``phase`` names the pass that it is spent in."""

    name: str
    seconds: float
    phase: str = ""


_BOUND_BY = {"memory": "memory traffic", "link": "links", "launch": "launches"}


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """One class of operators in one pass.

    ``bound`` is the largest part of the seconds: ``compute``, ``memory``, ``link`` or ``launch``.
    ``peak_flops`` is the dense rate of the type it computes in, 0 for what computes nothing.
    """

    name: str
    kernel: str
    phase: str
    calls: int
    seconds: float
    flops: float
    bytes: float
    message_bytes: float
    bound: str
    provenance: str
    peak_flops: float = 0.0

    @property
    def bound_by(self) -> str:
        """What bounds it, for people: memory by its traffic, not by its size."""
        return say(_BOUND_BY.get(self.bound, self.bound))

    @property
    def intensity(self) -> float:
        """FLOPs per byte of memory traffic; NaN for what moves none."""
        return self.flops / self.bytes if self.bytes else float("nan")

    @property
    def flops_per_second(self) -> float:
        """FLOP/s reached, launches included."""
        return self.flops / self.seconds if self.seconds else float("nan")


@dataclass(frozen=True, slots=True)
class PassFigures:
    """One pass of a candidate. MFU is the time that its FLOPs would take at the dense peak of the
    type each operator computes in, over its time; MBU the same of its bytes at the memory
    bandwidth."""

    phase: str
    seconds: float
    mfu: float
    mbu: float


@dataclass(frozen=True, slots=True)
class DraftGain:
    """A candidate beside itself without drafts: TPOT of its batch, and the most throughput that
    its layout has under the objectives (NaN where nothing meets them)."""

    note: str
    """What drafts, how many tokens, how many of them are kept and how that is known."""
    tpot_ms: float
    tpot_ms_without: float
    throughput: float
    throughput_without: float

    @property
    def sentence(self) -> str:
        """``TPOT 8.4 ms (13.1 without), throughput of the layout +12 %``."""
        times = say(
            "TPOT {tpot_ms} ({tpot_ms_without} without drafts)",
            tpot_ms=duration(self.tpot_ms),
            tpot_ms_without=duration(self.tpot_ms_without),
        )
        if math.isnan(self.throughput) or not self.throughput_without > 0:
            return times
        more = 100.0 * (self.throughput / self.throughput_without - 1.0)
        return say(
            "{times}, most tokens per chip in this layout {more:+.0f} %", times=times, more=more
        )


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why one candidate is as fast as it is.

    ``parts`` say what each latency is made of, by metric; ``operators`` what each pass is made of.
    ``largest_batch`` is the largest batch that each limit allows on its own (``memory ttft tpot``
    …); 0 where even batch 1 misses. ``peaks`` are the rates that operators compute at, by type:
    the roofs.
    """

    arrangement: Arrangement
    precision: Precision
    batch: int
    parts: Mapping[str, tuple[Share, ...]]
    passes: tuple[PassFigures, ...]
    operators: tuple[OperatorTime, ...]
    memory: tuple[MemoryItem, ...]
    capacity_bytes: float
    largest_batch: Mapping[str, int]
    peaks: Mapping[str, float]
    bandwidth_bytes: float
    pool: str = ""
    """The pool that holds the other one up, ``prefill`` or ``decode``; empty without pools."""
    drafting: DraftGain | None = None
    """None without drafts."""
    pool_memory: tuple[PoolMemory, ...] = ()
    """The memory of both pools; empty without pools."""
    startups: tuple[PoolStartup, ...] = ()
    """What the servers print as they start, one of every pool; empty for models without a cache."""

    def __repr__(self) -> str:
        """One line per latency, pass and limit; the values are in the fields."""
        lines = [f"{self.arrangement.name} {self.precision.name}, batch {self.batch}"]
        for metric, parts in self.parts.items():
            total = sum(one.seconds for one in parts)
            shares = (f"{one.name} {duration(one.seconds * 1e3)}" for one in parts)
            name = metric.removesuffix("_ms").upper()
            lines.append(f"  {name} {duration(total * 1e3)}: {', '.join(shares)}")
        for one in self.passes:
            took, busy = duration(one.seconds * 1e3), f"MFU {one.mfu:.0%}, MBU {one.mbu:.0%}"
            lines.append(f"  a {one.phase} pass {took}: {busy}; {self._longest(one.phase)}")
        for table in self.memory_tables:
            held = ", ".join(f"{one.name} {memory_amount(one.bytes / GIB)}" for one in table.items)
            name = f"memory of {table.pool}" if table.pool else "memory"
            lines.append(f"  {name}: {held} of {memory_amount(table.capacity_bytes / GIB)}")
        if self.drafting is not None:
            lines.append(f"  drafts: {self.drafting.note}; {self.drafting.sentence}")
        limits = ", ".join(f"{name} {batch:,}" for name, batch in self.largest_batch.items())
        return "\n".join([*lines, f"  largest batch by limit: {limits}"])

    @property
    def memory_tables(self) -> tuple[PoolMemory, ...]:
        """The memory of a chip of each pool; of any chip, without a pool's name, where there are
        none."""
        return self.pool_memory or (PoolMemory("", self.memory, self.capacity_bytes),)

    def startup(self, pool: str) -> Startup | None:
        """What a server of ``pool`` prints; None where nothing has a cache."""
        return next((one.startup for one in self.startups if one.pool == pool), None)

    def _longest(self, phase: str) -> str:
        """The three longest operators of a pass."""
        ranked = sorted(self.operators, key=lambda one: one.seconds, reverse=True)
        first = [one for one in ranked if one.phase == phase][:3]
        return ", ".join(f"{one.name} {duration(one.seconds * 1e3)} ({one.bound})" for one in first)

    def ridge(self, name: str) -> float:
        """FLOPs per byte from which the peak called ``name`` is the lower roof."""
        return self.peaks[name] / self.bandwidth_bytes

    def roof(self, name: str, intensity: FloatArray) -> FloatArray:
        """The most FLOP/s that work of an ``intensity`` can reach at a type's peak."""
        return np.minimum(self.peaks[name], intensity * self.bandwidth_bytes)
