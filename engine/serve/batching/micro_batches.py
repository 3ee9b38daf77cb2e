"""Sizes that fill a pipeline's stages alike: passes are worked out once for all of them.

A stage holds one micro-batch, a whole number of sequences: with PP4, batches of 29 to 32 run the
same passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from engine.serve.passes.run import Pass
from engine.serve.service import OfRows
from engine.serve.steady import SteadyPasses
from engine.words.arrays import FloatArray, IntArray, Row
from engine.work.tokens import LayoutArrays, Step


@dataclass(frozen=True, slots=True)
class MicroBatches:
    """The largest of the ``sizes`` of each micro-batch, and the ``columns`` among these that every
    size has its passes from; None where each has its own."""

    sizes: FloatArray
    columns: IntArray | None = None

    @classmethod
    def of(cls, layouts: LayoutArrays, sizes: FloatArray) -> MicroBatches:
        """Of sizes that are the same for all ``layouts``, when these have equally many stages."""
        stages = float(layouts.pipeline[0, 0])
        if stages == 1.0 or len(sizes) > 1 or bool(np.any(layouts.pipeline != stages)):
            return cls(sizes)
        micro = np.ceil(sizes[0] / stages)
        values, columns = np.unique(micro, return_inverse=True)
        return cls(stages * values[np.newaxis, :], columns)

    def spread(self, values: FloatArray) -> FloatArray:
        """Figures of the micro-batches as those of all sizes."""
        if self.columns is None or np.ndim(values) < 2 or np.shape(values)[1] == 1:
            return values
        return values.take(self.columns, axis=1)

    def spread_passes(self, passes: SteadyPasses) -> SteadyPasses:
        """As `spread`, of everything that passes hold."""
        if self.columns is None:
            return passes
        changed: dict[str, Any] = {
            one.name: self._spread_part(getattr(passes, one.name)) for one in fields(passes)
        }
        return replace(passes, **changed)

    def _spread_part(self, part: FloatArray | Step | Pass) -> FloatArray | Step | Pass:
        match part:
            case Step():
                return self._spread_step(part)
            case Pass():
                steps = tuple(self._spread_step(step) for step in part.steps)
                return Pass(part.deployment, steps, self.spread(part.seconds))
        return self.spread(part)

    def _spread_step(self, step: Step) -> Step:
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
        columns = self.columns
        if columns is None:
            return passes
        return {phase: SharedPass(one, columns) for phase, one in passes.items()}


@dataclass(frozen=True, slots=True)
class SharedPass:
    """A pass of micro-batches, of which each size has that of its column."""

    shared: Pass
    columns: IntArray

    def at(self, row: Row) -> Pass:
        """The pass of one row alone."""
        return self.shared.at((row[0], int(self.columns[row[1]])))
