"""What is to be said of money and energy beside their figures: whose prices, what nobody says."""

from __future__ import annotations

import math

from engine.plan.money.prices import EXAMPLE, load_prices
from engine.plan.prepared import Prepared
from engine.scenario import Scenario
from engine.words.messages import say


def price_note(prepared: Prepared, scenario: Scenario) -> str:
    """That prices are the bundled example's, or that a file of prices has none of a chip that is
    used; empty where prices are a person's own, or there are none."""
    prices = load_prices(scenario.prices)
    if not prices.named:
        return ""
    for chip in (prepared.chip, prepared.systems[0].prefilling.chip):
        if math.isnan(prices.of(chip.id)):
            return say("No price of {chip} in {named}", chip=chip.id, named=prices.named)
    if scenario.prices == EXAMPLE:
        return say("Prices are the bundled example's, of {dated}, not yours", dated=prices.dated)
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
