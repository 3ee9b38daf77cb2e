"""Mixes of kinds of chips and splits of a stock, against everything that could be tried."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.plan.fleet import mixes as mixing
from engine.plan.fleet.mixes import Mix, Unit, mixes
from engine.plan.fleet.ways import Way
from engine.plan.stock import _Search

Kinds = list[list[Unit]]
UNITS = some.lists(
    some.builds(Unit, some.sampled_from([1, 2, 4]), some.sampled_from([1.0, 1.5, 2.0, 5.0, 7.0])),
    min_size=1,
    max_size=2,
)
KINDS = some.lists(UNITS, min_size=1, max_size=4)
RATES = some.floats(0.5, 12.0)


def needs(mix: Mix) -> tuple[int, ...]:
    return tuple(one.chips for one in mix)


def every_need(rate: float, stock: Sequence[int], kinds: Kinds) -> Iterator[tuple[int, ...]]:
    """Chips of every kind of everything that carries the rate, tried one by one."""
    of_kinds = [
        [(0, 0.0)]
        + [
            (count * unit.chips, count * unit.rate)
            for unit in units
            for count in range(1, most // unit.chips + 1)
        ]
        for units, most in zip(kinds, stock, strict=True)
    ]
    for tried in itertools.product(*of_kinds):
        if sum(carried for _, carried in tried) >= rate * mixing.NEARLY:
            yield tuple(chips for chips, _ in tried)


@settings(max_examples=80, deadline=None)
@given(rate=RATES, kinds=KINDS, stock=some.lists(some.integers(1, 5), min_size=4, max_size=4))
def test_no_mix_that_could_be_needed_is_left_out(rate: float, kinds: Kinds, stock: list[int]):
    stock = stock[: len(kinds)]
    every = set(every_need(rate, stock, kinds))
    least = {
        one
        for one in every
        if not any(
            other != one and all(a <= b for a, b in zip(other, one, strict=True)) for other in every
        )
    }
    found = mixes(rate, stock, kinds)
    assert found.complete
    assert {needs(one) for one in found.found} == least


@settings(max_examples=60, deadline=None)
@given(
    rates=some.lists(RATES, min_size=1, max_size=3),
    kinds=some.lists(UNITS, min_size=3, max_size=3),
    stock=some.lists(some.integers(1, 4), min_size=3, max_size=3),
    prices=some.lists(some.sampled_from([1.0, 1.7, 2.0, 3.5]), min_size=3, max_size=3),
)
def test_the_split_is_the_cheapest_of_all_that_could_be(rates, kinds, stock, prices):
    def cost(chips: Sequence[int]) -> float:
        return sum(count * price for count, price in zip(chips, prices, strict=True))

    costs = [
        sum(cost(one) for one in split)
        for split in itertools.product(*(set(every_need(rate, stock, kinds)) for rate in rates))
        if all(
            sum(used) <= most for used, most in zip(zip(*split, strict=True), stock, strict=True)
        )
    ]
    options = [
        sorted(
            (
                Way(dict(enumerate(needs(mix))), cost(needs(mix)), lambda: ())
                for mix in mixes(rate, stock, kinds).found
            ),
            key=lambda one: one.cost,
        )
        for rate in rates
    ]
    chosen = None
    if all(options):
        chosen = _Search(options, dict(enumerate(stock))).run()
    assert (chosen is None) == (not costs)
    if chosen is not None:
        assert sum(one.cost for one in chosen) == pytest.approx(min(costs))


def test_of_many_mixes_some_are_left_out_and_that_is_said(monkeypatch):
    monkeypatch.setattr(mixing, "MOST_STARTS", 4)
    kinds = [[Unit(1, 1.0)], [Unit(1, 2.0)], [Unit(1, 3.0)]]
    found = mixes(30.0, [9, 9, 9], kinds)
    assert not found.complete and found.found
    for one in found.found:
        assert sum(used.rate for used in one) >= 30.0


def test_a_rate_beyond_the_stock_has_no_mix():
    assert mixes(100.0, [2, 2], [[Unit(1, 1.0)], [Unit(2, 3.0)]]).found == ()
