"""Seconds of every pass that a worker may run, tabulated through the same steps as predictions.

A pass holds the decoding sequences of each attention rank and a chunk of prompts. Both are said by
few numbers: how many sequences at which mean position, how many tokens of prompts that see how many
keys on average, and how full the other ranks are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.drafting import drafting_passes, prompts_seconds
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.run import run
from engine.serve.requests import Drafts
from engine.serve.simulation.grid import Grid, doubling
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

FULL: Sequence[float] = (1.0,)
FINE: Sequence[float] = (0.02, 0.06, 0.125, 0.25, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest pass: sequences of one rank, tokens of prompts, tokens of a context."""

    sequences: float
    prompt_tokens: float
    context: float


class PassSeconds:
    """Seconds of passes of one layout."""

    def __init__(self, deployment: Deployment, drafts: Drafts, bounds: Bounds) -> None:
        self._deployment, self._drafts = deployment, drafts
        self.shared = deployment.framework.scheduler.prefill_passes is PrefillPasses.SHARED
        several = float(deployment.layouts.attention_data[0, 0]) > 1
        shares: Sequence[float] = FINE if several else FULL
        sequences = _counts(bounds.sequences)
        positions = doubling(64.0, max(bounds.context, 65.0))
        self._decode = Grid(
            (sequences, positions, shares), self._decoding(sequences, positions, shares)
        )
        tokens = _tokens(bounds.prompt_tokens)
        keys = doubling(16.0, max(bounds.context, 17.0), 4.0)
        if self.shared:
            sequences = [0.0, *doubling(1.0, max(bounds.sequences, 2.0))]
            positions = doubling(64.0, max(bounds.context, 65.0), 4.0)
            shares = (0.02, 0.15, 0.4, 0.7, 1.0) if several else FULL
        else:
            sequences, positions, shares = [0.0], [1.0], FULL
        prompt_shares = FINE if several else FULL
        axes = (sequences, positions, shares, tokens, keys, prompt_shares)
        self._prefill = Grid(axes, self._prefilling(axes))

    def decode(self, sequences: float, position: float, share: float) -> float:
        """Seconds of a pass of ``sequences`` of the fullest rank that stand at ``position``;
        ``share`` is how full the ranks are on average, as a share of it."""
        return self._decode.at(sequences, position, share)

    def prefill(
        self,
        decoding: tuple[float, float, float],
        tokens: float,
        keys: float,
        share: float,
    ) -> float:
        """Seconds of a pass with ``tokens`` of prompts on the fullest rank that see ``keys`` keys
        on average, beside the ``decoding`` sequences where the engine mixes them."""
        return self._prefill.at(*decoding, tokens, keys, share)

    def _decoding(
        self, sequences: Sequence[float], positions: Sequence[float], shares: Sequence[float]
    ) -> FloatArray:
        axes = np.meshgrid(sequences, positions, shares, indexing="ij")
        step = self._decode_step(*(one.ravel()[np.newaxis, :] for one in axes))
        seconds = run(self._deployment, [step]).seconds + self._drafting(step)
        return np.broadcast_to(seconds, (1, axes[0].size)).reshape(axes[0].shape)

    def _prefilling(self, axes: Sequence[Sequence[float]]) -> FloatArray:
        """Passes with prompts; without decoding sequences they are passes of prompts alone."""
        parts = []
        for count in axes[0]:
            mesh = np.meshgrid(*axes[1:], indexing="ij")
            positions, shares, tokens, keys, prompt_shares = (
                one.ravel()[np.newaxis, :] for one in mesh
            )
            prompts = _prompts(tokens, keys, prompt_shares)
            if count:
                step = self._decode_step(np.full_like(tokens, count), positions, shares)
                alone = run(self._deployment, [step]).seconds
                mixed = run(self._deployment, [step, prompts]).seconds
                beside = [step]
                seconds = np.maximum(mixed, alone) + self._drafting(step)
            else:
                beside = []
                seconds = run(self._deployment, [prompts]).seconds
            seconds = seconds + prompts_seconds(self._deployment, self._drafts, beside, [prompts])
            parts.append(np.broadcast_to(seconds, tokens.shape).reshape(mesh[0].shape))
        return np.stack(parts)

    def _decode_step(
        self, sequences: FloatArray, positions: FloatArray, shares: FloatArray
    ) -> Step:
        queries = np.asarray(1.0 + self._drafts.tokens)
        return Step(sequences, queries, positions, positions, decode=True, share=shares)

    def _drafting(self, verifying: Step) -> FloatArray:
        return drafting_passes(self._deployment, self._drafts, verifying).seconds


def _prompts(tokens: FloatArray, keys: FloatArray, share: FloatArray) -> Step:
    """``tokens`` of prompts whose queries see ``keys`` keys on average: whole prompts where that
    many from their first token on see as many, else a piece of one."""
    count = np.maximum(tokens / (2.0 * keys - 1.0), 1.0)
    queries = tokens / count
    first = np.maximum(keys - 1.0 - 0.5 * (queries - 1.0), 0.0)
    return Step(count, queries, first, first + queries - 1.0, decode=False, share=share)


def _counts(most: float) -> list[float]:
    """1 to ``most`` in steps of at most a third."""
    steps = [1.0, 2.0, 3.0, 4.0]
    while steps[-1] < most:
        steps += [steps[-2] * 2.0, steps[-1] * 2.0]
    return [one for one in steps if one < max(most, 2.0)] + [max(most, 2.0)]


def _tokens(most: float) -> list[float]:
    """Tokens of prompts in a pass: few are as long as one."""
    return [1.0, *(one for one in (8.0, 16.0, 32.0, 64.0, 96.0) if one < most), *_halves(most)]


def _halves(most: float) -> list[float]:
    steps = [128.0, 192.0]
    while steps[-1] < most:
        steps += [steps[-2] * 2.0, steps[-1] * 2.0]
    return [one for one in steps if one < most] + [max(most, 2.0)]
