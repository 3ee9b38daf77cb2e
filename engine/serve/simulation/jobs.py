"""Requests as a worker sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.sources.traces.trace import Trace
from engine.words.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Jobs:
    """Requests in the order in which they come, arrays of (requests,).

    ``arrival_seconds`` is when the worker hears of them. ``cached_tokens`` of a prompt are held
    whatever comes, ``steps`` follow the first token. ``blocks`` are those of the prompts, of
    ``block_tokens`` each; empty where nobody knows.
    """

    arrival_seconds: FloatArray
    input_tokens: FloatArray
    output_tokens: FloatArray
    cached_tokens: FloatArray
    steps: IntArray
    blocks: tuple[Sequence[int], ...] = ()
    block_tokens: int = 0

    def __len__(self) -> int:
        return len(self.arrival_seconds)

    def part(self, which: IntArray) -> Jobs:
        """Some of them."""
        return Jobs(
            self.arrival_seconds[which],
            self.input_tokens[which],
            self.output_tokens[which],
            self.cached_tokens[which],
            self.steps[which],
            tuple(self.blocks[one] for one in which.tolist()) if self.blocks else (),
            self.block_tokens,
        )

    def at(self, arrival_seconds: FloatArray) -> Jobs:
        """The same at other times."""
        return replace(self, arrival_seconds=arrival_seconds)

    def of_one_token(self) -> Jobs:
        """What a prefill worker does of them."""
        return replace(
            self,
            output_tokens=np.ones_like(self.output_tokens),
            steps=np.zeros_like(self.steps),
        )

    def prefilled(self) -> Jobs:
        """What a decode worker does of them: their caches come from elsewhere."""
        return replace(self, cached_tokens=self.input_tokens, blocks=())


def jobs_of(trace: Trace, arrival: FloatArray, cached: FloatArray, accepted: float) -> Jobs:
    """The requests of a trace that come at ``arrival``; ``accepted`` tokens come out of a step."""
    steps = np.ceil((trace.output_tokens - 1.0) / accepted).astype(np.int64)
    blocks: tuple[Sequence[int], ...] = ()
    if trace.blocks is not None:
        ids, starts = trace.blocks.ids.tolist(), trace.blocks.starts.tolist()
        blocks = tuple(ids[low:high] for low, high in pairwise(starts))
    return Jobs(
        arrival,
        trace.input_tokens,
        trace.output_tokens,
        np.minimum(np.floor(cached), trace.input_tokens - 1.0),
        steps,
        blocks,
        trace.blocks.tokens if trace.blocks is not None else 0,
    )
