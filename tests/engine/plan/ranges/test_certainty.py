"""Limits kept with a certainty: what is asked of figures, what is said of rows."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli import run
from engine.hardware.chip import Provenance
from engine.plan.answer import answer
from engine.plan.kept import MEETS, MISSES, NEAR, certainty_percent, glyph_of
from engine.plan.lost import why_lost
from engine.plan.metrics.table import BY_ID
from engine.plan.prepared import prepare
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.ranges.certainty import Spread, stricter
from engine.plan.results import Table
from engine.plan.sweep import sweep
from engine.scenario import Objectives, Scenario, Workload

KNOWN = Accuracy(Provenance.FITTED, {"tpot": 0.1, "throughput": 0.1}, 9, "x", {"tpot": 0.3})
SMALL = Scenario(
    model="qwen3-8b",
    chip="h100_sxm",
    chips=2,
    workload=Workload(1024, 256),
    objectives=Objectives(tpot_ms=20.0),
)
shares = st.floats(0.01, 0.5)


def test_a_spread_is_its_two_quantiles():
    # To either side alike: two of three inside leave one in six beyond to the bad side.
    spread = Spread(0.1, 0.3)
    assert spread.error(100 * 5 / 6) == pytest.approx(0.1, abs=1e-4)
    assert spread.error(95.0) == pytest.approx(0.3, abs=1e-4)
    assert spread.error(50.0) == 0.0


@given(shares, st.floats(1.0, 4.0), st.floats(50.1, 99.0))
def test_certainty_undoes_error(narrow, wider, certainty):
    spread = Spread(narrow, narrow * wider)
    found = spread.certainty(np.array([spread.error(certainty)]))[0]
    if wider > 1.01:
        assert found == pytest.approx(certainty, abs=0.5)


@given(shares, st.floats(1.0, 4.0), st.floats(-2.0, 2.0), st.floats(0.0, 1.0))
def test_more_room_is_more_certain(narrow, wider, room, more):
    kept = Spread(narrow, narrow * wider).certainty(np.array([room, room + more]))
    assert kept[0] <= kept[1] + 1e-9


@given(st.floats(-1.0, 1.0))
def test_what_is_kept_and_what_is_missed_are_all_there_is(room):
    assert Spread(0.1, 0.2).certainty(np.array([room, -room])).sum() == pytest.approx(100.0)


def test_limits_are_stricter_on_the_side_that_is_worse():
    asked = Objectives(tpot_ms=50.0, tpot_p99_ms=60.0, ttft_ms=900.0, goodput_percent=90.0)
    found = stricter(asked, KNOWN, 95.0)
    assert found.tpot_ms == pytest.approx(50.0 * 0.7, rel=1e-4)
    # A percentile by the range of its mean; what was never compared as it is.
    assert found.tpot_p99_ms == pytest.approx(60.0 * 0.7, rel=1e-4)
    assert (found.ttft_ms, found.goodput_percent) == (900.0, 90.0)
    assert stricter(asked, KNOWN, 50.0) == asked


def test_a_percentile_has_a_range_of_its_own_no_narrower_than_that_of_its_mean():
    ranges = {"tpot": 0.1, "tpot_p99": 0.3, "ttft": 0.4, "ttft_p99": 0.2, "e2e": 0.5}
    known = Accuracy(Provenance.MEASURED, ranges, 10, "")
    named = ("tpot_p99", "ttft_p99", "e2e_p99", "tpot", "throughput")
    assert [known.share(one) for one in named] == [0.3, 0.4, 0.5, 0.1, None]


def _table(tpot_ms, fits=True) -> Table:
    prepared = prepare(SMALL)
    one = np.zeros(1, dtype=np.int64)
    return Table(
        kind=prepared.kind,
        arrangements=prepared.arrangements,
        precisions=prepared.precisions,
        arrangement_index=one,
        precision_index=one,
        batch=one + 1,
        metrics={"tpot_ms": np.array([tpot_ms])},
        capacity_gib=np.ones(1),
        fits=np.array([fits]),
        meets=np.array([fits and tpot_ms <= 50.0]),
        binding=one,
        excess=np.array([tpot_ms / 50.0]),
        limits=(Objectives(tpot_ms=50.0),),
        accuracies=(KNOWN,),
    )


@pytest.mark.parametrize(
    ("tpot_ms", "glyph"), [(44.0, MEETS), (46.0, NEAR), (54.0, NEAR), (56.0, MISSES)]
)
def test_a_limit_inside_the_range_is_near(tpot_ms, glyph):
    # 46 and 54 are within 10 % of 50 from it.
    assert glyph_of(_table(tpot_ms), Objectives(tpot_ms=50.0), 0) == glyph


def test_what_is_not_served_is_not_near():
    table = _table(nan, fits=False)
    assert glyph_of(table, Objectives(tpot_ms=50.0), 0) == MISSES
    assert np.isnan(certainty_percent(table, Objectives(tpot_ms=50.0), np.array([0]))[0])


def test_more_certainty_chooses_a_smaller_batch_that_keeps_it():
    even, sure = (sweep(prepare(one), one) for one in (SMALL, replace(SMALL, certainty=80.0)))
    assert even.table.value(even.best, "tpot_ms") > sure.table.value(sure.best, "tpot_ms")
    rows = np.array([sure.best])
    assert certainty_percent(sure.table, SMALL.objectives, rows)[0] >= 80.0
    worth = BY_ID["tps_per_chip"].id
    assert even.table.value(even.best, worth) >= sure.table.value(sure.best, worth)


def test_what_loses_for_certainty_alone_says_so():
    asked = replace(SMALL, certainty=90.0)
    prepared = prepare(asked)
    found = sweep(prepared, asked)
    table = found.table
    kept = table.fits & (table.metrics["tpot_ms"] <= 20.0) & ~table.meets
    row = int(np.flatnonzero(kept)[0])
    assert "certainty only" in why_lost(table, row, asked.objectives)
    assert "% certainty or more" in answer(prepared, asked, found)


def test_the_command_line_takes_it(capsys):
    command = ["sweep", "--model", "qwen3-8b", "--chip", "h100_sxm", "--chips", "1", "--tpot", "20"]
    assert run([*command, "--certainty", "85"]) == 0
    told = capsys.readouterr().out
    assert "certainty" in told and NEAR in told
    assert run([*command, "--certainty", "40"]) == 2
    assert "expected a percentage from 50 to 99" in capsys.readouterr().err


def test_a_percentile_between_mean_and_p99_is_off_by_as_much_as_it_is_farther_out():
    known = Accuracy(Provenance.MEASURED, {"ttft": 0.2, "ttft_p99": 0.5, "e2e": 0.3}, 9, "")
    p90, p95 = known.share("ttft_p90"), known.share("ttft_p95")
    assert p90 is not None and p95 is not None
    assert 0.2 < p90 < p95 < 0.5
    assert p90 == pytest.approx(0.2 + 0.3 * 1.2816 / 2.3263, rel=1e-3)
    assert known.share("e2e_p90") == 0.3 and known.share("tpot_p90") is None
