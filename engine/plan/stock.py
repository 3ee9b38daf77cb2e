"""Several models and loads on one stock of chips: the split with the least cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.hardware.chip_profiles import load_chip
from engine.plan.face.keywords import checked, scenario_with
from engine.plan.fleet.ways import Part, Way, ways
from engine.plan.money.prices import EXAMPLE, example_note, load_prices
from engine.scenario import Objectives, Scenario
from engine.sources.files import read_toml
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

MAXIMUM_BYTES = 1 << 20
MOST_LOADS = 64
MOST_CHIPS = 1_000_000
_OF_ALL = frozenset({"chip", "chips", "prices", "best"})
"""Keywords of a scenario that are the same for all loads of a stock."""
MOST_STEPS = 200_000
"""Of the search; beyond them the best so far is said with its bound."""
EXPECTED = "a stock of chips and loads"


@dataclass(frozen=True, slots=True)
class Split:
    """What each load gets, a part of each kind of chips that it has; ``bound`` is what no split
    costs less than."""

    names: tuple[str, ...]
    chosen: tuple[tuple[Part, ...], ...]
    stock: Mapping[str, int]
    cost: float
    bound: float
    in_dollars: bool
    notes: tuple[str, ...] = ()
    """What is to be said of its prices."""

    @property
    def is_best(self) -> bool:
        """Whether no other costs less."""
        return self.cost <= self.bound * (1.0 + 1e-9)

    def used(self, chip: str) -> int:
        """Chips of one kind that are given out."""
        parts = (one for each in self.chosen for one in each)
        return sum(one.sized.chips for one in parts if one.chip == chip)


@dataclass(frozen=True, slots=True)
class Stock:
    """A file of chips and loads."""

    chips: Mapping[str, int]
    loads: tuple[tuple[str, Scenario], ...]


def read_stock(path: Path, base: Scenario) -> Stock:
    """``[chips]`` with how many there are of each, and ``[[loads]]`` with a name and a scenario's
    keywords; raises `InputError`."""
    shown = clean(str(path), 160)
    values = read_toml(path, MAXIMUM_BYTES, say(EXPECTED))
    unknown = sorted(set(values) - {"chips", "loads"})
    if unknown:
        raise InputError(
            say(
                "{shown}: {key}: unknown, expected [chips] and [[loads]]",
                shown=shown,
                key=clean(unknown[0], 40),
            )
        )
    chips = _chips(shown, values.get("chips"))
    loads = values.get("loads")
    if not isinstance(loads, list) or not 1 <= len(loads) <= MOST_LOADS:
        raise InputError(
            say(
                "{shown}: loads: expected 1 to {MOST_LOADS} tables [[loads]]",
                shown=shown,
                MOST_LOADS=MOST_LOADS,
            )
        )
    plain = replace(base, objectives=Objectives())
    read = tuple(_load(shown, place, one, plain) for place, one in enumerate(loads))
    names = [name for name, _ in read]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise InputError(
                say(
                    "{shown}: loads {place}: name: found {name} again, expected another",
                    shown=shown,
                    place=place + 1,
                    name=name,
                )
            )
    return Stock(chips, read)


def _chips(shown: str, found: Any) -> dict[str, int]:
    """How many there are of each kind, by its id."""
    if not isinstance(found, dict) or not found:
        raise InputError(
            say("{shown}: chips: expected a table of chips and how many there are", shown=shown)
        )
    chips: dict[str, int] = {}
    for chip, count in found.items():
        where = f"{shown}: chips.{clean(chip, 40)}"
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST_CHIPS:
            raise InputError(
                say(
                    "{where}: found {count}, expected a whole number from 1 to {most:,}",
                    where=where,
                    count=clean(repr(count), 40),
                    most=MOST_CHIPS,
                )
            )
        try:
            id = load_chip(chip).id
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        if id in chips:
            raise InputError(say("{where}: found {id} twice, expected it once", where=where, id=id))
        chips[id] = count
    return chips


def _load(shown: str, place: int, values: Any, base: Scenario) -> tuple[str, Scenario]:
    where = f"{shown}: loads {place + 1}"
    if not isinstance(values, dict):
        raise InputError(say("{where}: expected a table", where=where))
    named = dict(values)
    for key in sorted(_OF_ALL.intersection(named)):
        raise InputError(
            say(
                "{where}: {key}: found for one load, expected for all: [chips], --prices",
                where=where,
                key=key,
            )
        )
    name = clean(str(named.pop("name", f"load {place + 1}")), 60)
    try:
        scenario = scenario_with(base, checked(named))
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if not scenario.workload.rate:
        raise InputError(
            say("{where}: rate: found nothing, expected requests per second", where=where)
        )
    return name, scenario


def best_split(stock: Stock, progress: Callable[[float], object] = lambda share: None) -> Split:
    """The split with the least cost that keeps every load's objectives; raises `InputError` naming
    a load that no chips carry, or that the stock is too small."""
    names = tuple(name for name, _ in stock.loads)
    prices = load_prices(stock.loads[0][1].prices)
    in_dollars = all(math.isfinite(prices.of(chip)) for chip in stock.chips)
    each = {chip: prices.of(chip) if in_dollars else 1.0 for chip in stock.chips}
    options = []
    for place, (name, scenario) in enumerate(stock.loads):
        progress(place / len(stock.loads))
        try:
            found = ways(scenario, stock.chips, each)
        except InputError as error:
            raise InputError(say("fleet: {name}: {error}", name=name, error=error)) from None
        if not found.found:
            raise InputError(
                say("fleet: {name}: no chips of the stock carry it under its objectives", name=name)
            )
        options.append(found)
    search = _Search([one.found for one in options], stock.chips)
    chosen = search.run()
    if chosen is None:
        raise InputError(say("fleet: the stock is too small for all loads at once"))
    cost = sum(one.cost for one in chosen)
    is_all = search.finished and all(one.complete for one in options)
    bound = cost if is_all else min(cost, sum(one.least for one in options))
    parts = tuple(one.parts() for one in chosen)
    return Split(names, parts, stock.chips, cost, bound, in_dollars, _price_notes(stock))


def _price_notes(stock: Stock) -> tuple[str, ...]:
    """That one of the chips has no price, so that chips are counted instead of dollars, or that
    prices are no person's own."""
    asked = stock.loads[0][1].prices
    prices = load_prices(asked)
    unpriced = [chip for chip in stock.chips if not math.isfinite(prices.of(chip))]
    if prices.named and unpriced:
        return (
            say(
                "No price of {chip} in {named}: chips are counted, not dollars",
                chip=unpriced[0],
                named=prices.named,
            ),
        )
    if asked == EXAMPLE:
        return (example_note(prices),)
    return ()


class _Search:
    """Depth first over loads, the cheapest option first, cut where what is left cannot win."""

    def __init__(self, options: Sequence[Sequence[Way]], stock: Mapping[str, int]) -> None:
        # Loads with the most chips first: they leave the fewest choices.
        self._order = sorted(range(len(options)), key=lambda one: -options[one][0].chips)
        self._options = [options[place] for place in self._order]
        self._left = dict(stock)
        self._least = [0.0]
        for one in reversed(self._options):
            self._least.insert(0, self._least[0] + one[0].cost)
        self._best: tuple[float, list[Way]] | None = None
        self._steps = 0

    @property
    def finished(self) -> bool:
        """Whether all was tried that could win."""
        return self._steps < MOST_STEPS

    def run(self) -> tuple[Way, ...] | None:
        """The cheapest choice of all; None where the stock is too small."""
        self._go(0, 0.0, [])
        if self._best is None:
            return None
        chosen = dict(zip(self._order, self._best[1], strict=True))
        return tuple(chosen[place] for place in range(len(chosen)))

    def _go(self, place: int, cost: float, chosen: list[Way]) -> None:
        self._steps += 1
        if self._best is not None and cost + self._least[place] >= self._best[0] - 1e-9:
            return
        if place == len(self._options):
            self._best = (cost, list(chosen))
            return
        for option in self._options[place]:
            needs = option.needs.items()
            if not self.finished or any(self._left[chip] < count for chip, count in needs):
                continue
            for chip, count in needs:
                self._left[chip] -= count
            self._go(place + 1, cost + option.cost, [*chosen, option])
            for chip, count in needs:
                self._left[chip] += count
