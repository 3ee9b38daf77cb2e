"""What the chips of a scenario cost and draw, for its outcomes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.metrics import LIMITED, Needs
from engine.plan.money.power import power_law
from engine.plan.money.prices import load_prices
from engine.scenario import Best, Scenario
from engine.serve.outcome import Bill, Outcome
from engine.words.errors import InputError

if TYPE_CHECKING:
    from engine.plan.prepared import Prepared

_OF_BEST = {Best.THROUGHPUT: Needs.NOTHING, Best.COST: Needs.PRICE, Best.ENERGY: Needs.WATTS}


def billed(
    prepared: Prepared, scenario: Scenario, precision: Precision, outcome: Outcome
) -> Outcome:
    """The outcome with its bill."""
    return replace(outcome, bill=_bill(prepared, scenario, precision, outcome))


def _bill(
    prepared: Prepared, scenario: Scenario, precision: Precision, outcome: Outcome
) -> Bill | None:
    if prepared.kind is not ModelKind.TOKENS:
        return None
    price = load_prices(scenario.prices).of(prepared.chip.id)
    watts = prepared.chip.watts
    tokens = outcome.rates["request_tokens"] + outcome.rates["prompt_tokens"]
    # Two operations for every parameter that a token meets.
    peak = prepared.chip.peak_flops
    kind = precision.activations.compute
    flops = 2.0 * prepared.architecture.active_parameters * tokens
    mfu = flops / (outcome.chips * peak.get(kind, peak["bf16"]))
    drawn = np.where(watts > 0, watts * power_law().share(mfu), math.nan)
    return Bill(price, drawn)


def refuse_unpriced(prepared: Prepared, scenario: Scenario) -> None:
    """Raise `InputError` where something is asked of prices or watts that nobody says."""
    limited = [one for one, _ in LIMITED if getattr(scenario.objectives, one.id) is not None]
    asked = {one.needs for one in limited} | {_OF_BEST[scenario.best]}
    chip = prepared.chip
    if Needs.PRICE in asked and not math.isfinite(load_prices(scenario.prices).of(chip.id)):
        named = load_prices(scenario.prices).named
        where = f"{named}: no price of {chip.id}" if named else "no prices"
        raise InputError(
            f"{where}: expected --prices FILE with dollars per chip and hour of {chip.id} "
            "(--prices example is a dated example)"
        )
    if Needs.WATTS in asked and not chip.watts:
        raise InputError(f"{chip.id}: watts: not known, expected them in the chip's profile")
