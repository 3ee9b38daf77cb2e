"""What requests look like and how they arrive, and what users see of their service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scenario import Mode, Scenario
from engine.words.arrays import FloatArray
from engine.work.tokens import LayoutArrays, Step, decode_step


def tokens_per_step(draft_tokens: int, acceptance: float) -> float:
    """Expected tokens of one speculative step, ``(1 − a^(d+1))/(1 − a)`` (arXiv:2211.17192)."""
    if draft_tokens <= 0:
        return 1.0
    if acceptance >= 1.0:
        return draft_tokens + 1.0
    return float((1.0 - acceptance ** (draft_tokens + 1)) / (1.0 - acceptance))


@dataclass(frozen=True, slots=True)
class Service:
    """What users see, arrays of (layouts, batches); rates are of one replica."""

    ttft_seconds: FloatArray
    tpot_seconds: FloatArray
    e2e_seconds: FloatArray
    request_tps: FloatArray
    decode_tps: FloatArray


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How a closed-loop benchmark client sends requests, where it differs from a steady state.

    It opens with all slots at once and then refills each slot as its answer ends. ``waves`` is
    the number of requests per slot over the run. ``spread`` is the range of answer lengths as
    a share of their mean; with equal lengths (0) every wave arrives at once. ``median`` is 1
    where the median TTFT is asked for, which the opening does not move.
    """

    waves: int = 10
    opening: float | FloatArray = 1.0
    """1 for such a client, 0 where the load is steady from the start."""
    spread: float | FloatArray = 0.2
    median: float | FloatArray = 0.0

    @property
    def in_step(self) -> NDArray[np.bool_]:
        """Answers of one length that began together end together, wave after wave."""
        stays: NDArray[np.bool_] = (np.asarray(self.opening) > 0) & (np.asarray(self.spread) <= 0)
        return stays


@dataclass(frozen=True, slots=True)
class Traffic:
    """What requests look like; lengths may be arrays that broadcast with the batches."""

    input_tokens: float | FloatArray
    output_tokens: float | FloatArray
    mode: Mode = Mode.CONTINUOUS
    draft_tokens: int = 0
    acceptance: float = 0.0
    arrivals: Arrivals | None = None
    cached: float | FloatArray = 0.0
    """Share of the prompts that the engine finds in its prefix cache and need not prefill."""
    limit: FloatArray | None = None
    """Sequences per replica that memory and scheduler admit; further requests queue."""

    @classmethod
    def of(cls, scenario: Scenario) -> Traffic:
        """The traffic of a scenario."""
        workload = scenario.workload
        return cls(
            float(workload.input_tokens),
            float(workload.output_tokens),
            workload.mode,
            scenario.draft_tokens,
            scenario.acceptance,
        )

    @property
    def accepted(self) -> float:
        """Tokens that a step yields, drafted ones included."""
        return tokens_per_step(self.draft_tokens, self.acceptance)

    @property
    def steps_per_answer(self) -> FloatArray:
        """Steps from an answer's first token to its last."""
        output_tokens = np.asarray(self.output_tokens, dtype=float)
        steps: FloatArray = np.maximum((output_tokens - 1.0) / self.accepted, 1.0)
        return steps

    def decoding(self, layouts: LayoutArrays, batch: FloatArray) -> Step:
        """The mean decode step of ``batch`` sequences per replica."""
        queries = 1.0 + self.draft_tokens
        return decode_step(batch, layouts, self.input_tokens, self.output_tokens, queries)

    def service(self, batch: FloatArray, ttft: FloatArray, tpot: FloatArray) -> Service:
        """What users see of ``batch`` such requests in flight per replica."""
        output_tokens = np.asarray(self.output_tokens, dtype=float)
        e2e = ttft + np.maximum(output_tokens - 1.0, 0.0) * tpot
        return Service(
            ttft_seconds=np.broadcast_to(ttft, tpot.shape),
            tpot_seconds=tpot,
            e2e_seconds=e2e,
            request_tps=batch * output_tokens / e2e,
            decode_tps=batch / tpot,
        )
