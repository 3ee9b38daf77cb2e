"""Ways to carry one load with the chips of a stock: one kind of chips, or two that share it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.model.precision import Precision
from engine.plan.fleet.fewest import Sized, smallest
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

    chip: str
    sized: Sized
    rate: float
    cost: float


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

    def part(self, count: int, rate: float, price: float) -> Part:
        """So many of them at ``rate`` together."""
        several = Aggregated(replace(self.arrangement.layout, replicas=count))
        asked = _at(self.scenario, rate)
        table = rows_table(self.prepared, asked, self.precision, (several,), np.array([1]))
        cost = several.chips * price
        return Part(self.scenario.chip, Sized(table, 0), rate, cost)


def ways(scenario: Scenario, stock: Mapping[str, int], prices: Mapping[str, float]) -> list[Way]:
    """The fewest chips of every kind that carry the scenario's rate alone, and those of every two
    kinds that share it, the cheapest first."""
    found, replicas = [], {}
    for chip, count in stock.items():
        asked = replace(scenario, chip=chip, chips=count)
        prepared = prepare(asked)
        sized = smallest(prepared, asked).values()
        least = min(sized, key=lambda one: one.chips, default=None)
        if least is not None:
            cost = least.chips * prices[chip]
            part = Part(chip, least, scenario.workload.rate, cost)
            found.append(Way({chip: least.chips}, cost, partial(_given, (part,))))
        replicas[chip] = _replicas(prepared, asked)
    for first, second in itertools.combinations(stock, 2):
        found += _shared(scenario.workload.rate, stock, prices, replicas[first], replicas[second])
    return sorted(found, key=lambda one: one.cost)


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
    found.sort(key=lambda one: (one.arrangement.chips, -one.rate))
    kept: list[_Replica] = []
    for one in found:
        each = one.rate / one.arrangement.chips
        if all(each > other.rate / other.arrangement.chips for other in kept):
            kept.append(one)
    return kept


def _shared(
    rate: float,
    stock: Mapping[str, int],
    prices: Mapping[str, float],
    firsts: list[_Replica],
    seconds: list[_Replica],
) -> list[Way]:
    """Two kinds of chips together, none of which could do with fewer of one and no more of the
    other."""
    fewest: dict[int, tuple[int, tuple[tuple[_Replica, int], ...]]] = {}
    for one, other in itertools.product(firsts, seconds):
        most = stock[one.scenario.chip] // one.arrangement.chips
        for count in range(1, most + 1):
            left = rate - count * one.rate
            if left <= 0:
                break
            rest = math.ceil(left / other.rate)
            mine, others = count * one.arrangement.chips, rest * other.arrangement.chips
            if others <= stock[other.scenario.chip] and others < fewest.get(mine, (math.inf,))[0]:
                fewest[mine] = (others, ((one, count), (other, rest)))
    found = []
    least = math.inf
    for mine in sorted(fewest):
        others, used = fewest[mine]
        if others < least:
            least = others
            chips = [one.scenario.chip for one, _ in used]
            cost = mine * prices[chips[0]] + others * prices[chips[1]]
            needs = dict(zip(chips, (mine, others), strict=True))
            found.append(Way(needs, cost, partial(_parts, rate, used, prices)))
    return found


def _parts(
    rate: float, used: tuple[tuple[_Replica, int], ...], prices: Mapping[str, float]
) -> tuple[Part, ...]:
    """Both kinds with their part of the load, all replicas as near to what they carry."""
    whole = sum(one.rate * count for one, count in used)
    return tuple(
        one.part(count, rate * one.rate * count / whole, prices[one.scenario.chip])
        for one, count in used
    )
