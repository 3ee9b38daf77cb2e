"""Arrays by what they hold; shapes and units are said where they are used."""

from __future__ import annotations

from dataclasses import dataclass

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


ROW_COST = 40.0
"""What a row costs beside what is in it, in as many elements."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Lists of several lengths in rows of one width: long ones fill several of these, and short
    ones leave little of theirs empty.

    ``rows`` says which list each row is of, ``along`` (rows, width) which element of it, from 0,
    stands where; the last one again beyond its end, where ``inside`` is False. ``first`` is the row
    that each list begins with.
    """

    rows: IntArray
    along: IntArray
    inside: BoolArray
    first: IntArray

    @property
    def width(self) -> int:
        """Elements of a row."""
        return int(self.along.shape[1])

    @classmethod
    def of(cls, lengths: IntArray) -> Folded:
        """Of lists of so many elements each, in a width that makes both rows and gaps few."""
        even = int(np.sqrt(2.0 * ROW_COST * int(lengths.sum()) / len(lengths)))
        width = max(min(even, int(lengths.max())), 1)
        lines = -(-lengths // width)
        first = np.cumsum(lines) - lines
        rows = np.repeat(np.arange(len(lengths)), lines)
        begins = width * (np.arange(len(rows)) - first[rows])
        along = begins[:, np.newaxis] + np.arange(width)
        last = lengths[rows, np.newaxis] - 1
        return cls(rows, np.minimum(along, last), along <= last, first)
