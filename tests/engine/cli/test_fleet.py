"""Chips for a rate or a day on several chips, and from a saved plan."""

import json

import pytest

from engine.cli import run
from engine.plan.saved.plan_file import load_plan
from engine.scenario import ChipCount

LOAD = ("llama-3.1-8b", "--isl", "1024", "--osl", "256", "--ttft", "500", "--tpot", "30")
DAY = "hour,requests_per_second\n" + "".join(f"{hour},{2 + hour}\n" for hour in range(24))


def asked(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert run(["fleet", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_fewest_chips_come_first_whatever_chip_they_are(capsys):
    rows = asked(capsys, *LOAD, "--chip", "h100,l40s", "--rate", "40")["rows"]
    assert {row["chip"] for row in rows} == {"h100_sxm", "l40s"}
    assert [row["chips"] for row in rows] == sorted(row["chips"] for row in rows)


def test_dollars_rank_chips_that_have_a_price(capsys):
    words = (*LOAD, "--chip", "h100,h200", "--rate", "40", "--prices", "example")
    costs = [row["usd_per_hour"] for row in asked(capsys, *words)["rows"]]
    assert costs == sorted(costs)


def test_the_day_of_a_plan_has_its_layout_at_every_hour(capsys, tmp_path):
    plan, day = tmp_path / "plan.toml", tmp_path / "day.csv"
    day.write_text(DAY)
    made = [*LOAD, "--chip", "h100", "--chips", "auto", "--rate", "30", "--tp", "2"]
    assert run(["plan", *made, "-o", str(plan)]) == 0
    capsys.readouterr()
    found = asked(capsys, str(plan), "--day", str(day))
    assert {hour["layout"].split(" ×")[0] for hour in found["hours"]} == {"TP2"}
    assert found["hours_below"] == 0


def test_a_day_is_planned_on_the_chip_with_the_fewest(capsys, tmp_path):
    day = tmp_path / "day.csv"
    day.write_text(DAY)
    found = asked(capsys, *LOAD, "--chip", "l40s,b200", "--day", str(day))
    assert found["chip"] == "b200_sxm"


def test_models_of_one_pass_have_no_fleet(capsys, tmp_path):
    day = tmp_path / "day.csv"
    day.write_text(DAY)
    for words in (("--rate", "9"), ("--day", str(day)), ("--day", str(day), "--chips", "2")):
        assert run(["fleet", "resnet-50", *words]) != 0
        assert "ResNet-50 generates no tokens" in capsys.readouterr().err


def test_predict_takes_the_layout_with_the_fewest_chips_when_it_may_choose(capsys):
    assert run(["predict", *LOAD, "--chip", "h100", "--chips", "auto", "--rate", "40"]) == 0
    said = capsys.readouterr().out
    fewest = asked(capsys, *LOAD, "--chip", "h100", "--rate", "40")["rows"][0]
    assert f"({fewest['chips']} × H100" in said and f"as {fewest['layout']} " in said


def test_chips_side_by_side_have_the_fewest_each(capsys):
    words = [*LOAD, "--chip", "h100,l40s", "--chips", "auto", "--rate", "40", "--json"]
    assert run(["sweep", *words]) == 0
    found = {
        one["chip"]: one["chips"] for one in json.loads(capsys.readouterr().out)["alternatives"]
    }
    rows = asked(capsys, *LOAD, "--chip", "h100,l40s", "--rate", "40")["rows"]
    for chip, chips in found.items():
        assert chips == min(row["chips"] for row in rows if row["chip"] == chip)


def test_chips_are_not_counted_without_a_rate_and_one_line_says_so(capsys):
    assert run(["sweep", *LOAD, "--chip", "h100", "--chips", "auto"]) == 2
    assert "--chips auto: found no rate" in capsys.readouterr().err


def test_a_plan_of_counted_chips_says_so_and_is_checked(capsys, tmp_path):
    plan = tmp_path / "plan.toml"
    made = [*LOAD, "--chip", "h100", "--chips", "auto", "--rate", "30"]
    assert run(["plan", *made, "-o", str(plan)]) == 0
    assert load_plan(plan).scenario.counting is ChipCount.ENOUGH
    assert run(["check", str(plan)]) == 0
