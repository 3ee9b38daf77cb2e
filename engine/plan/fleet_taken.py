"""One line of a fleet's answer as a scenario of its own, and all of them as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.plan.fleet.day import Day
from engine.plan.fleet.fewest import Sized
from engine.plan.fleet.several import Fleets
from engine.plan.fleet_told import fleet_row, split_rows
from engine.plan.stock import Split
from engine.scenario import ArrangementKind, ChipCount, PoolChoice, Scenario
from engine.work.arrangement import Aggregated, limits_to

Found = Fleets | tuple[Day, ...] | Split
"""Chips for a rate, a day by its layouts, a stock."""


def taken(found: Found, place: int, row: int) -> Scenario | None:
    """The scenario of a row of the answer (of a day of its layout ``place``): its rate on its
    chips, in its layout; None for an hour without requests."""
    if isinstance(found, Fleets):
        line = found.ranked()[row]
        return _on(line.fleet.scenario, line.sized)
    if isinstance(found, Split):
        parts = [part for each in found.chosen for part in each]
        return _on(parts[row].scenario, parts[row].sized)
    day = found[place]
    hour = day.hours[row]
    if not hour.rate:
        return None
    scenario = replace(day.scenario, workload=replace(day.scenario.workload, rate=hour.rate))
    if hour.sized is None:
        return replace(scenario, counting=ChipCount.GIVEN)
    return _on(scenario, hour.sized)


def _on(scenario: Scenario, sized: Sized) -> Scenario:
    """The scenario on the chips of a layout, and in no other."""
    chosen = replace(scenario, chips=sized.chips, counting=ChipCount.GIVEN)
    arrangement = sized.arrangement
    if isinstance(arrangement, Aggregated):
        limits, kind = limits_to(arrangement.layout), ArrangementKind.AGGREGATED
        return replace(chosen, limits=limits, arrangement=kind, pools=PoolChoice())
    pools = replace(
        scenario.pools,
        prefill=arrangement.prefill.spelt,
        decode=arrangement.decode.spelt,
        prefill_chips=None,
        decode_chips=None,
    )
    return replace(chosen, arrangement=ArrangementKind.DISAGGREGATED, pools=pools)


def rows_of(found: Found, place: int) -> Sequence[dict[str, Any]]:
    """Every row of the answer as plain values, as ``rooftop fleet --csv`` has them."""
    if isinstance(found, Fleets):
        return [fleet_row(line.fleet, line.sized) for line in found.ranked()]
    return split_rows(found) if isinstance(found, Split) else found[place].rows()
