"""What a prediction says: times, rates and memory of every arrangement at every size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from engine.serve.laws.laws import SayLaws
from engine.serve.memory.account import MemoryItem, PoolMemory
from engine.serve.passes.items import Item
from engine.serve.service import OfRows, Part, Parts
from engine.words.arrays import BoolArray, FloatArray, IntArray, Row
from engine.words.statistic import Statistic
from engine.work.arrangement import Arrangement


class PoolRole(IntEnum):
    """A pool of a disaggregated deployment, in arrays."""

    NONE = 0
    PREFILL = 1
    DECODE = 2

    @property
    def label(self) -> str:
        """``prefill`` or ``decode``; empty where there are no pools."""
        return "" if self is PoolRole.NONE else self.name.lower()


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes per chip, and what they let in; arrays of (arrangements, sizes) or columns.

    ``needed_bytes`` is for the size, ``capacity_bytes`` what the engine fills. ``memory_size`` and
    ``scheduler_size`` are the largest sizes that memory holds and the scheduler admits;
    ``context_fits`` is False where a request is longer than the model or the engine takes.
    ``cache_tokens`` are the tokens whose cache the whole deployment holds, in ``cache_bytes`` of
    each chip.
    """

    needed_bytes: FloatArray
    capacity_bytes: FloatArray
    memory_size: FloatArray
    scheduler_size: FloatArray
    context_fits: BoolArray
    cache_tokens: FloatArray
    cache_bytes: FloatArray

    @property
    def largest_size(self) -> FloatArray:
        """The largest size that is admitted: 0 where nothing starts."""
        admitted = np.minimum(self.memory_size, self.scheduler_size)
        return np.where(self.context_fits, admitted, 0.0)


@dataclass(frozen=True, slots=True)
class Made:
    """What made one row's figures: the parts of each latency, the items of each pass (all of them
    single numbers), and the memory of one chip."""

    parts: Mapping[str, tuple[Part, ...]]
    passes: Mapping[str, tuple[Item, ...]]
    memory: tuple[MemoryItem, ...]
    pools: tuple[PoolMemory, ...] = ()
    """The same of a chip of each pool; empty without pools."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What all chips cost per hour in US dollars and the watts that they draw, arrays of
    (arrangements, sizes); NaN where nobody says."""

    usd_per_hour: FloatArray
    watts: FloatArray


@dataclass(frozen=True, slots=True)
class Flow:
    """An open load, whose sizes are requests per second of the whole deployment: how many are
    ``in_flight`` per replica, of whom ``running`` hold memory; the ``largest_rate`` of the
    deployment, from which on its queue grows without end."""

    in_flight: FloatArray
    running: FloatArray
    largest_rate: FloatArray


@dataclass(frozen=True, slots=True)
class Outcome:
    """Predictions, arrays of (arrangements, sizes).

    ``seconds`` holds ``ttft tpot e2e`` of models of tokens, ``latency`` of forward models;
    ``rates``, per second and of the whole deployment, ``request_tokens decode_tokens
    prompt_tokens`` or ``samples``. ``passes`` are those that the parts of latencies are spent in.
    Speeds mean nothing where ``starts`` is False.
    """

    arrangements: Sequence[Arrangement]
    sizes: FloatArray
    chips: FloatArray
    seconds: Mapping[str, FloatArray]
    rates: Mapping[str, FloatArray]
    memory: Memory
    say_parts: Callable[[], Parts]
    passes: Mapping[str, OfRows]
    weigh: Callable[[Row], tuple[MemoryItem, ...]]
    """The memory table of a row."""
    weigh_pools: Callable[[Row], tuple[PoolMemory, ...]] | None = None
    """The same of both pools; None without pools."""
    bill: Bill | None = None
    """None where nobody asked."""
    binding_pool: IntArray | None = None
    """The `PoolRole` of the pool that holds the other one up, or that does not start; None of
    arrangements without pools."""
    say_laws: SayLaws | None = None
    """How far single requests are from the means; None of models without requests of tokens."""
    flow: Flow | None = None
    """What requests that come by themselves make of it; None where the size is a number of them."""
    found: FloatArray | None = None
    """Share of the prompts' tokens that prefix caches find; None of models without tokens."""

    @property
    def parts(self) -> Parts:
        """What each latency is made of."""
        return self.say_parts()

    def at(self, latency: str, statistic: Statistic) -> FloatArray:
        """Seconds of a statistic of ``ttft tpot itl e2e`` over requests. Means of the first token
        and its followers are those of `seconds`."""
        if statistic is Statistic.MEAN and latency in self.seconds:
            return self.seconds[latency]
        if self.say_laws is None:
            return np.full(self.shape, np.nan)
        return self.say_laws().at(latency, statistic)

    @property
    def cached(self) -> FloatArray:
        """Share of the prompts' tokens that prefix caches find."""
        if self.found is None:
            return np.full(self.shape, np.nan)
        return np.broadcast_to(self.found, self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Arrangements by sizes."""
        return np.broadcast_shapes(self.sizes.shape, self.chips.shape)

    @property
    def usd_per_second(self) -> FloatArray:
        """Of all chips; NaN where nobody says."""
        unknown = np.asarray(math.nan)
        dollars: FloatArray = (unknown if self.bill is None else self.bill.usd_per_hour) / 3600.0
        return dollars

    @property
    def watts(self) -> FloatArray:
        """Of all chips; NaN where nobody says."""
        return np.asarray(math.nan) if self.bill is None else self.bill.watts

    @property
    def sequences(self) -> FloatArray:
        """Requests per replica that hold memory at once: the sizes themselves, or what a rate
        makes of them."""
        return self.sizes if self.flow is None else np.ceil(self.flow.running)

    @property
    def stable(self) -> BoolArray:
        """Where the queue does not grow without end."""
        if self.flow is None:
            return np.ones(self.shape, dtype=bool)
        stable: BoolArray = np.broadcast_to(self.sizes < self.flow.largest_rate, self.shape)
        return stable

    @property
    def largest_rate(self) -> FloatArray:
        """Requests per second up to which the queue does not grow; NaN of loads that do not come
        by themselves."""
        if self.flow is None:
            return np.full(self.shape, np.nan)
        return np.broadcast_to(self.flow.largest_rate, self.shape)

    def kept(self, limits: Mapping[str, float]) -> FloatArray:
        """Share of the requests within ``limits`` in seconds by latency. A slow first token is
        taken to say nothing of the tokens after it, and a slow whole nothing more than these."""
        share = np.ones(self.shape)
        if self.say_laws is None:
            return share
        laws = self.say_laws()
        for latency in ("ttft", "tpot"):
            if latency in limits:
                share = share * laws.law(latency).within(limits[latency])
        if "e2e" in limits:
            share = np.minimum(share, laws.e2e.within(limits["e2e"]))
        return share

    @property
    def used(self) -> FloatArray:
        """Share of the largest rate, of an open load; NaN of others."""
        if self.flow is None:
            return np.full(self.shape, np.nan)
        used: FloatArray = np.broadcast_to(self.sizes / self.flow.largest_rate, self.shape)
        return used

    @property
    def starts(self) -> BoolArray:
        """Where at least one request is admitted; a column."""
        return self.memory.largest_size >= 1.0

    @property
    def fits(self) -> BoolArray:
        """Where the whole size is held in memory and admitted at once."""
        memory = self.memory
        if self.flow is not None:
            # Memory and scheduler are what the largest rate comes from.
            return np.broadcast_to(self.starts, self.shape) & self.stable
        admitted = (self.sizes <= memory.scheduler_size) & memory.context_fits
        fits: BoolArray = admitted & (memory.needed_bytes <= memory.capacity_bytes)
        return np.broadcast_to(fits, self.shape)

    def items(self, row: Row = (0, 0)) -> Made:
        """What made the figures of one row."""

        def at(values: FloatArray | float) -> float:
            return float(np.broadcast_to(values, self.shape)[row])

        parts = {
            metric: tuple(replace(one, seconds=np.asarray(at(one.seconds))) for one in made)
            for metric, made in self.parts.items()
        }
        passes = {
            phase: tuple(
                replace(
                    one,
                    calls=_number(one.calls),
                    seconds=np.asarray(_number(one.seconds)),
                    flops=_number(one.flops),
                    bytes=_number(one.bytes),
                    message_bytes=_number(one.message_bytes),
                )
                for one in made.at(row).items()
            )
            for phase, made in self.passes.items()
        }
        pools = self.weigh_pools(row) if self.weigh_pools is not None else ()
        return Made(parts, passes, self.weigh(row), pools)


def _number(value: FloatArray | float) -> float:
    """The only value of an array."""
    return float(np.asarray(value).item())
