"""What the chips of a scenario cost and draw, for its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.plan.metrics.metric import Needs
from engine.plan.metrics.table import LIMITED
from engine.plan.money.power import power_law
from engine.plan.money.prices import load_prices
from engine.scenario import Best, Scenario
from engine.serve.outcome import Bill
from engine.words.arrays import FloatArray, Places
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Arrangement, Disaggregated

if TYPE_CHECKING:
    from engine.hardware.chip import Chip
    from engine.plan.prepared import Prepared

_OF_BEST = {Best.THROUGHPUT: Needs.NOTHING, Best.COST: Needs.PRICE, Best.ENERGY: Needs.WATTS}


@dataclass(frozen=True, slots=True)
class Charges:
    """What the chips of every arrangement cost in every precision, arrays of (precisions,
    arrangements); NaN where nobody says. ``flops_each`` are those of a token, or of a sample of a
    forward model."""

    usd_per_hour: FloatArray
    limit_watts: FloatArray
    peak_flops: FloatArray
    flops_each: float

    def says(self, needs: Needs) -> bool:
        """Whether somebody says what a metric needs."""
        if needs is Needs.NOTHING:
            return True
        known = self.usd_per_hour if needs is Needs.PRICE else self.limit_watts
        return bool(np.all(np.isfinite(known)))

    def bill(self, precision: Places, arrangement: Places, rate: FloatArray) -> Bill:
        """Of rows through which so many tokens or samples go per second, by their places."""
        mfu = self.flops_each * rate / self.peak_flops[precision, arrangement]
        watts = self.limit_watts[precision, arrangement] * power_law().share(mfu)
        return Bill(self.usd_per_hour[precision, arrangement], watts)


def charges_of(
    prepared: Prepared,
    scenario: Scenario,
    arrangements: Sequence[Arrangement],
    precisions: Sequence[Precision],
) -> Charges:
    """What arrangements of a scenario cost."""
    prices = load_prices(scenario.prices)
    prefill = np.array([float(_prefilling(one)) for one in arrangements])
    others = np.array([float(one.chips) for one in arrangements]) - prefill

    def of_all(each: Callable[[Chip, Precision], float]) -> FloatArray:
        lines = []
        for precision in precisions:
            system = prepared.system(precision)
            line = others * each(system.chip, precision)
            if prefill.any():
                line = line + prefill * each(system.prefilling.chip, precision)
            lines.append(line)
        return np.array(lines)

    def peak(chip: Chip, precision: Precision) -> float:
        wanted = (precision.activations.compute, "bf16", "fp16")
        known = (chip.peak_flops[one] for one in wanted if one in chip.peak_flops)
        return next(known, max(chip.peak_flops.values()))

    return Charges(
        of_all(lambda chip, _: prices.of(chip.id)),
        of_all(lambda chip, _: chip.watts or math.nan),
        of_all(peak),
        _flops_each(prepared),
    )


def _flops_each(prepared: Prepared) -> float:
    """Operations for a token, two for every parameter that it meets, or for a sample."""
    if prepared.kind is ModelKind.FORWARD:
        return prepared.forward_model.flops
    return 2.0 * prepared.architecture.active_parameters


def _prefilling(arrangement: Arrangement) -> int:
    """Chips of a pool of prefill workers."""
    return arrangement.prefill.chips if isinstance(arrangement, Disaggregated) else 0


def refuse_unpriced(prepared: Prepared, scenario: Scenario) -> None:
    """Raise `InputError` where something is asked of prices or watts that nobody says."""
    limited = [one for one, _ in LIMITED if one.limit_in(scenario.objectives) is not None]
    asked = {one.needs for one in limited} | {_OF_BEST[scenario.best]}
    used = {one.id: one for one in (prepared.chip, prepared.systems[0].prefilling.chip)}
    if Needs.PRICE in asked:
        prices = load_prices(scenario.prices)
        unpriced = [id for id in used if not math.isfinite(prices.of(id))]
        if unpriced:
            where = f"{prices.named}: no price of {unpriced[0]}" if prices.named else "no prices"
            raise InputError(
                say(
                    "{where}: expected --prices FILE with dollars per chip and hour of "
                    "{unpriced} (--prices example is a dated example)",
                    where=where,
                    unpriced=unpriced[0],
                )
            )
    unknown = [id for id, one in used.items() if not one.watts]
    if Needs.WATTS in asked and unknown:
        raise InputError(
            say(
                "{unknown}: watts: not known, expected them in the chip's profile",
                unknown=unknown[0],
            )
        )
