"""A layer table through the sweep, the explanation, the command line and a plan."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import run
from engine.plan.answer import answer
from engine.plan.metrics.table import BY_ID, VERDICTS
from engine.plan.names.benchmark import FpsName
from engine.plan.names.parse import parse_name
from engine.plan.prepared import prepare
from engine.plan.ranking import WORTH
from engine.plan.saved.plan_file import load_plan
from engine.plan.sweep import sweep
from engine.plan.why.explain import explain
from engine.scenario import Objectives, Scenario
from engine.words.quantities import memory_amount
from tests.engine.model.forward.test_table import SMALL, write


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    path = write(tmp_path, SMALL)
    return Scenario(
        model=str(path), chip="a100_sxm_80gb", chips=4, framework="tensorrt", max_batch=64
    )


@pytest.fixture
def limited(scenario: Scenario) -> Scenario:
    """With a limit that half of the batches meet."""
    found = sweep(prepare(scenario), scenario)
    assert found is not None
    median = float(np.median(found.table.metrics["latency_ms"]))
    return replace(scenario, objectives=Objectives(latency_ms=median))


def test_the_winner_is_the_highest_throughput_under_the_limit(limited: Scenario):
    prepared = prepare(limited)
    found = sweep(prepared, limited)
    assert found is not None and found.best is not None
    table = found.table
    allowed = table.metrics["latency_ms"] <= (limited.objectives.latency_ms or 0.0)
    assert 0 < allowed.sum() < len(table)
    best = table.metrics["fps_per_chip"][found.best]
    assert best == table.metrics["fps_per_chip"][allowed].max()
    missed = {VERDICTS[code].metric for code in table.binding[~allowed]}
    assert missed == {BY_ID["latency_ms"]}


def test_without_a_limit_the_best_batch_is_the_knee(scenario: Scenario):
    free = replace(scenario, max_batch=None)
    prepared = prepare(free)
    found = sweep(prepared, free)
    assert found is not None and found.best is not None
    rates = found.table.metrics["fps_per_chip"]
    most = float(rates[found.table.meets].max())
    enough = found.table.batch[rates * (1 + WORTH) >= most]
    assert found.table.batch[found.best] == enough.min() < enough.max()
    assert "at most 5 % more per chip" in answer(prepared, free, found)


def test_throughput_is_batch_over_latency_on_every_chip(scenario: Scenario):
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    metrics = found.table.metrics
    per_chip = found.table.batch / metrics["latency_ms"] * 1e3
    assert np.allclose(metrics["fps_per_chip"], per_chip)
    assert np.allclose(metrics["fps"], 4 * per_chip)


def test_instances_raise_the_throughput_of_small_batches(scenario: Scenario):
    one = replace(scenario, max_batch=1)
    rates = []
    for each in (one, replace(one, instances=4)):
        found = sweep(prepare(each), each)
        assert found is not None
        rates.append(float(found.table.metrics["fps_per_chip"][0]))
    assert rates[1] > 1.5 * rates[0]


def test_the_answer_says_what_binds(limited: Scenario):
    prepared = prepare(limited)
    found = sweep(prepared, limited)
    assert found is not None
    sentence = answer(prepared, limited, found)
    assert "images/s/chip" in sentence
    assert "latency binds" in sentence


def test_an_explanation_adds_up(scenario: Scenario):
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None and found.best is not None
    table, row = found.table, found.best
    batch = int(table.batch[row])
    told = explain(prepared, scenario, table.arrangement(row), table.precision(row), batch)
    total = sum(operator.seconds for operator in told.operators)
    assert total * 1e3 == pytest.approx(table.metrics["latency_ms"][row])
    assert {operator.phase for operator in told.operators} == {"batch"}
    assert [0 < one.mfu < 1 for one in told.passes] == [True]


def test_the_command_line_prints_benchmark_names(
    scenario: Scenario, capsys: pytest.CaptureFixture[str]
):
    code = run(["sweep", "--model", scenario.model, "--chip", "t4", "--chips", "1", "--json"])
    assert code == 0
    row = json.loads(capsys.readouterr().out)["best"]
    name = parse_name(row["benchmark"])
    assert isinstance(name, FpsName)
    assert (name.width, name.height, name.batch) == (16, 32, row["batch"])


def test_a_language_engine_is_replaced_and_said_so(scenario: Scenario):
    prepared = prepare(replace(scenario, framework="vllm"))
    assert prepared.framework.id == "tensorrt"
    assert "serves no vision models" in prepared.fallbacks[0]


def test_a_plan_restores_the_scenario(tmp_path: Path, scenario: Scenario):
    path = tmp_path / "plan.toml"
    code = run(
        [
            "plan",
            *("--model", scenario.model, "--chip", "a100", "--chips", "2", "--latency", "5"),
            *("--resolution", "16x32", "--instances", "2", "-o", str(path)),
        ]
    )
    assert code == 0
    plan = load_plan(path)
    assert plan.scenario.workload.resolution == (16, 32)
    assert plan.scenario.instances == 2
    assert plan.scenario.framework == "tensorrt"
    assert "serves no vision" not in plan.document["answer"]
    assert plan.scenario.objectives.latency_ms == 5
    assert plan.document["choice"]["metrics"]["fps"] > 0
    assert 0 < plan.document["bottlenecks"]["mfu"] < 1
    assert f"input:{plan.choice.batch}x3x32x16" in plan.document["launch"]["command"]
    name = parse_name(plan.document["benchmarks"][0])
    assert isinstance(name, FpsName)


@pytest.mark.parametrize(
    ("chip", "weights", "words"),
    [("t4", "tf32", "computes in fp32"), ("t4", "fp8", "computes in fp16"), ("a100", "tf32", "")],
)
def test_a_missing_rate_is_said(scenario: Scenario, chip: str, weights: str, words: str):
    prepared = prepare(replace(scenario, chip=chip, weights=weights))
    assert words in " ".join(prepared.notes)
    assert bool(prepared.notes) == bool(words)


def test_options_of_the_other_kind_are_said_to_do_nothing(
    scenario: Scenario, capsys: pytest.CaptureFixture[str]
):
    run(["sweep", "--model", scenario.model, "--chip", "t4", "--isl", "384", "--ttft", "9"])
    told = capsys.readouterr().err
    assert "--isl, --ttft: no effect on a vision model" in told
    assert "384x1" not in told
    run(["sweep", "--model", "llama-3.1-8b", "--chip", "h100", "--chips", "1", "--latency", "9"])
    assert "--latency: no effect on a language model" in capsys.readouterr().err


@pytest.mark.parametrize(
    "model", ["resnet-50", "mobilenet-v2", "swin-t", "retinanet", "bert-large"]
)
@pytest.mark.parametrize("chip", ["t4", "l40s", "h100", "mi300x"])
@pytest.mark.parametrize("framework", ["tensorrt", "pytorch", "tensorflow"])
def test_latency_and_memory_never_fall_within_a_plan(model: str, chip: str, framework: str):
    asked = Scenario(model=model, chip=chip, chips=1, framework=framework, max_batch=600)
    prepared = prepare(asked)
    found = sweep(prepared, asked)
    assert found is not None
    table = found.table
    assert np.all(np.diff(table.batch) == 1)
    assert np.all(np.diff(table.metrics["latency_ms"][table.fits]) >= 0)
    assert np.all(np.diff(table.metrics["memory_gib"]) > 0)


def test_little_memory_is_told_in_mebibytes():
    assert [memory_amount(one) for one in (12.34, 3.1, 0.0068, 0.0)] == [
        "12.3 GiB",
        "3.10 GiB",
        "7 MiB",
        "1 MiB",
    ]
