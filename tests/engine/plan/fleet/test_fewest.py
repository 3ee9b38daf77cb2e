"""Replicas of every layout and hour, against one fewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.plan.fleet.day import planned_day
from engine.plan.fleet.fewest import Sized, enough_chips, fewest_chips, smallest
from engine.plan.prepared import Prepared, prepare
from engine.plan.tables import rows_table
from engine.scenario import LayoutLimits, Objectives, Scenario, Workload
from engine.work.arrangement import Aggregated

BASE = Scenario(
    model="llama-3.1-8b",
    chip="h100_sxm",
    limits=LayoutLimits(tensor=(1, 2), pipeline=(1,)),
    prices="example",
)
OBJECTIVES = some.sampled_from(
    [
        Objectives(tpot_ms=20.0),
        Objectives(ttft_p99_ms=400.0, tpot_p90_ms=40.0),
        Objectives(e2e_ms=6000.0, utilised_percent=70.0),
        Objectives(usd_per_million_output=2.0),
    ]
)


def keeps(prepared: Prepared, scenario: Scenario, one: Sized, replicas: int) -> bool:
    """Whether so many replicas of a layout keep the objectives, worked out alone."""
    arrangement = one.arrangement
    assert isinstance(arrangement, Aggregated)
    tried = (Aggregated(replace(arrangement.layout, replicas=replicas)),)
    precision = one.table.precision(one.row)
    return bool(rows_table(prepared, scenario, precision, tried, np.array([1])).meets[0])


@settings(max_examples=8, deadline=None)
@given(rate=some.floats(2.0, 2000.0), objectives=OBJECTIVES)
def test_no_layout_keeps_the_objectives_with_one_replica_fewer(rate, objectives):
    load = replace(BASE, workload=Workload(1024, 256, rate=rate), objectives=objectives)
    asked = enough_chips(load)
    prepared = prepare(asked)
    found = smallest(prepared, asked)
    assert found
    for one in found.values():
        assert keeps(prepared, asked, one, one.replicas)
        assert one.replicas == 1 or not keeps(prepared, asked, one, one.replicas - 1)


@settings(max_examples=6, deadline=None)
@given(rate=some.floats(1.0, 200.0))
def test_whole_nodes_hold_the_fewest_and_not_a_node_more(rate):
    load = replace(BASE, workload=Workload(1024, 256, rate=rate))
    nodes, fewest = fewest_chips(load, whole_nodes=True).chips, fewest_chips(load).chips
    assert nodes % 8 == 0 and nodes - 8 < fewest <= nodes


@settings(max_examples=5, deadline=None)
@given(rates=some.lists(some.sampled_from([0.0, 3.0, 30.0, 75.0]), min_size=1, max_size=5))
def test_a_day_costs_chips_by_hours_by_price(rates):
    if not any(rates):
        return
    for day in planned_day(BASE, rates, grows=True):
        chips = [row["chips"] for row in day.rows()]
        assert day.dollars == pytest.approx(sum(chips) * 2.95)
        assert day.peak_chips == max(chips)
        for hour, row in zip(day.hours, day.rows(), strict=True):
            assert row["chips"] == (0 if not hour.rate else day.chips(hour))
            if hour.sized is not None:
                each = hour.sized.arrangement.single.chips
                assert row["chips"] == row["replicas"] * each
