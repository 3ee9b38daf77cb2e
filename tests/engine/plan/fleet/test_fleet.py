"""Chips for a rate, a day and a stock: fewest, hour by hour, least cost."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.plan.fleet.day import planned_day
from engine.plan.fleet.fewest import (
    enough_chips,
    fewest_chips,
    sized_fleet,
    smallest,
    with_chips_counted,
)
from engine.plan.fleet.ways import Way, ways
from engine.plan.prepared import prepare
from engine.plan.stock import _Search, best_split, read_stock
from engine.scenario import ChipCount, LayoutLimits, Objectives, Scenario, Workload
from engine.sources.traces.day import read_day
from engine.words.errors import InputError

BASE = Scenario(
    model="llama-3.1-8b",
    chip="h100_sxm",
    chips=4,
    workload=Workload(1024, 256, rate=60.0),
    objectives=Objectives(ttft_ms=500, tpot_ms=30),
    limits=LayoutLimits(tensor=(1, 2), pipeline=(1,)),
)


def test_one_replica_fewer_misses():
    (least,) = {one.chips for one in sized_fleet(BASE).sized[:1]}
    fewer = replace(BASE, chips=least - 1)
    assert not smallest(prepare(fewer), fewer)


def test_nine_of_ten_take_no_fewer():
    fleet = sized_fleet(BASE)
    for one in fleet.sized:
        assert fleet.sure[one.key].replicas >= one.replicas


def test_whole_nodes_are_filled():
    assert fewest_chips(BASE, whole_nodes=True).chips == 8
    assert fewest_chips(BASE).chips < 8


def test_more_requests_never_take_fewer_chips():
    chips = [
        sized_fleet(replace(BASE, workload=replace(BASE.workload, rate=rate))).sized[0].chips
        for rate in (5.0, 20.0, 80.0)
    ]
    assert chips == sorted(chips)


def test_a_rate_that_nothing_carries_is_refused():
    impossible = replace(BASE, objectives=Objectives(ttft_ms=0.001))
    with pytest.raises(InputError, match="no number of chips"):
        enough_chips(impossible)
    with pytest.raises(InputError, match="found no rate"):
        enough_chips(replace(BASE, workload=Workload(1024, 256)))


@pytest.mark.parametrize("counting", [ChipCount.ENOUGH, ChipCount.NODES])
def test_chips_are_not_counted_without_a_rate(counting: ChipCount):
    closed = replace(BASE, workload=Workload(1024, 256), counting=counting)
    with pytest.raises(InputError, match="found no rate"):
        with_chips_counted(closed)


def test_a_day_follows_its_rates():
    day = planned_day(BASE, (0.0, 5.0, 60.0), grows=True)[0]
    chips = [day.chips(one) for one in day.hours]
    assert chips[0] == 0 < chips[1] < chips[2] == day.peak_chips
    assert day.below == 0
    assert day.chip_hours == sum(chips)


def test_hours_below_the_objectives_are_counted():
    day = planned_day(replace(BASE, chips=1), (5.0, 500.0), grows=False)[0]
    assert day.below == 1
    assert day.chips(day.hours[1]) == 1


def test_a_day_costs_its_chip_hours():
    priced = replace(BASE, prices="example")
    day = planned_day(priced, (5.0, 60.0), grows=True)[0]
    assert day.dollars == pytest.approx(day.chip_hours * 2.95)
    assert sum(row["usd"] for row in day.rows()) == pytest.approx(day.dollars)
    assert 0 < day.kilowatt_hours < day.chip_hours * 0.7


def test_a_day_without_requests_is_refused():
    with pytest.raises(InputError, match="no requests all day"):
        planned_day(BASE, (0.0, 0.0), grows=True)


def written(folder: Path, text: str) -> Path:
    path = folder / "file"
    path.write_text(text)
    return path


def test_a_day_is_read_by_its_hours(tmp_path):
    assert read_day(written(tmp_path, "hour,rps\n0,1\n1,2.5\n"))[0] == (1.0, 2.5)


def test_hours_may_be_of_a_clock(tmp_path):
    assert read_day(written(tmp_path, "hour,rps\n00:00,1\n01:00,2.5\n"))[0] == (1.0, 2.5)


def test_a_trace_is_counted_by_hours(tmp_path):
    lines = [f"{second},10,10" for second in range(0, 7200, 2)]
    rates, trace = read_day(written(tmp_path, "arrival,input,output\n" + "\n".join(lines)))
    assert rates == pytest.approx((0.5, 0.5), rel=0.01)
    assert trace is not None


DAY = "hour,requests_per_second\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "row 1: found nothing, expected a header as hour,requests_per_second"),
        ("0,3\n1,4\n", "row 1: found 0,3, expected a header"),
        ("hour;rate\n0;3\n", "row 1: found hour;rate, expected a header"),
        ("time,rate\n0,3\n", "row 1: found time,rate, expected a header"),
        ("arrival,input,output\n5,1,1\n3,1,1\n", "row 3: arrives 2 s before the row above"),
        (DAY, "found no hours"),
        ("hour,what\n", "row 1: expected a header"),
        (DAY + "".join(f"{hour},1\n" for hour in range(25)), "row 26: hour 24: a day has 24"),
        (DAY + "0,1\n0,1\n", "row 3: hour: found '0', expected 1"),
        (DAY + "0,-1\n", "row 2: requests per second: found '-1'"),
        (DAY + "0,nan\n", "row 2: requests per second: found 'nan'"),
        (DAY + "0\n", "row 2: found 1 fields"),
        ("arrival,input,output\n0,1,1\n100000,1,1\n", "27.8 hours, a day has 24"),
        ("input,output\n1,1\n", "has no times"),
    ],
)
def test_a_bad_day_is_one_line(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_day(written(tmp_path, text))


STOCK = """
[chips]
h100_sxm = {h100}
h200_sxm = {h200}
[[loads]]
name = "chat"
model = "llama-3.1-8b"
rate = 5
isl = 1024
osl = 256
tpot = 40
[[loads]]
name = "other"
model = "llama-3.1-8b"
rate = 4
isl = 1024
osl = 256
tpot = 40
"""


def test_the_cheapest_chips_are_given_first(tmp_path):
    text = STOCK.format(h100=8, h200=8)
    split = best_split(read_stock(written(tmp_path, text), Scenario(prices="example")))
    assert split.used("h200_sxm") == 0
    assert split.is_best and split.in_dollars


def test_what_the_cheap_ones_lack_the_others_give(tmp_path):
    text = STOCK.format(h100=1, h200=8)
    split = best_split(read_stock(written(tmp_path, text), Scenario(prices="example")))
    assert split.used("h100_sxm") == 1
    assert split.used("h200_sxm") > 0


def test_a_load_that_cannot_be_is_named(tmp_path):
    text = STOCK.format(h100=8, h200=8).replace('model = "llama-3.1-8b"', 'model = "llama-9"')
    with pytest.raises(InputError, match="fleet: chat: model 'llama-9'"):
        best_split(read_stock(written(tmp_path, text), Scenario()))


def test_two_kinds_of_chips_share_a_load_that_neither_carries():
    load = replace(BASE, workload=replace(BASE.workload, rate=120.0))
    alone = {chip: smallest_chips(load, chip) for chip in ("h100_sxm", "h200_sxm")}
    stock = {chip: count - 1 for chip, count in alone.items()}
    found = ways(load, stock, dict.fromkeys(stock, 1.0)).found
    assert found and all(len(one.needs) == 2 for one in found)
    parts = found[0].parts()
    assert sum(one.rate for one in parts) == pytest.approx(120.0)
    assert all(one.sized.table.meets[one.sized.row] for one in parts)
    assert {one.chip: one.sized.chips for one in parts} == found[0].needs
    assert found[0].chips <= max(alone.values())


def test_three_kinds_of_chips_share_a_load_that_no_two_carry():
    load = replace(BASE, workload=replace(BASE.workload, rate=90.0))
    stock = {"h100_sxm": 2, "h200_sxm": 2, "a100_sxm_80gb": 4}
    found = ways(load, stock, dict.fromkeys(stock, 1.0)).found
    assert found and all(set(one.needs) == set(stock) for one in found)
    parts = found[0].parts()
    assert sum(one.rate for one in parts) == pytest.approx(90.0)
    assert all(one.sized.table.meets[one.sized.row] for one in parts)


def smallest_chips(load: Scenario, chip: str) -> int:
    return sized_fleet(replace(load, chip=chip)).sized[0].chips


def test_a_stock_that_is_too_small_is_said(tmp_path):
    text = STOCK.replace("h200_sxm = {h200}", "").format(h100=1)
    with pytest.raises(InputError, match="too small for all loads"):
        best_split(read_stock(written(tmp_path, text), Scenario()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "chips: expected a table"),
        ("[chips]\nh100_sxm = 0", "h100_sxm: found 0"),
        ("[chips]\nh100_sxm = 4.5", "h100_sxm: found 4.5"),
        ("[chips]\nh100_sxm = 1000000000000", "expected a whole number from 1 to 1,000,000"),
        ("[chips]\nh1000 = 4", "chips.h1000: chip 'h1000' is unknown"),
        ("[chips]\nh100_sxm = 4\nh100 = 4", "chips.h100: found h100_sxm twice"),
        ("[chip]\nh100 = 4\n[chips]\nh100 = 4", "file: chip: unknown, expected"),
        (STOCK.format(h100=1, h200=1) + "chips = 3", "loads 2: chips: found for one load"),
        (STOCK.format(h100=1, h200=1).replace("other", "chat"), "loads 2: name: found chat again"),
        ("[chips]\nh100_sxm = 8", "loads: expected 1 to"),
        (
            '[chips]\nh100_sxm = 8\n[[loads]]\nmodel = "llama-3.1-8b"',
            "loads 1: rate: found nothing",
        ),
        ("[chips]\nh100_sxm = 8\n[[loads]]\nrats = 3", "loads 1: keyword 'rats' is unknown"),
    ],
)
def test_a_bad_stock_is_one_line(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        read_stock(written(tmp_path, text), Scenario())


choices = some.lists(
    some.tuples(some.sampled_from("ab"), some.integers(1, 6), some.integers(1, 20)),
    min_size=1,
    max_size=3,
)


@settings(max_examples=60)
@given(some.lists(choices, min_size=1, max_size=5), some.integers(1, 12), some.integers(1, 12))
def test_the_search_finds_what_trying_all_finds(loads, first, second):
    stock = {"a": first, "b": second}
    options = [
        sorted(
            (Way({chip: chips}, float(cost), tuple) for chip, chips, cost in one),
            key=lambda o: o.cost,
        )
        for one in loads
    ]
    costs = [
        sum(one.cost for one in chosen)
        for chosen in itertools.product(*options)
        if all(sum(o.needs.get(c, 0) for o in chosen) <= n for c, n in stock.items())
    ]
    found = _Search(options, stock).run()
    assert (None if found is None else sum(one.cost for one in found)) == min(costs, default=None)
