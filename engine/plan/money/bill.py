"""What the chips of a scenario cost and draw, for its outcomes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.metric import Needs
from engine.plan.metrics import LIMITED
from engine.plan.money.power import power_law
from engine.plan.money.prices import load_prices
from engine.scenario import Best, Scenario
from engine.serve.outcome import Bill, Outcome
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.work.arrangement import Arrangement, Disaggregated

if TYPE_CHECKING:
    from engine.hardware.chip import Chip
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
    system = prepared.system(precision)
    here, first = system.chip, system.prefilling.chip
    prices = load_prices(scenario.prices)
    own = np.array([[_prefilling(one)] for one in outcome.arrangements], dtype=float)
    others = np.array([[float(one.chips)] for one in outcome.arrangements]) - own

    def of_all(each: Callable[[Chip], float]) -> FloatArray:
        decode: FloatArray = others * each(here)
        return decode + own * each(first) if own.any() else decode

    tokens = outcome.rates["request_tokens"] + outcome.rates["prompt_tokens"]
    kind = precision.activations.compute
    peak = of_all(lambda chip: chip.peak_flops.get(kind, chip.peak_flops["bf16"]))
    # Two operations for every parameter that a token meets.
    mfu = 2.0 * prepared.architecture.active_parameters * tokens / peak
    limit = of_all(lambda chip: chip.watts or math.nan)
    return Bill(of_all(lambda chip: prices.of(chip.id)), limit * power_law().share(mfu))


def _prefilling(arrangement: Arrangement) -> int:
    """Chips of a pool of prefill workers."""
    return arrangement.prefill.chips if isinstance(arrangement, Disaggregated) else 0


def refuse_unpriced(prepared: Prepared, scenario: Scenario) -> None:
    """Raise `InputError` where something is asked of prices or watts that nobody says."""
    limited = [one for one, _ in LIMITED if getattr(scenario.objectives, one.id) is not None]
    asked = {one.needs for one in limited} | {_OF_BEST[scenario.best]}
    used = {one.id: one for one in (prepared.chip, prepared.systems[0].prefilling.chip)}
    if Needs.PRICE in asked:
        prices = load_prices(scenario.prices)
        unpriced = [id for id in used if not math.isfinite(prices.of(id))]
        if unpriced:
            where = f"{prices.named}: no price of {unpriced[0]}" if prices.named else "no prices"
            raise InputError(
                f"{where}: expected --prices FILE with dollars per chip and hour of {unpriced[0]} "
                "(--prices example is a dated example)"
            )
    unknown = [id for id, one in used.items() if not one.watts]
    if Needs.WATTS in asked and unknown:
        raise InputError(f"{unknown[0]}: watts: not known, expected them in the chip's profile")
