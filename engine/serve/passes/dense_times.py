"""Seconds of a pass's dense kernels, worked out once for every number of tokens.

They depend on nothing but the tokens of a rank and on how its matrices are divided. In a sweep
thousands of candidates share both: with attention-DP or pipeline stages many batches are as many
tokens of a rank, and layouts that differ in other degrees divide matrices alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.hardware.roofline import Place
from engine.words.arrays import FloatArray, IntArray
from engine.work.tokens import LayoutArrays

FEWEST = 512
"""Of fewer candidates each is worked out for itself."""
MOST_TOKENS = 1 << 16
STEP = 256
"""Tables grow in such steps at least."""

Make = Callable[[LayoutArrays, FloatArray], FloatArray]
"""Seconds of a layout at numbers of tokens."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in which layouts divide matrices: the rows of each, one layout that stands for
    them, and what tells them apart."""

    rows: tuple[IntArray, ...]
    layouts: tuple[LayoutArrays, ...]
    keys: tuple[tuple[float, ...], ...]

    @classmethod
    def of(cls, layouts: LayoutArrays, *, by_experts: bool) -> Ways:
        """What dense kernels depend on: TP, whether experts exchange tokens instead of summing,
        and ``by_experts`` their ranks, where shared experts have ranks of their own."""
        experts = layouts.expert if by_experts else np.ones_like(layouts.expert)
        apart = (layouts.attention_data > 1).astype(float)
        alike: dict[tuple[float, ...], list[int]] = {}
        columns = np.concatenate([layouts.tensor, experts, apart], axis=1)
        for row, key in enumerate(map(tuple, columns.tolist())):
            alike.setdefault(key, []).append(row)
        rows = tuple(np.array(one) for one in alike.values())
        return cls(rows, tuple(layouts.at((int(one[0]), 0)) for one in rows), tuple(alike))


@dataclass(frozen=True, slots=True)
class DensePart:
    """Those kernels at one place of a layer, in passes of which a share of the cores is
    ``sending``."""

    place: Place
    sending: float


Kernels = tuple[bool, DensePart | None]
"""Which kernels a table is of: those of decode passes or of others, all or a part of them."""


class DenseTimes:
    """Tables of seconds by tokens, one for each way of dividing matrices; kept for all blocks of a
    sweep. Threads that share it may both work a table out, to the same end."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Kernels, float, tuple[float, ...]], FloatArray] = {}

    def at(self, ways: Ways, tokens: FloatArray, kernels: Kernels, make: Make) -> FloatArray | None:
        """Seconds of (layouts, sizes); None where looking up is no gain, or other numbers of tokens
        are asked for than whole ones and halves."""
        if tokens.size < FEWEST or len(tokens) != sum(map(len, ways.rows)):
            return None
        unit, places = 1.0, tokens.astype(np.int64)
        if not bool((places == tokens).all()):
            unit, doubled = 0.5, 2.0 * tokens
            places = doubled.astype(np.int64)
            if not bool((places == doubled).all()):
                return None
        most = places.max(axis=1)
        if int(most.max()) > MOST_TOKENS:
            return None
        tables, length = [], 0
        for rows, layout, key in zip(ways.rows, ways.layouts, ways.keys, strict=True):
            table = self._table((kernels, unit, key), layout, int(most[rows].max()), make)
            places[rows] += length
            length += len(table)
            tables.append(table)
        found: FloatArray = np.concatenate(tables).take(places)
        return found

    def _table(
        self,
        key: tuple[Kernels, float, tuple[float, ...]],
        layout: LayoutArrays,
        widest: int,
        make: Make,
    ) -> FloatArray:
        known = self._tables.get(key, np.zeros(0))
        if len(known) <= widest:
            length = max(widest + 1, 2 * len(known), STEP)
            counts = key[1] * np.arange(len(known), length, dtype=float)[np.newaxis, :]
            known = np.concatenate([known, make(layout, counts)[0]])
            self._tables[key] = known
        return known
