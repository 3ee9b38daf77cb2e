"""A day of a fleet: replicas hour by hour, what they cost and draw, hours below the objectives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.plan.fleet.fewest import Sized, enough_chips, smallest
from engine.plan.money.prices import load_prices
from engine.plan.prepared import Prepared, prepare
from engine.scenario import Lengths, Scenario
from engine.sources.traces.trace import Trace
from engine.words.errors import InputError
from engine.words.messages import say

HOURS = 24


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour: the rate, and what carries it; None where nothing does or nothing comes."""

    hour: int
    rate: float
    sized: Sized | None


@dataclass(frozen=True, slots=True)
class Day:
    """A day of one layout."""

    prepared: Prepared
    scenario: Scenario
    layout: str
    hours: tuple[Hour, ...]

    @property
    def below(self) -> int:
        """Hours whose rate nothing carries under the objectives."""
        return sum(one.rate > 0 and one.sized is None for one in self.hours)

    @property
    def chip_hours(self) -> float:
        """Chips over all hours; those below the objectives have all chips that there are."""
        return float(sum(self.chips(one) for one in self.hours))

    def chips(self, hour: Hour) -> int:
        """Chips of one hour."""
        if hour.sized is not None:
            return hour.sized.chips
        return self.scenario.chips if hour.rate > 0 else 0

    @property
    def peak_chips(self) -> int:
        """Of the hour with the most."""
        return max((self.chips(one) for one in self.hours), default=0)

    @property
    def dollars(self) -> float:
        """Of the whole day; NaN without a price."""
        return self.chip_hours * load_prices(self.scenario.prices).of(self.prepared.chip.id)

    @property
    def kilowatt_hours(self) -> float:
        """Of the chips over the day; NaN without watts."""
        return sum(self._watts(one) for one in self.hours) / 1e3

    def _watts(self, hour: Hour) -> float:
        """Of one hour's chips; those that carry less than what comes are as busy as the busiest
        that carry it."""
        if hour.sized is not None:
            return _watts(hour.sized)
        each = (_watts(one.sized) / one.sized.chips for one in self.hours if one.sized is not None)
        return self.chips(hour) * max(each, default=math.nan) if self.chips(hour) else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """Every hour as plain values."""
        return [self._row(one) for one in self.hours]

    def _row(self, hour: Hour) -> dict[str, Any]:
        one, watts, price = (
            hour.sized,
            self._watts(hour),
            load_prices(self.scenario.prices).of(self.prepared.chip.id),
        )
        return {
            "hour": hour.hour,
            "requests_per_second": hour.rate,
            "layout": "" if one is None else one.arrangement.name,
            "replicas": 0 if one is None else one.replicas,
            "chips": self.chips(hour),
            "meets": one is not None or not hour.rate,
            "ttft_ms": _figure(one, "ttft_ms"),
            "tpot_ms": _figure(one, "tpot_ms"),
            "utilised_percent": _figure(one, "utilised_percent"),
            "usd": round(price * self.chips(hour), 4) if math.isfinite(price) else None,
            "kwh": round(watts / 1e3, 4) if math.isfinite(watts) else None,
        }

    def totals(self) -> dict[str, Any]:
        """The day as plain values."""
        return {
            "layout": self.layout,
            "peak_chips": self.peak_chips,
            "mean_chips": round(self.chip_hours / max(len(self.hours), 1), 3),
            "hours_below": self.below,
            "usd": round(self.dollars, 2) if math.isfinite(self.dollars) else None,
            "kwh": round(self.kilowatt_hours, 2) if math.isfinite(self.kilowatt_hours) else None,
        }


def _watts(one: Sized) -> float:
    return one.value("joules_per_token") * one.value("request_tps")


def _figure(one: Sized | None, metric: str) -> float | None:
    value = math.nan if one is None else one.value(metric)
    return float(f"{value:.6g}") if math.isfinite(value) else None


def planned_day(
    scenario: Scenario,
    rates: Sequence[float],
    *,
    grows: bool,
    progress: Callable[[float], object] = lambda share: None,
) -> tuple[Day, ...]:
    """The day of every layout, the one with the fewest hours below the objectives and the fewest
    chips first. ``rates`` are requests per second, hour by hour. Where the fleet ``grows``, there
    are chips enough for the peak; else the scenario's. Raises `InputError`."""
    peak = max(rates, default=0.0)
    if not peak > 0:
        raise InputError(say("fleet: no requests all day, expected a rate above 0 in some hour"))
    if grows:
        scenario = enough_chips(_at(scenario, peak))
    prepared = prepare(_at(scenario, peak))
    carried: dict[float, dict[tuple[str, str], Sized]] = {0.0: {}}
    different = sorted(set(rates) - {0.0}, reverse=True)
    for place, rate in enumerate(different):
        progress(place / len(different))
        asked = _at(scenario, rate)
        carried[rate] = smallest(prepare(asked), asked)
    keys = dict.fromkeys(key for found in carried.values() for key in found)
    days = [
        Day(
            prepared,
            scenario,
            next(found[key].words for found in carried.values() if key in found),
            tuple(Hour(hour, rate, carried[rate].get(key)) for hour, rate in enumerate(rates)),
        )
        for key in keys
    ]
    if not days:
        raise InputError(
            say(
                "fleet: no layout on {chips} chips keeps the objectives in any hour",
                chips=scenario.chips,
            )
        )
    return tuple(sorted(days, key=lambda one: (one.below, one.chip_hours)))


def _at(scenario: Scenario, rate: float) -> Scenario:
    return replace(scenario, workload=replace(scenario.workload, rate=rate))


def with_lengths(scenario: Scenario, trace: Trace | None) -> Scenario:
    """The scenario with the lengths of a day's trace, where nobody chose other ones."""
    if trace is None or scenario.workload.lengths is Lengths.CHOSEN:
        return scenario
    workload = replace(
        scenario.workload,
        input_tokens=max(round(float(trace.input_tokens.mean())), 1),
        output_tokens=max(round(float(trace.output_tokens.mean())), 1),
        input_spread=round(trace.input_spread, 3),
        output_spread=round(trace.output_spread, 3),
        lengths=Lengths.CHOSEN,
    )
    return replace(scenario, workload=workload)
