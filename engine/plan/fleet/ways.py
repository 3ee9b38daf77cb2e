"""Ways to carry one load with the chips of a stock: one kind of chips, or several that share it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.model.precision import Precision
from engine.plan.fleet.fewest import Sized, smallest
from engine.plan.fleet.mixes import Unit, mixes
from engine.plan.prepared import Prepared, prepare
from engine.plan.tables import rows_table
from engine.scenario import Scenario
from engine.work.arrangement import Aggregated

LEAST_SHARE, FINEST = 0.01, 0.98
"""Replicas are tried at rates from the whole load down to such a share of it, each so much less
than the one before: what a replica carries is known that well, and never too much."""
MANY = 1000
"""Replicas that stand for one at a rate: each of so many has its part of the whole, to a tenth of
a percent."""


@dataclass(frozen=True, slots=True)
class Part:
    """Chips of one kind and the requests per second that they carry of a load, at so much an hour
    (dollars, or chips where no price is known)."""

    scenario: Scenario
    sized: Sized
    rate: float
    cost: float

    @property
    def chip(self) -> str:
        """The kind of chips."""
        return self.scenario.chip

    @property
    def meets(self) -> bool:
        """Whether they keep the objectives at it."""
        return bool(self.sized.table.meets[self.sized.row])


@dataclass(frozen=True, slots=True)
class Way:
    """One way to carry a load: how many chips it needs of each kind, what they cost, and what
    makes its parts once it is chosen."""

    needs: Mapping[str, int]
    cost: float
    parts: Callable[[], tuple[Part, ...]]

    @property
    def chips(self) -> int:
        """Of all kinds."""
        return sum(self.needs.values())


@dataclass(frozen=True, slots=True)
class _Replica:
    """One replica of a layout on a kind of chips, and the requests per second that it carries."""

    prepared: Prepared
    scenario: Scenario
    arrangement: Aggregated
    precision: Precision
    rate: float

    def alone(self, most: float) -> _Replica | None:
        """The same at what one carries by itself: many that take requests in turn get them more
        evenly than the few of a mix. None where that is less than `LEAST_SHARE` of ``most``."""
        rate = self.rate
        while rate > LEAST_SHARE * most:
            if self.part(1, rate, 0.0).meets:
                return replace(self, rate=rate)
            rate *= FINEST
        return None

    def part(self, count: int, rate: float, price: float) -> Part:
        """So many of them at ``rate`` together."""
        several = Aggregated(replace(self.arrangement.layout, replicas=count))
        asked = _at(self.scenario, rate)
        table = rows_table(self.prepared, asked, self.precision, (several,), np.array([1]))
        cost = several.chips * price
        return Part(asked, Sized(table, 0), rate, cost)


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to carry a load, the cheapest first; ``least`` is what none costs less than."""

    found: tuple[Way, ...]
    least: float
    complete: bool


def ways(scenario: Scenario, stock: Mapping[str, int], prices: Mapping[str, float]) -> Ways:
    """The fewest chips of every kind that carry the scenario's rate alone, and the mixes of kinds
    that share it, of each kind replicas of one layout."""
    alone, replicas = [], {}
    for chip, count in stock.items():
        asked = replace(scenario, chip=chip, chips=count)
        prepared = prepare(asked)
        sized = smallest(prepared, asked).values()
        least = min(sized, key=lambda one: one.order, default=None)
        if least is not None:
            cost = least.chips * prices[chip]
            part = Part(asked, least, scenario.workload.rate, cost)
            alone.append(Way({chip: least.chips}, cost, partial(_given, (part,))))
        replicas[chip] = _replicas(prepared, asked)
    shared, complete = _shared(scenario.workload.rate, stock, prices, replicas)
    found = tuple(sorted([*alone, *shared], key=lambda one: one.cost))
    least_cost = found[0].cost if complete and found else _least(scenario, prices, replicas)
    return Ways(found, least_cost, complete)


def _least(
    scenario: Scenario, prices: Mapping[str, float], replicas: Mapping[str, list[_Replica]]
) -> float:
    """What the rate costs at least, if replicas could be divided: what one carries is known to a
    step of `FINEST`."""
    each = (
        one.arrangement.chips * prices[chip] / one.rate
        for chip, several in replicas.items()
        for one in several
    )
    return scenario.workload.rate * FINEST * min(each, default=0.0)


def _given(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return parts


def _at(scenario: Scenario, rate: float) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, rate=rate))


def _replicas(prepared: Prepared, scenario: Scenario) -> list[_Replica]:
    """What one replica of every layout carries under the objectives, layouts that carry no more
    per chip than a smaller one left out."""
    steps = math.ceil(math.log(LEAST_SHARE) / math.log(FINEST)) + 1
    counts = [round(MANY / FINEST**step) for step in range(steps)]
    singles = {
        one.layout_name: one.single for one in prepared.arrangements if isinstance(one, Aggregated)
    }
    total = scenario.workload.rate * MANY
    found = []
    for precision in prepared.precisions:
        tried = tuple(
            Aggregated(replace(one.layout, replicas=count))
            for one in singles.values()
            for count in counts
        )
        if not tried:
            continue
        ones = np.ones(len(tried), dtype=np.int64)
        meets = rows_table(prepared, _at(scenario, total), precision, tried, ones).meets
        for place, single in enumerate(singles.values()):
            keeps = np.flatnonzero(meets[place * steps : (place + 1) * steps])
            if len(keeps):
                rate = total / counts[int(keeps[0])]
                found.append(_Replica(prepared, scenario, single, precision, rate))
    alone = (one.alone(scenario.workload.rate) for one in _worthwhile(found))
    return _worthwhile([one for one in alone if one is not None])


def _worthwhile(found: Sequence[_Replica]) -> list[_Replica]:
    """Those that carry more per chip than every smaller one."""
    kept: list[_Replica] = []
    for one in sorted(found, key=lambda one: (one.arrangement.chips, -one.rate)):
        each = one.rate / one.arrangement.chips
        if all(each > other.rate / other.arrangement.chips for other in kept):
            kept.append(one)
    return kept


def _shared(
    rate: float,
    stock: Mapping[str, int],
    prices: Mapping[str, float],
    replicas: Mapping[str, list[_Replica]],
) -> tuple[list[Way], bool]:
    """Two kinds of chips or more together, none of which could do with fewer of one and no more of
    the others; and whether those are all."""
    units = [[Unit(one.arrangement.chips, one.rate) for one in replicas[chip]] for chip in stock]
    found = mixes(rate, list(stock.values()), units)
    ways = []
    for mix in found.found:
        used = {chip: one for chip, one in zip(stock, mix, strict=True) if one.count}
        if len(used) < 2:
            continue
        chosen = tuple((replicas[chip][one.place], one.count) for chip, one in used.items())
        cost = sum(one.chips * prices[chip] for chip, one in used.items())
        needs = {chip: one.chips for chip, one in used.items()}
        ways.append(Way(needs, cost, partial(_parts, rate, chosen, prices)))
    return ways, found.complete


def _parts(
    rate: float, used: tuple[tuple[_Replica, int], ...], prices: Mapping[str, float]
) -> tuple[Part, ...]:
    """Every kind with its part of the load, all replicas as near to what they carry."""
    whole = sum(one.rate * count for one, count in used)
    return tuple(
        one.part(count, rate * one.rate * count / whole, prices[one.scenario.chip])
        for one, count in used
    )
