"""Chips of several kinds that carry one rate together: every mix that is worth it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

MOST_STARTS = 4096
"""Mixes of all kinds but one that are completed by the last one; beyond them counts are left out.
"""
NEARLY = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Unit:
    """One replica of a layout: its chips, and the requests per second that it carries."""

    chips: int
    rate: float


@dataclass(frozen=True, slots=True)
class Used:
    """So many replicas of one of a kind's units; none at ``count`` 0."""

    chips: int
    rate: float
    place: int
    count: int


NOTHING = Used(0, 0.0, 0, 0)
Mix = tuple[Used, ...]
"""What is used of every kind, in the order of the kinds."""


@dataclass(frozen=True, slots=True)
class Mixes:
    """Mixes that need no more of every kind than another; ``complete`` where those are all."""

    found: tuple[Mix, ...]
    complete: bool


def mixes(rate: float, stock: Sequence[int], kinds: Sequence[Sequence[Unit]]) -> Mixes:
    """The mixes that carry ``rate`` with at most the ``stock`` of every kind, of each kind as many
    replicas of one unit: all of which no other needs as few chips or fewer of every kind."""
    steps = [list(_steps(rate, most, units)) for most, units in zip(stock, kinds, strict=True)]
    last = max(range(len(steps)), key=lambda place: len(steps[place]))
    starts, complete = _few([one for place, one in enumerate(steps) if place != last])
    found = []
    for start in _each(starts):
        left = rate * NEARLY - sum(one.rate for one in start)
        place = bisect_left(steps[last], left, key=lambda one: one.rate)
        if place < len(steps[last]):
            found.append((*start[:last], steps[last][place], *start[last:]))
    return Mixes(tuple(_needed(found)), complete)


def _steps(rate: float, most: int, units: Sequence[Unit]) -> Iterator[Used]:
    """What more and more chips of one kind carry, up to ``rate``; only counts that carry more than
    every smaller one."""
    tried = [
        Used(count * unit.chips, count * unit.rate, place, count)
        for place, unit in enumerate(units)
        for count in range(1, min(most // unit.chips, math.ceil(rate / unit.rate)) + 1)
    ]
    yield NOTHING
    carried = 0.0
    for one in sorted(tried, key=lambda one: (one.chips, -one.rate)):
        if one.rate > carried:
            carried = one.rate
            yield one
            if carried >= rate * NEARLY:
                return


def _few(steps: list[list[Used]]) -> tuple[list[list[Used]], bool]:
    """The steps with every other count of the longest left out until their mixes are few."""
    complete = True
    while math.prod(map(len, steps)) > MOST_STARTS:
        longest = max(range(len(steps)), key=lambda place: len(steps[place]))
        steps[longest] = _half(steps[longest])
        complete = False
    return steps, complete


def _half(steps: list[Used]) -> list[Used]:
    """Every other one, with the first, which is none of them, and the last, which carries most."""
    return [*steps[:-1:2], steps[-1]] if len(steps) > 2 else steps[:1]


def _each(steps: Sequence[Sequence[Used]]) -> Iterator[Mix]:
    if not steps:
        yield ()
        return
    for one in steps[0]:
        for rest in _each(steps[1:]):
            yield (one, *rest)


def _needed(found: Sequence[Mix]) -> Iterator[Mix]:
    """Those of which no other needs as few chips or fewer of every kind."""
    needs = np.array([[one.chips for one in mix] for mix in found], dtype=np.int64)
    kept: list[int] = []
    # None is needed by one that comes later, with as many chips in all or more.
    for place in np.argsort(needs.sum(axis=1), kind="stable") if len(found) else ():
        if not np.any(np.all(needs[kept] <= needs[place], axis=1)):
            kept.append(int(place))
            yield found[place]
