"""Arrays by what they hold; shapes and units are said where they are used."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Places = NDArray[np.int32]
"""Which one of something each of many rows is of: half the memory."""

Row = tuple[int, int]
"""Places in an array of (arrangements, sizes)."""


def distinct(values: IntArray) -> IntArray:
    """Every value once, rising. As `numpy.unique`, which loads all of masked arrays the first time
    it is called like this: 6 ms and 1.5 MB for nothing."""
    found = np.sort(values)
    return np.concatenate([found[:1], found[1:][found[1:] != found[:-1]]])


def lines(values: FloatArray | float, rows: IntArray) -> FloatArray:
    """The ``rows`` of what broadcasts to (arrangements, sizes)."""
    table = np.atleast_2d(np.asarray(values, dtype=float))
    return table[rows] if len(table) > 1 else table


def cell(values: FloatArray | float, row: Row) -> FloatArray:
    """The value at ``row`` of what broadcasts to (arrangements, sizes), as an array of (1, 1)."""
    table = np.atleast_2d(np.asarray(values, dtype=float))
    line, column = (
        place if length > 1 else 0 for place, length in zip(row, table.shape, strict=True)
    )
    return table[line : line + 1, column : column + 1]
