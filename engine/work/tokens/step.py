"""The two axes of a sweep: layouts down, batches across. Arrays broadcast to (layouts, batches)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache

import numpy as np

from engine.words.arrays import FloatArray, IntArray, Row, cell, lines
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class LayoutArrays:
    """Degrees of several layouts as columns of shape (layouts, 1)."""

    tensor: FloatArray
    pipeline: FloatArray
    expert: FloatArray
    attention_data: FloatArray
    replicas: FloatArray

    @classmethod
    def of(cls, layouts: Sequence[Layout]) -> LayoutArrays:
        """Columns for ``layouts`` in order; the same object for the same layouts."""
        return _arrays(tuple(layouts))

    @classmethod
    def build(cls, layouts: Sequence[Layout]) -> LayoutArrays:
        """A new object for ``layouts``."""

        def column(name: str) -> FloatArray:
            return np.array([[float(getattr(layout, name))] for layout in layouts])

        return cls(
            column("tensor"),
            column("pipeline"),
            column("expert"),
            column("attention_data"),
            column("replicas"),
        )

    def at(self, row: Row) -> LayoutArrays:
        """The layout of one row alone."""
        return LayoutArrays(*(cell(getattr(self, one.name), row) for one in fields(self)))

    def rows(self, rows: IntArray) -> LayoutArrays:
        """Some of the layouts."""
        return LayoutArrays(*(getattr(self, one.name)[rows] for one in fields(self)))

    @property
    def ranks(self) -> FloatArray:
        """Chips of one pipeline stage."""
        return self.tensor * self.attention_data

    @property
    def expert_tensor(self) -> FloatArray:
        """How many ways each expert is split."""
        return self.ranks / self.expert

    @property
    def chips_per_replica(self) -> FloatArray:
        """Chips of one replica."""
        return self.ranks * self.pipeline


@lru_cache(maxsize=64)
def _arrays(layouts: tuple[Layout, ...]) -> LayoutArrays:
    return LayoutArrays.build(layouts)


@dataclass(frozen=True)
class Step:
    """One pass through all layers, as seen by one attention rank.

    ``sequences`` is how many the rank serves in the pass, ``queries`` how many new tokens each
    brings, which stand at positions ``first`` to ``last`` (for a decode step: the range over
    which the position is averaged). ``decode`` chooses the kernels.
    """

    sequences: FloatArray
    queries: FloatArray
    first: FloatArray
    last: FloatArray
    decode: bool
    share: float | FloatArray = 1.0
    """Share of the attention-DP ranks that take part; the others wait in the same pass."""
    last_only: bool = False
    """Whether a decode step needs the logits of each sequence's last query alone."""

    def rows(self, rows: IntArray) -> Step:
        """The step of some layouts."""
        return Step(
            lines(self.sequences, rows),
            lines(self.queries, rows),
            lines(self.first, rows),
            lines(self.last, rows),
            self.decode,
            lines(self.share, rows),
            self.last_only,
        )

    def at(self, row: Row) -> Step:
        """The step of one row alone."""
        return Step(
            cell(self.sequences, row),
            cell(self.queries, row),
            cell(self.first, row),
            cell(self.last, row),
            self.decode,
            cell(self.share, row),
            self.last_only,
        )

    @cached_property
    def tokens(self) -> FloatArray:
        """New tokens of one attention rank."""
        return self.sequences * self.queries

    def visible(self, window: int | None = None, limit: int | None = None) -> FloatArray:
        """Mean number of keys a query sees: its own and all before, at most the smaller of
        ``window`` and ``limit``; averaged over positions ``first`` to ``last``."""
        bounds = [bound for bound in (window, limit) if bound is not None]
        if not bounds:
            return (self.first + self.last) * 0.5 + 1.0
        cap = float(min(bounds))
        count = self.last - self.first + 1.0
        growing = np.clip(cap - self.first - 1.0, 0.0, count)
        grown = growing * (self.first + (growing + 1.0) * 0.5)
        return (grown + (count - growing) * cap) / count

    def loaded(self, window: int | None = None) -> FloatArray:
        """Cached tokens read per sequence: in decode what its query sees; in prefill every key
        once, as flash attention does."""
        if self.decode:
            return self.visible(window) + (self.queries - 1.0)
        return self.last + 1.0


def per_rank(batch: FloatArray, layouts: LayoutArrays) -> tuple[FloatArray, FloatArray]:
    """Sequences of the fullest attention rank in one pipeline micro-batch, and how full the
    ranks are on average, as a share of it."""
    micro = np.ceil(batch / layouts.pipeline)
    fullest = np.ceil(micro / layouts.attention_data)
    return fullest, micro / np.maximum(fullest * layouts.attention_data, 1.0)


def prefill_step(
    batch: FloatArray, layouts: LayoutArrays, input_tokens: float | FloatArray
) -> Step:
    """Prefill of ``batch`` whole prompts per replica."""
    prompt = np.asarray(input_tokens, dtype=float)
    fullest, share = per_rank(batch, layouts)
    return Step(fullest, prompt, np.asarray(0.0), prompt - 1.0, decode=False, share=share)


def decode_step(
    batch: FloatArray,
    layouts: LayoutArrays,
    input_tokens: float | FloatArray,
    output_tokens: float | FloatArray,
    queries: float = 1.0,
) -> Step:
    """The mean decode step of ``batch`` sequences per replica over the whole answer."""
    return rank_decode_step(*per_rank(batch, layouts), input_tokens, output_tokens, queries)


def rank_decode_step(
    sequences: FloatArray,
    share: FloatArray,
    input_tokens: float | FloatArray,
    output_tokens: float | FloatArray,
    queries: float = 1.0,
) -> Step:
    """The mean decode step of so many ``sequences`` of the fullest attention rank, of which ranks
    have a ``share`` on average.

    The first token comes out of prefill, so decode makes ``output_tokens - 1`` of them, at
    positions ``input_tokens`` and following.
    """
    first = np.asarray(input_tokens, dtype=float)
    last = first + np.maximum(np.asarray(output_tokens, dtype=float) - 2.0, 0.0)
    return Step(sequences, np.asarray(float(queries)), first, last, decode=True, share=share)


@dataclass(frozen=True, slots=True)
class Source:
    """What an encoder reads for each request: ``pieces`` of so many ``tokens``, when the decoder
    begins with a ``prompt`` of its own (scalars or columns of (layouts, 1)). The part of the
    prompts that is in a pass brings the same part of their sources. ``features`` of a request pass
    a projector behind the encoder; 0 where there is none."""

    tokens: FloatArray
    prompt: FloatArray
    pieces: float = 1.0
    features: float = 0.0

    def steps(self, steps: Sequence[Step]) -> list[Step]:
        """The encoder's side of those of ``steps`` that hold prompts: every token sees all."""
        last = self.tokens - 1.0
        found = []
        for one in steps:
            if one.decode:
                continue
            part = one.queries / self.prompt
            # Images are read whole, one or another in a pass.
            pieces = self.pieces * part if self.features else self.pieces
            queries = self.tokens if self.features else self.tokens * part
            found.append(Step(one.sequences * pieces, queries, last, last, False, one.share))
        return found

    @property
    def features_of_token(self) -> FloatArray:
        """Of each token of an encoder: how many pass the projector."""
        return self.features / (self.pieces * self.tokens)
