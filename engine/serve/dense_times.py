"""Seconds of a pass's dense kernels, worked out once for every number of tokens.

They depend on nothing but the tokens of a rank and on how its matrices are divided. In a sweep
thousands of candidates share both: with attention-DP or pipeline stages many batches are as many
tokens of a rank, and layouts that differ in other degrees divide matrices alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.words.arrays import FloatArray, IntArray
from engine.work.tokens import LayoutArrays

FEWEST = 512
"""Of fewer candidates each is worked out for itself."""
MOST_TOKENS = 1 << 16
STEP = 256
"""Tables grow in such steps at least."""

Make = Callable[[LayoutArrays, FloatArray], FloatArray]
"""Seconds of a layout at numbers of tokens."""


class DenseTimes:
    """Tables of seconds by tokens, one for each way of dividing matrices; kept for all blocks of a
    sweep. Threads that share it may both work a table out, to the same end."""

    def __init__(self) -> None:
        self._tables: dict[tuple[bool, tuple[float, ...]], FloatArray] = {}

    def at(
        self, layouts: LayoutArrays, tokens: FloatArray, decode: bool, make: Make
    ) -> FloatArray | None:
        """Seconds of (layouts, sizes); None where looking up is no gain or no whole numbers of
        tokens are asked for."""
        if tokens.size < FEWEST or len(tokens) != len(layouts.tensor):
            return None
        places = tokens.astype(np.int64)
        most = places.max(axis=1)
        if int(most.max()) > MOST_TOKENS or not np.array_equal(places, tokens):
            return None
        tables: list[FloatArray] = []
        starts = np.zeros((len(tokens), 1), dtype=np.int64)
        for row, widest in self._widest(layouts, most).items():
            table = self._table(layouts.at((row[0], 0)), widest, decode, make)
            starts[list(row)] = sum(map(len, tables))
            tables.append(table)
        places += starts
        found: FloatArray = np.concatenate(tables).take(places)
        return found

    @staticmethod
    def _widest(layouts: LayoutArrays, most: IntArray) -> dict[tuple[int, ...], int]:
        """Rows that divide matrices alike, with the most tokens of any."""
        alike: dict[tuple[float, ...], list[int]] = {}
        columns = np.concatenate(_dividing(layouts), axis=1)
        for row, key in enumerate(map(tuple, columns.tolist())):
            alike.setdefault(key, []).append(row)
        return {tuple(rows): int(most[rows].max()) for rows in alike.values()}

    def _table(self, layout: LayoutArrays, widest: int, decode: bool, make: Make) -> FloatArray:
        key = decode, tuple(float(one[0, 0]) for one in _dividing(layout))
        known = self._tables.get(key, np.zeros(0))
        if len(known) <= widest:
            length = max(widest + 1, 2 * len(known), STEP)
            counts = np.arange(len(known), length, dtype=float)[np.newaxis, :]
            known = np.concatenate([known, make(layout, counts)[0]])
            self._tables[key] = known
        return known


def _dividing(layouts: LayoutArrays) -> list[FloatArray]:
    """What of layouts dense kernels depend on: TP, the experts' ranks where shared experts have
    ranks of their own, whether the all-reduce of experts is another's."""
    apart = (layouts.attention_data > 1).astype(float)
    return [layouts.tensor, layouts.expert, apart]
