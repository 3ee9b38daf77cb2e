"""What requests look like, apart from how they arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.model.image_rules import Seen
from engine.words.arrays import FloatArray
from engine.work.tokens import LayoutArrays, Step, per_rank, rank_decode_step


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


def even_acceptance(tokens: int, per_step: float) -> float:
    """Acceptance of one more drafted token such that a step of so many yields ``per_step``."""
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        made = Drafts.even(tokens, middle).accepted
        low, high = (middle, high) if made < per_step else (low, middle)
    return round(low, 4)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Lengths that requests have: arrays of equal length, ``share`` sums to 1."""

    input_tokens: FloatArray
    output_tokens: FloatArray
    share: FloatArray

    @classmethod
    def of(cls, input_tokens: FloatArray, output_tokens: FloatArray) -> Histogram:
        """The lengths of requests that are listed one by one, each pair once."""
        pairs, counts = np.unique(
            np.stack([input_tokens, output_tokens], axis=1), axis=0, return_counts=True
        )
        return cls(pairs[:, 0], pairs[:, 1], counts / counts.sum())

    @property
    def means(self) -> tuple[float, float]:
        """Mean tokens of a prompt and of an answer."""
        return float(self.share @ self.input_tokens), float(self.share @ self.output_tokens)


@dataclass(frozen=True, slots=True)
class Spread:
    """How far lengths are from their means: coefficients of variation (standard deviation over
    mean), of log-normal lengths; or a ``histogram`` of them, whose means are the requests' own."""

    input: float = 0.0
    output: float = 0.0
    histogram: Histogram | None = None

    @property
    def input_bias(self) -> float:
        """Length of the prompt that a token of one belongs to, over the mean: ``E[i²]/E[i]²``."""
        if self.histogram is not None:
            return _bias(self.histogram.input_tokens, self.histogram.share)
        return 1.0 + self.input**2

    @property
    def output_bias(self) -> float:
        """The same of answers."""
        if self.histogram is not None:
            return _bias(self.histogram.output_tokens, self.histogram.share)
        return 1.0 + self.output**2


def _bias(lengths: FloatArray, share: FloatArray) -> float:
    mean = float(share @ lengths)
    return float(share @ np.square(lengths)) / mean**2 if mean else 1.0


@dataclass(frozen=True, slots=True)
class Images:
    """Images of a request, all alike: how many, and what the model sees of one."""

    count: float
    seen: Seen

    @property
    def tokens(self) -> float:
        """What they add to a prompt."""
        return self.count * self.seen.tokens


@dataclass(frozen=True, slots=True)
class Requests:
    """Lengths in tokens, scalars or columns of (arrangements, 1).

    ``cached`` is the share of each prompt's tokens that an engine with a prefix cache finds there
    and need not prefill, of which ``shared_prefix_tokens`` are the same for all prompts, held once.
    Models of one forward pass have no lengths: their input is part of the model.
    """

    input_tokens: float | FloatArray
    output_tokens: float | FloatArray
    cached: float | FloatArray = 0.0
    drafts: Drafts = Drafts()
    spread: Spread = Spread()
    shared_prefix_tokens: float = 0.0
    longest_tokens: float = 0.0
    """Of a prompt and its answer in the last turn of a conversation; 0 where all are alike."""
    think_seconds: float = 0.0
    """From an answer to the next request that finds its context in the prefix cache."""
    returning: float = 1.0
    """Share of the contexts in that cache that are asked for again."""
    loading_seconds: float | FloatArray = 0.0
    """Bringing what is found in host memory to the chip, before prefill."""
    images: Images | None = None
    """Those of a prompt, whose tokens are among ``input_tokens``."""

    @property
    def alike(self) -> bool:
        """Whether they are the same for all arrangements, however many there are of them."""
        lengths = self.input_tokens, self.output_tokens, self.cached, self.loading_seconds
        return all(np.size(one) == 1 for one in lengths)

    @property
    def prompts_alike(self) -> bool:
        """Whether all their prompts are of one length."""
        return self.spread.histogram is None and self.spread.input <= 0

    @property
    def in_turns(self) -> bool:
        """Whether prompts are turns of conversations: spreads are of what a turn adds."""
        return self.returning < 1.0

    @property
    def steps_per_answer(self) -> FloatArray:
        """Steps from an answer's first token to its last."""
        output_tokens = np.asarray(self.output_tokens, dtype=float)
        steps: FloatArray = np.maximum((output_tokens - 1.0) / self.drafts.accepted, 1.0)
        return steps

    @property
    def fresh_tokens(self) -> FloatArray:
        """Tokens of a prompt that are prefilled: at least the last one, whose output is the first
        token."""
        tokens = np.asarray(self.input_tokens * (1.0 - np.asarray(self.cached)), dtype=float)
        fresh: FloatArray = np.maximum(tokens, 1.0)
        return fresh

    @property
    def context_tokens(self) -> FloatArray:
        """Tokens of a prompt with its whole answer."""
        whole: FloatArray = np.asarray(self.input_tokens + self.output_tokens, dtype=float)
        return whole

    @property
    def met_output_tokens(self) -> FloatArray:
        """Tokens of the answers that are met in flight: long ones are there longer,
        ``E[o²]/E[o]``."""
        met: FloatArray = np.asarray(self.output_tokens, dtype=float) * self.spread.output_bias
        return met

    def decoding(self, layouts: LayoutArrays, batch: FloatArray) -> Step:
        """The mean decode step of ``batch`` sequences per replica."""
        return self.decoding_of(*per_rank(batch, layouts))

    def decoding_of(self, sequences: FloatArray, share: FloatArray) -> Step:
        """The same of ``sequences`` of the fullest rank, of which ranks have a ``share`` on
        average."""
        queries = 1.0 + self.drafts.tokens
        lengths = self.input_tokens, self.met_output_tokens
        return rank_decode_step(sequences, share, *lengths, queries)
