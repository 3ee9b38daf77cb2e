"""Few figures that many share: each worked out once, then spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.words.arrays import FloatArray, Folded, IntArray

Kind = TypeVar("Kind", np.float64, np.bool_)

WORTH = 0.75
"""Of more than this share of the many, few are no gain."""


@dataclass(frozen=True, slots=True)
class Shared:
    """``numbers`` in rows, each once per group, and the group of each of these ``rows``.

    ``places`` says for every one of the many which of the few it shares, counted along their rows;
    ``first`` for every row of the many with which row of the few its group begins.
    """

    numbers: FloatArray
    rows: IntArray
    places: IntArray
    first: IntArray

    @classmethod
    def among(cls, numbers: FloatArray, groups: IntArray) -> Shared | None:
        """Of whole ``numbers``, arrays of (rows, sizes), whose rows belong to ``groups``: 0, 1 and
        so on. None where few are no gain."""
        starts = np.searchsorted(groups, np.arange(int(groups[-1]) + 1))
        least = np.minimum.reduceat(numbers.min(axis=1), starts)
        counts = (np.maximum.reduceat(numbers.max(axis=1), starts) - least + 1.0).astype(np.int64)
        few = int(counts.sum())
        if few > WORTH * numbers.size:
            return None
        folded = Folded.of(counts)
        rows, first = folded.rows, folded.first
        places = numbers + (first * folded.width - least)[groups, np.newaxis]
        distinct: FloatArray = least[rows, np.newaxis] + folded.along
        return cls(distinct, rows, places.astype(np.int64), first[groups])

    def spread(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """Figures of the few, arrays of their shape, columns or what is the same for all, as those
        of the many."""
        if np.size(values) == 1:
            return values
        if values.shape == self.numbers.shape:
            return values.ravel().take(self.places)
        return values[self.first] if len(values) > 1 else values

    def of(self, rows: IntArray) -> Shared:
        """Of some rows of the many."""
        return replace(self, places=self.places[rows], first=self.first[rows])
