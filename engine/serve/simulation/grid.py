"""Numbers on a grid, read in between: linear along every axis, flat beyond its ends."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from engine.words.arrays import FloatArray


class Grid:
    """``values`` at the nodes of ``axes``; axes of one node take no time. Read a hundred thousand
    times, number by number: plain Python is several times faster at that than arrays."""

    def __init__(self, axes: Sequence[Sequence[float]], values: FloatArray) -> None:
        assert values.shape == tuple(len(axis) for axis in axes)
        self._used = [place for place, axis in enumerate(axes) if len(axis) > 1]
        self._axes = [[float(one) for one in axes[place]] for place in self._used]
        squeezed = values.reshape([len(axis) for axis in self._axes])
        strides = np.array(squeezed.strides, dtype=int) // squeezed.itemsize
        self._strides = [int(one) for one in strides]
        # A quarter of what a list of numbers takes: there are hundreds of thousands.
        self._values = array("d", np.ascontiguousarray(squeezed, dtype=float).tobytes())

    def at(self, *place: float) -> float:
        """The value at one number per axis."""
        corners = [(0, 1.0)]
        for axis, stride, used in zip(self._axes, self._strides, self._used, strict=True):
            low = bisect_right(axis, place[used]) - 1
            if low < 0:
                continue
            offset = low * stride
            if low >= len(axis) - 1:
                corners = [(start + offset, weight) for start, weight in corners]
                continue
            share = (place[used] - axis[low]) / (axis[low + 1] - axis[low])
            if share == 0.0:
                corners = [(start + offset, weight) for start, weight in corners]
                continue
            rest = 1.0 - share
            above = offset + stride
            corners = [
                corner
                for start, weight in corners
                for corner in ((start + offset, weight * rest), (start + above, weight * share))
            ]
        values = self._values
        return sum([values[start] * weight for start, weight in corners])


def doubling(first: float, last: float, factor: float = 2.0) -> list[float]:
    """``first``, then each ``factor`` times the one before, to ``last``."""
    nodes = [first]
    while nodes[-1] * factor < last:
        nodes.append(nodes[-1] * factor)
    return [*nodes, last] if last > nodes[-1] else nodes
