"""What requests look like, apart from how they arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.words.arrays import FloatArray
from engine.work.tokens import LayoutArrays, Step, decode_step


@dataclass(frozen=True, slots=True)
class Drafts:
    """Tokens drafted per step, and the share of the steps that keep the one at each position."""

    tokens: int = 0
    kept: tuple[float, ...] = ()

    @classmethod
    def even(cls, tokens: int, acceptance: float) -> Drafts:
        """Each token is kept with the probability ``acceptance``, given that all before it
        were: a step yields ``(1 − a^(d+1))/(1 − a)`` tokens (arXiv:2211.17192)."""
        return cls(tokens, tuple(acceptance ** (place + 1) for place in range(tokens)))

    @property
    def accepted(self) -> float:
        """Tokens that a step yields: drafted ones that are kept, and one more."""
        return 1.0 + sum(self.kept[: self.tokens])


@dataclass(frozen=True, slots=True)
class Requests:
    """Lengths in tokens, scalars or columns of (arrangements, 1).

    ``cached`` is the share of the prompts that an engine with a prefix cache finds there and need
    not prefill. Models of one forward pass have no lengths: their input is part of the model.
    """

    input_tokens: float | FloatArray
    output_tokens: float | FloatArray
    cached: float | FloatArray = 0.0
    drafts: Drafts = Drafts()

    @property
    def steps_per_answer(self) -> FloatArray:
        """Steps from an answer's first token to its last."""
        output_tokens = np.asarray(self.output_tokens, dtype=float)
        steps: FloatArray = np.maximum((output_tokens - 1.0) / self.drafts.accepted, 1.0)
        return steps

    @property
    def context_tokens(self) -> FloatArray:
        """Tokens of a prompt with its whole answer."""
        whole: FloatArray = np.asarray(self.input_tokens + self.output_tokens, dtype=float)
        return whole

    def decoding(self, layouts: LayoutArrays, batch: FloatArray) -> Step:
        """The mean decode step of ``batch`` sequences per replica."""
        queries = 1.0 + self.drafts.tokens
        return decode_step(batch, layouts, self.input_tokens, self.output_tokens, queries)
