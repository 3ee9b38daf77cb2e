"""The chips that a rate takes on several chips and engines: every layout of each in one order."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from engine.plan.fleet.fewest import Fleet, Sized, sized_fleet
from engine.plan.lengths import fitted
from engine.plan.money.prices import load_prices
from engine.scenario import Scenario
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.words.messages import error_text, say


@dataclass(frozen=True, slots=True)
class Ranked:
    """One layout on the chip and engine called ``name``, which is empty where there is one."""

    name: str
    fleet: Fleet
    sized: Sized

    @property
    def order(self) -> tuple[float, float]:
        """Dollars an hour before chips, where the chip has a price."""
        price = load_prices(self.fleet.scenario.prices).of(self.fleet.prepared.chip.id)
        chips = float(self.sized.chips)
        return (math.inf if math.isnan(price) else price * chips, chips)


@dataclass(frozen=True, slots=True)
class Fleets:
    """What carries the rate, by the names of chips and engines; ``refused`` says of the others why
    they do not."""

    by_name: Mapping[str, Fleet]
    refused: tuple[str, ...] = ()

    def ranked(self) -> list[Ranked]:
        """Every layout, of one chip and engine the fewest chips first, of several the cheapest
        where prices are known, else the fewest chips."""
        found = [
            Ranked(name, fleet, one) for name, fleet in self.by_name.items() for one in fleet.sized
        ]
        return found if len(self.by_name) == 1 else sorted(found, key=lambda one: one.order)


def sized_fleets(
    choices: Mapping[str, Scenario],
    *,
    whole_nodes: bool = False,
    progress: Callable[[float], object] = lambda share: None,
) -> Fleets:
    """The fleet of every scenario by its name. Raises `InputError` where none carries its rate."""
    found: dict[str, Fleet] = {}
    refused: list[str] = []
    for place, (name, scenario) in enumerate(choices.items()):
        share = place / len(choices)
        try:
            asked = fitted(scenario, resolve(scenario).systems[0])
            step = partial(progress, share)
            found[name] = sized_fleet(asked, whole_nodes=whole_nodes, progress=step)
        except InputError as error:
            if len(choices) == 1:
                raise
            refused.append(say("{name}: {error}", name=name, error=error_text(error)))
    if not found:
        raise InputError(say("fleet: none of these chips and engines carries the rate"))
    return Fleets(found, tuple(refused))
