"""Lengths that nobody chose fit the model's context; chosen ones are never changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

import rooftop
from engine.cli import run
from engine.plan.answer import answer
from engine.plan.lengths import fitted
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import Lengths, Objectives, Scenario, Workload

SHORT = Scenario(model="llama-2-70b", chip="h100_sxm", chips=8, objectives=Objectives())


def lengths(scenario: Scenario) -> tuple[int, int, Lengths]:
    made = fitted(scenario, prepare(scenario).systems[0]).workload
    return made.input_tokens, made.output_tokens, made.lengths


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("llama-2-70b", (3072, 1024, Lengths.FITTED)),
        ("gpt-j-6b", (1024, 1024, Lengths.FITTED)),
        ("deepseek-v3", (4096, 1024, Lengths.DEFAULT)),
    ],
)
def test_unchosen_lengths_fit_the_context(model: str, expected: tuple[int, int, Lengths]):
    assert lengths(replace(SHORT, model=model)) == expected


def test_they_are_the_usual_ones_again_for_a_model_that_takes_them():
    short = fitted(SHORT, prepare(SHORT).systems[0])
    assert lengths(short.of_model("deepseek-v3")) == (4096, 1024, Lengths.DEFAULT)


@pytest.mark.parametrize(
    "workload",
    [Workload(8192, 1024), Workload(4096, 1), Workload(4096, 1024, lengths=Lengths.CHOSEN)],
)
def test_chosen_lengths_are_never_changed(workload: Workload):
    scenario = replace(SHORT, workload=workload)
    assert fitted(scenario, prepare(scenario).systems[0]) == scenario


def test_the_answer_says_so():
    scenario = fitted(SHORT, prepare(SHORT).systems[0])
    found = sweep(prepare(scenario), scenario)
    assert found is not None and found.best is not None
    told = answer(prepare(scenario), scenario, found)
    assert "3K in, 1K out (not chosen) fit its context of 4,096." in told


def test_the_command_line_says_so(capsys: pytest.CaptureFixture[str]):
    asked = ["--model", "llama-2-70b", "--chip", "h100", "--chips", "8"]
    assert run(["sweep", *asked, "--rows", "1"]) == 0
    assert "(not chosen)" in capsys.readouterr().out
    assert run(["predict", *asked, "--tp", "8", "--batch", "1"]) == 0
    assert "(not chosen)" in capsys.readouterr().err


def test_lengths_asked_for_stay_on_the_command_line(capsys: pytest.CaptureFixture[str]):
    asked = ["--model", "llama-2-70b", "--chip", "h100", "--chips", "8", "--isl", "4096"]
    assert run(["sweep", *asked, "--rows", "1"]) == 1
    assert "Nothing can be served" in capsys.readouterr().out


def test_python_callers_get_them_too():
    plans = rooftop.plan(model="llama-2-70b", chip="h100_sxm", chips=8)
    assert plans.scenario.workload.input_tokens == 3072
    assert "(not chosen)" in str(plans)
