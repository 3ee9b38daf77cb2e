"""Dollars and joules: by hand, and never from prices that nobody gave."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from engine.cli import run
from engine.plan.answer import answer
from engine.plan.metrics.table import BY_ID
from engine.plan.money import prices
from engine.plan.money.notes import price_note, watts_note
from engine.plan.money.power import power_law
from engine.plan.money.prices import load_prices
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import ArrangementKind, Best, Objectives, PoolChoice, Scenario
from engine.words.errors import InputError

COST = BY_ID["usd_per_million_output"]
SMALL = Scenario(
    model="llama-3.1-8b", chip="h100_sxm", chips=2, objectives=Objectives(), max_batch=8
)
OWN = 'dated = "2026-11-01"\n[usd_per_chip_hour]\nh100_sxm = 3.6\n'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a person's prices lie."""
    path = tmp_path / "prices.toml"
    monkeypatch.setattr(prices, "own_prices_path", lambda: path)
    return path


def swept(scenario: Scenario):
    found = sweep(prepare(scenario), scenario)
    assert found is not None
    return found


def test_cost_is_chips_by_price_over_tokens(own):
    own.write_text(OWN)
    table = swept(SMALL).table
    tokens = table.metrics["tps_per_chip"]
    assert table.metrics[COST.id] == pytest.approx(3.6 / 3600 / tokens * 1e6)


def test_input_tokens_carry_the_same_cost(own):
    own.write_text(OWN)
    metrics = swept(SMALL).table.metrics
    spent = metrics["usd_per_million_input"] * metrics["prefill_tps"]
    assert spent == pytest.approx(metrics[COST.id] * metrics["request_tps"])


IMAGES = Scenario(model="resnet-50", chip="h100_sxm", chips=2, objectives=Objectives())


def test_images_cost_chips_by_price_over_images(own):
    own.write_text(OWN)
    metrics = swept(IMAGES).table.metrics
    assert metrics[COST.id] == pytest.approx(3.6 / 3600 / metrics["fps_per_chip"] * 1e6)
    assert metrics["tps_per_mw"] * metrics["joules_per_token"] == pytest.approx(1e6)


def test_pools_of_unlike_chips_cost_and_draw_what_each_does(own):
    own.write_text(OWN + "b200_sxm = 6.0\n")
    pools = PoolChoice("TP1 x2", "TP2", prefill_chip="b200_sxm")
    asked = replace(SMALL, chips=4, pools=pools, arrangement=ArrangementKind.DISAGGREGATED)
    metrics = swept(asked).table.metrics
    # Two of 6.0 and two of 3.6 dollars an hour, 1000 and 700 watts at most.
    tokens = metrics["request_tps"]
    assert metrics[COST.id] == pytest.approx(2 * (6.0 + 3.6) / 3600 / tokens * 1e6)
    watts = metrics["joules_per_token"] * tokens
    least = 2 * (1000 + 700) * power_law().idle
    assert (watts > least).all() and (watts < 2 * least).all()


def test_joules_of_an_image_are_watts_by_use_over_images():
    found = swept(replace(IMAGES, max_batch=64)).table.metrics
    # ResNet-50 at 224 x 224: 8.2 GFLOP an image; an H100 of 700 W, 989.4 TFLOP/s.
    mfu = 8.2e9 * found["fps_per_chip"] / 989.4e12
    watts = 700 * power_law().share(mfu)
    assert found["joules_per_token"] == pytest.approx(watts / found["fps_per_chip"], rel=0.02)


def test_a_limit_on_the_cost_of_images_binds(own, capsys):
    own.write_text(OWN)
    words = ["sweep", "resnet-50", "--chip", "h100", "--chips", "1", "--cost", "0.0001"]
    run(words)
    assert "cost per million outputs" in (said := capsys.readouterr().out)
    assert "$/M img" in said


def test_without_prices_there_is_no_cost(own):
    assert COST.id not in swept(SMALL).table.metrics


def test_the_example_is_never_used_silently(own):
    assert not load_prices("").usd_per_chip_hour
    assert "h100_sxm" in load_prices("example").usd_per_chip_hour


@pytest.mark.parametrize(
    "scenario",
    [
        replace(SMALL, best=Best.COST),
        replace(SMALL, objectives=Objectives(usd_per_million_output=2.0)),
    ],
)
def test_asking_for_cost_without_prices_is_refused(own, scenario):
    with pytest.raises(InputError, match="no prices: expected --prices FILE"):
        swept(scenario)


def test_a_chip_without_a_price_is_named(own):
    own.write_text('dated = "2026-11-01"\n[usd_per_chip_hour]\nb200_sxm = 5\n')
    with pytest.raises(InputError, match="no price of h100_sxm"):
        swept(replace(SMALL, best=Best.COST))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "usd_per_chip_hour: expected a table"),
        ("[usd_per_chip_hour]\nh100_sxm = 3", "dated: found nothing"),
        ('dated = "x"\n[usd_per_chip_hour]\nh100_sxm = -1', "h100_sxm: found -1"),
        ('dated = "x"\n[usd_per_chip_hour]\nh100_sxm = nan', "h100_sxm: found nan"),
        ('dated = "x"\n[usd_per_chip_hour]\nh100_sxm = "3"', "expected dollars above 0"),
        ('dated = "x"\n[usd_per_chip_hour]\nh100_sxm = 3', "dated: found 'x', expected a day"),
        ('dated = "x"\n[usd_per_chip_hour]\nh100_sxl = 3', "no such chip; nearest: h100_sxm"),
    ],
)
def test_bad_prices_are_one_line(own, text, said):
    own.write_text(text)
    with pytest.raises(InputError, match=said):
        load_prices("")


def test_a_chip_is_priced_by_any_of_its_names_and_a_day_is_one_of_toml(own):
    own.write_text("dated = 2026-11-01\n[usd_per_chip_hour]\nH100 = 3.6\n")
    assert load_prices("").of("h100_sxm") == 3.6
    assert load_prices("").dated == "2026-11-01"


def test_the_example_and_a_missing_price_are_said(own):
    prepared = prepare(SMALL)
    assert price_note(prepared, SMALL) == ""
    assert "bundled example" in price_note(prepared, replace(SMALL, prices="example"))
    own.write_text('dated = "2026-11-01"\n[usd_per_chip_hour]\nb200_sxm = 5\n')
    assert "No price of h100_sxm" in price_note(prepared, SMALL)


def test_prices_of_a_day_to_come_are_said_and_those_of_today_are_not(own):
    prepared, today = prepare(SMALL), date.today()
    for days, said in ((0, ""), (1, "a day to come")):
        dated = (today + timedelta(days)).isoformat()
        own.write_text(f"dated = {dated}\n[usd_per_chip_hour]\nh100_sxm = 3.6\n")
        note = price_note(prepared, SMALL)
        assert said in note and bool(said) == bool(note)


def test_a_sweep_says_why_it_has_no_energy(own, capsys):
    words = ["sweep", "llama-3.1-8b", "--chip", "tpu_v5e", "--chips", "8", "--max-batch", "2"]
    run(words)
    assert "note: No watts known of TPU v5e: no energy" in capsys.readouterr().out
    run([*words, "--csv"])
    told = capsys.readouterr()
    assert "No watts known" in told.err and "joules" not in told.out


def test_a_chip_without_watts_is_named():
    assert "No watts known of TPU v5e" in watts_note(prepare(replace(SMALL, chip="tpu_v5e")))
    assert watts_note(prepare(SMALL)) == ""


def test_a_limit_on_cost_binds(own):
    own.write_text(OWN)
    table = swept(SMALL).table
    middle = float(np.median(table.metrics[COST.id]))
    limited = replace(SMALL, objectives=Objectives(usd_per_million_output=middle))
    found = swept(limited).table
    assert found.meets.any()
    assert found.verdict(int(np.argmax(found.metrics[COST.id]))).metric is COST


def test_ranking_by_energy_has_the_least_joules_first():
    found = swept(replace(SMALL, best=Best.ENERGY))
    joules = found.table.metrics["joules_per_token"]
    assert joules[found.order[0]] == joules.min()


@pytest.mark.parametrize(
    ("best", "limits", "said"),
    [
        (Best.ENERGY, Objectives(), "; J/token "),
        (Best.COST, Objectives(), "; $/M out "),
        (Best.COST, Objectives(usd_per_million_output=9.0), ""),
        (Best.THROUGHPUT, Objectives(), ""),
    ],
)
def test_the_answer_names_what_it_was_ranked_by_once(own, best, limits, said):
    own.write_text(OWN)
    asked = replace(SMALL, best=best, objectives=limits)
    told = answer(prepare(asked), asked, swept(asked))
    assert (", the least" in told) == bool(said) and said in told


def test_joules_and_tokens_per_megawatt_are_reciprocal():
    metrics = swept(SMALL).table.metrics
    assert metrics["tps_per_mw"] * metrics["joules_per_token"] == pytest.approx(1e6)


def test_power_is_between_idle_and_the_limit_and_grows():
    law = power_law()
    share = law.share(np.linspace(0, 1, 50))
    assert share[0] == law.idle
    assert share[-1] == pytest.approx(1.0)
    assert (np.diff(share) >= 0).all()
    # Measured decode of an H200 of 700 W: 137 to 300 W (arXiv:2605.11999).
    assert 137 <= 700 * float(law.share(np.array(0.02))) <= 300


def test_limits_are_typed_and_said_in_their_unit():
    assert COST.parse("$2.50", "--cost") == 2.5
    assert COST.plain(2.0) == "$2"
    assert COST.amount(0.4321) == "$ 0.43"
    assert COST.beyond(2.0001, 2.0) == "$2.0001"
    assert BY_ID["ttft_ms"].amount(1500.0) == "1.50 s"
    for text in ("0", "-1", "nan", "ten", ""):
        with pytest.raises(InputError, match="expected dollars above 0"):
            COST.parse(text, "--cost")


def test_a_plan_keeps_what_it_was_ranked_by(tmp_path, own, capsys):
    own.write_text(OWN)
    path = tmp_path / "plan.toml"
    options = ["--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--max-batch", "4"]
    assert run(["plan", *options, "--best", "cost", "--cost", "9", "-o", str(path)]) == 0
    capsys.readouterr()
    assert run(["check", str(path)]) == 0
    from engine.plan.saved.plan_file import load_plan

    scenario = load_plan(path).scenario
    assert (scenario.best, scenario.objectives.usd_per_million_output) == (Best.COST, 9.0)


def test_a_limit_on_cost_is_in_the_answer_with_what_it_costs(own):
    own.write_text(OWN)
    scenario = replace(SMALL, objectives=Objectives(usd_per_million_output=9.0))
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None and found.best is not None
    spent = found.table.metrics[COST.id][found.best]
    assert f"$/M out {spent:.3g} of 9" in answer(prepared, scenario, found)
