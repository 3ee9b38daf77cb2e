"""A trace of requests as arrays, and what it says of a load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.words.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Blocks:
    """Which blocks the prompts consist of: equal numbers stand for equal tokens with equal tokens
    before them. Those of request ``i`` are ``ids[starts[i]:starts[i + 1]]``."""

    ids: IntArray
    starts: IntArray
    tokens: int
    """Of one block; the last of a prompt may be cut short."""

    def of(self, request: int) -> IntArray:
        """The blocks of one request, from the first token on."""
        return self.ids[self.starts[request] : self.starts[request + 1]]


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in the order in which they came, arrays of (requests,).

    ``arrival_seconds`` count from the first; None where the file has no times. ``left_out`` are
    rows without a prompt or without an answer. ``is_estimate``: tokens were guessed from text.
    """

    name: str
    input_tokens: FloatArray
    output_tokens: FloatArray
    arrival_seconds: FloatArray | None = None
    blocks: Blocks | None = None
    left_out: int = 0
    is_estimate: bool = False

    def __len__(self) -> int:
        return len(self.input_tokens)

    def first(self, count: int) -> Trace:
        """The first ``count`` requests."""
        arrival, blocks = self.arrival_seconds, self.blocks
        if blocks is not None:
            blocks = Blocks(blocks.ids, blocks.starts[: count + 1], blocks.tokens)
        return Trace(
            self.name,
            self.input_tokens[:count],
            self.output_tokens[:count],
            None if arrival is None else arrival[:count],
            blocks,
            self.left_out,
            self.is_estimate,
        )

    @property
    def rate(self) -> float:
        """Requests per second over the whole; 0 where there are no times, or all are alike."""
        if self.arrival_seconds is None or not self.arrival_seconds[-1] > 0:
            return 0.0
        return float((len(self) - 1) / self.arrival_seconds[-1])

    @property
    def burstiness(self) -> float:
        """Shape of the gamma distribution whose gaps vary as much, ``1/CV²``: 1 is Poisson, less
        comes in bursts. 1 where the gaps say nothing."""
        if self.arrival_seconds is None or len(self) < 3:
            return 1.0
        gaps = np.diff(self.arrival_seconds)
        variance = float(gaps.var())
        return float(gaps.mean()) ** 2 / variance if variance > 0 else 1.0

    @property
    def input_spread(self) -> float:
        """Coefficient of variation of the prompts' lengths."""
        return float(self.input_tokens.std() / self.input_tokens.mean())

    @property
    def output_spread(self) -> float:
        """Coefficient of variation of the answers' lengths."""
        return float(self.output_tokens.std() / self.output_tokens.mean())
