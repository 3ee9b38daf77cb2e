"""What is to be said of money and energy beside their figures: whose prices, what nobody says."""

from __future__ import annotations

import math
from datetime import date

from engine.plan.money.prices import EXAMPLE, example_note, load_prices
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say


def price_note(prepared: Prepared, scenario: Scenario) -> str:
    """That a file of prices has none of a chip that is used, that prices are the bundled example's,
    or dated after today; empty where there is nothing to say of a person's own, or there are none.
    """
    prices = load_prices(scenario.prices)
    if not prices.named:
        return ""
    for chip in (prepared.chip, prepared.systems[0].prefilling.chip):
        if math.isnan(prices.of(chip.id)):
            return say("No price of {chip} in {named}", chip=chip.id, named=prices.named)
    if scenario.prices == EXAMPLE:
        return example_note(prices)
    if prices.dated > date.today().isoformat():
        return say(
            "Prices in {named} are dated {dated}, a day to come",
            named=prices.named,
            dated=prices.dated,
        )
    return ""


def watts_note(prepared: Prepared) -> str:
    """That nobody says what a chip draws; empty where somebody does."""
    for chip in (prepared.chip, prepared.systems[0].prefilling.chip):
        if not chip.watts:
            return say("No watts known of {chip}: no energy", chip=chip.name)
    return ""


def money_notes(prepared: Prepared, scenario: Scenario) -> tuple[str, ...]:
    """Both, where there is something to say."""
    return tuple(filter(None, (price_note(prepared, scenario), watts_note(prepared))))


def missing_notes(prepared: Prepared, scenario: Scenario) -> tuple[str, ...]:
    """Why a table has no columns of cost or of energy, or whose prices it has."""
    priced = price_note(prepared, scenario)
    if not load_prices(scenario.prices).named:
        priced = say("No prices given: no cost")
    return tuple(filter(None, (priced, watts_note(prepared))))
