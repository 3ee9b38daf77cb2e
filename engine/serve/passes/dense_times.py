"""Seconds of a pass's dense kernels, worked out once for every number of tokens.

They depend on nothing but the tokens of a rank and on how its matrices are divided. In a sweep
thousands of candidates share both: with attention-DP or pipeline stages many batches are as many
tokens of a rank, and layouts that differ in other degrees divide matrices alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from engine.words.arrays import FloatArray, IntArray
from engine.work.tokens import LayoutArrays

FEWEST = 512
"""Of fewer candidates each is worked out for itself."""
MOST_TOKENS = 1 << 16
STEP = 256
"""Tables grow in such steps at least."""

Parts = tuple[FloatArray, ...]
"""Seconds of all dense kernels, or of those at each place of a layer."""
Make = Callable[[LayoutArrays, FloatArray], Parts]
"""What they take on a layout at numbers of tokens."""
Key = tuple[float, ...]
"""What tells ways of dividing matrices apart."""


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways in which layouts divide matrices: which of them is each layout's, what tells them
    apart, and a layout that stands for each."""

    of_row: IntArray
    keys: tuple[Key, ...]
    layouts: tuple[LayoutArrays, ...]

    @classmethod
    def of(cls, layouts: LayoutArrays, *, by_experts: bool) -> Ways:
        """What dense kernels depend on: TP, whether experts exchange tokens instead of summing,
        and ``by_experts`` their ranks, where shared experts have ranks of their own."""
        experts = layouts.expert if by_experts else np.ones_like(layouts.expert)
        apart = (layouts.attention_data > 1).astype(float)
        keys = [*map(tuple, np.concatenate([layouts.tensor, experts, apart], axis=1).tolist())]
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        firsts = (layouts.at((keys.index(key), 0)) for key in places)
        return cls(np.array([places[key] for key in keys]), tuple(places), tuple(firsts))

    def rows(self, rows: IntArray) -> Ways:
        """Of some of the layouts, each as often as it is named."""
        return replace(self, of_row=self.of_row[rows])


Kernels = tuple[bool, float | None]
"""Which kernels a table is of: those of decode passes or of others; of a half in turns, during
which a share of the cores is sending, by their places in a layer, of whole passes (None) all."""


@dataclass(frozen=True, slots=True)
class _Table:
    """Seconds by tokens, a line for each way of ``keys``, ``known`` up to so many; arrays of
    (lines, tokens), one for each part."""

    keys: tuple[Key, ...]
    known: tuple[int, ...]
    parts: Parts


class DenseTimes:
    """Tables of seconds by tokens, a line for each way of dividing matrices; kept for all blocks of
    a sweep. Threads that share it may both work a table out, to the same end."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Kernels, float], _Table] = {}

    def at(self, ways: Ways, tokens: FloatArray, kernels: Kernels, make: Make) -> Parts | None:
        """Seconds of (layouts, sizes); None where looking up is no gain, or other numbers of tokens
        are asked for than whole ones and halves."""
        if tokens.size < FEWEST or len(tokens) != len(ways.of_row):
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
        widest = [int(most[ways.of_row == way].max(initial=0)) for way in range(len(ways.keys))]
        table = self._table(kernels, unit, ways, widest, make)
        lines = np.array([table.keys.index(key) for key in ways.keys])
        places += (lines * table.parts[0].shape[1])[ways.of_row][:, np.newaxis]
        return tuple(part.ravel().take(places) for part in table.parts)

    def _table(
        self, kernels: Kernels, unit: float, ways: Ways, widest: list[int], make: Make
    ) -> _Table:
        """The table, of all ``ways`` up to their ``widest`` at least."""
        table = self._tables.get((kernels, unit), _Table((), (), ()))
        known = dict(zip(table.keys, table.known, strict=True))
        wanted = dict(zip(ways.keys, widest, strict=True))
        if all(known.get(key, 0) > most for key, most in wanted.items()):
            return table
        keys = tuple(dict.fromkeys([*table.keys, *ways.keys]))
        lengths = {
            key: had if had > wanted.get(key, -1) else max(wanted[key] + 1, 2 * had, STEP)
            for key in keys
            for had in [known.get(key, 0)]
        }
        parts: list[FloatArray] = []
        for key, layout in zip(ways.keys, ways.layouts, strict=True):
            had, line = known.get(key, 0), keys.index(key)
            if lengths[key] <= had:
                continue
            counts = unit * np.arange(had, lengths[key], dtype=float)[np.newaxis, :]
            made = make(layout, counts)
            if not parts:
                shape = len(keys), max(lengths.values())
                parts = [_longer(part, table.known, shape) for part in table.parts]
                parts = parts or [np.zeros(shape) for _ in made]
            for part, seconds in zip(parts, made, strict=True):
                part[line, had : lengths[key]] = np.ravel(seconds)
        table = _Table(keys, tuple(lengths[key] for key in keys), tuple(parts))
        self._tables[kernels, unit] = table
        return table


def _longer(part: FloatArray, known: tuple[int, ...], shape: tuple[int, int]) -> FloatArray:
    """What is ``known`` of every line, with room for more."""
    seconds = np.zeros(shape)
    for line, had in enumerate(known):
        seconds[line, :had] = part[line, :had]
    return seconds
