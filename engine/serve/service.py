"""What users see of requests of tokens, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from engine.serve.laws.laws import SayLaws
from engine.serve.passes.items import Item
from engine.serve.requests import Requests
from engine.words.arrays import BoolArray, FloatArray, Row


class Itemised(Protocol):
    """A pass that can say what it is made of."""

    def items(self) -> tuple[Item, ...]:
        """What made its seconds."""
        ...


class OfRows(Protocol):
    """The passes of many rows."""

    def at(self, row: Row) -> Itemised:
        """The pass of one row alone."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """A named share of a latency in seconds, an array of (layouts, sizes). ``phase`` names the
    pass that it is spent in; empty for waiting."""

    name: str
    seconds: FloatArray
    phase: str = ""


HOST_PART = "cache from host memory"
"""The name of the part of a first token that comes over the link from the host."""

Parts = Mapping[str, tuple[Part, ...]]
"""What each latency is made of, by its name without unit: parts that sum to it."""


@dataclass(frozen=True, slots=True)
class Service:
    """What users see, arrays of (layouts, sizes); rates are of one replica.

    ``parts`` says what ``ttft`` and ``tpot`` are made of, ``laws`` how far single requests are from
    these means; when asked: most sweeps never do. ``passes`` are those that latencies are spent in,
    by phase.
    """

    ttft_seconds: FloatArray
    tpot_seconds: FloatArray
    e2e_seconds: FloatArray
    request_tps: FloatArray
    decode_tps: FloatArray
    parts: Callable[[], Parts]
    laws: SayLaws
    passes: Mapping[str, OfRows] = field(default_factory=dict)
    prefill_binds: BoolArray | None = None
    """Where a prefill pool holds a decode pool up; None without pools."""

    @classmethod
    def of(
        cls,
        requests: Requests,
        batch: FloatArray,
        ttft_seconds: FloatArray,
        tpot_seconds: FloatArray,
        parts: Callable[[], Parts],
        laws: SayLaws,
        passes: Mapping[str, OfRows],
    ) -> Service:
        """What users see of ``batch`` such requests in flight per replica."""
        output_tokens = np.asarray(requests.output_tokens, dtype=float)
        e2e_seconds = ttft_seconds + np.maximum(output_tokens - 1.0, 0.0) * tpot_seconds
        return cls(
            ttft_seconds=np.broadcast_to(ttft_seconds, tpot_seconds.shape),
            tpot_seconds=tpot_seconds,
            e2e_seconds=e2e_seconds,
            request_tps=batch * output_tokens / e2e_seconds,
            decode_tps=batch / tpot_seconds,
            parts=parts,
            laws=laws,
            passes=passes,
        )

    def drained(self, seconds: FloatArray) -> Service:
        """The same of a run that ends: what it delivers in all is spread over so many ``seconds``
        more for every wave of requests."""
        lasting = self.e2e_seconds / (self.e2e_seconds + np.maximum(seconds, 0.0))
        return replace(self, request_tps=self.request_tps * lasting)
