"""Passes that sizes share, worked out once for all of them.

A stage of a pipeline holds one micro-batch, a whole number of sequences: with PP4, batches of 29 to
32 run the same passes. Requests beyond those that are admitted wait, and change no pass. Of a
micro-batch, attention-DP ranks have their parts, and many micro-batches load the fullest alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from engine.serve.passes.deployment import Deployment, Loads
from engine.serve.passes.run import Pass
from engine.serve.passes.shared import Shared
from engine.serve.requests import Requests
from engine.serve.service import OfRows
from engine.serve.steady import OF_RANK, SteadyPasses
from engine.words.arrays import FloatArray, IntArray, Row
from engine.work.tokens import Step

FEWEST = 512
"""Of fewer candidates each has passes of its own."""
FEWEST_OF_RANKS = 2048
"""The same of the loads of ranks."""


@dataclass(frozen=True, slots=True)
class MicroBatches:
    """The passes to work out: ``sizes`` per replica on the layouts of ``deployment``; which of them
    are ``shared`` by those of the ``whole`` deployment, None where each has its own."""

    whole: Deployment
    deployment: Deployment
    sizes: FloatArray
    shared: Shared | None = None

    @classmethod
    def each(cls, deployment: Deployment, admitted: FloatArray) -> MicroBatches:
        """Every size with passes of its own."""
        return cls(deployment, deployment, admitted)

    @classmethod
    def of(cls, deployment: Deployment, requests: Requests, admitted: FloatArray) -> MicroBatches:
        """Of ``admitted`` sequences per replica of all layouts."""
        if admitted.size < FEWEST:
            return cls.each(deployment, admitted)
        stages = deployment.layouts.pipeline
        micro = np.ceil(admitted / stages)
        shared = Shared.among(micro, deployment.groups)
        if shared is None:
            return cls(deployment, _by_loads(deployment, requests, micro), admitted)
        made = deployment.each_once.rows(shared.rows)
        sizes = made.layouts.pipeline * shared.numbers
        return cls(deployment, _by_loads(made, requests, shared.numbers), sizes, shared)

    def spread(self, values: FloatArray) -> FloatArray:
        """Figures of the micro-batches as those of all sizes."""
        return values if self.shared is None else self.shared.spread(values)

    def spread_passes(self, passes: SteadyPasses) -> SteadyPasses:
        """As `spread`, of everything that passes hold."""
        changed: dict[str, Any] = {
            one.name: self._spread_part(getattr(passes, one.name), one.name in OF_RANK)
            for one in fields(passes)
        }
        return replace(passes, **changed)

    def _spread_part(self, part: object, of_rank: bool) -> object:
        match part:
            case Step():
                return self._spread_step(part)
            case Pass():
                steps = tuple(self._spread_step(step) for step in part.steps)
                mixing = tuple(self._spread_of_rank(seconds) for seconds in part.mixing)
                return Pass(self.whole, steps, self.spread(part.seconds), mixing)
            case np.ndarray():
                return self._spread_of_rank(part) if of_rank else self.spread(part)
        return part

    def _spread_of_rank(self, values: FloatArray) -> FloatArray:
        return self.spread(self.deployment.spread(values))

    def _spread_step(self, step: Step) -> Step:
        step = self.deployment.spread_step(step)
        return replace(
            step,
            sequences=self.spread(step.sequences),
            queries=self.spread(step.queries),
            first=self.spread(step.first),
            last=self.spread(step.last),
            share=self.spread(np.asarray(step.share)),
        )

    def spread_named(self, passes: Mapping[str, Pass]) -> Mapping[str, OfRows]:
        """Passes by phase, as those of all sizes."""
        shared = self.shared
        if shared is None:
            return passes
        width = shared.numbers.shape[1]
        return {phase: SharedPass(one, width, shared.places) for phase, one in passes.items()}


def _by_loads(deployment: Deployment, requests: Requests, micro: FloatArray) -> Deployment:
    """A ``deployment`` of micro-batches with the loads of ranks that they share, if this is any
    gain."""
    copies = deployment.layouts.attention_data
    # Where prompts differ in length, how long one is that ranks wait for depends on all of them.
    apart = deployment.source is None and requests.prompts_alike
    if micro.size < FEWEST_OF_RANKS or not apart:
        return deployment
    fullest = np.ceil(micro / copies)
    shared = Shared.among(fullest, deployment.groups)
    if shared is None:
        return deployment
    share = micro / np.maximum(fullest * copies, 1.0)
    loaded = deployment.each_once.rows(shared.rows)
    return deployment.sharing(Loads(loaded, shared.numbers, share, shared))


@dataclass(frozen=True, slots=True)
class SharedPass:
    """A pass of micro-batches, ``width`` of them a row, of which each size has the one at its
    place."""

    shared: Pass
    width: int
    places: IntArray

    def at(self, row: Row) -> Pass:
        """The pass of one row alone."""
        return self.shared.at(divmod(int(self.places[row]), self.width))
