"""Precisions, chips and engines side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.alternatives import (
    alternative,
    engines_on,
    hardware_choices,
    of_precisions,
    precision_choices,
    ranked,
)
from engine.plan.metrics.table import BY_ID
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import Best, Objectives, Scenario
from engine.words.errors import InputError

QWEN = Scenario(
    model="qwen3-32b", chip="l40s", chips=4, objectives=Objectives(ttft_ms=2000, tpot_ms=40)
)


def test_the_checkpoints_own_precision_comes_first_and_none_twice() -> None:
    labels = [label for label, _ in precision_choices(replace(QWEN, weights="int4"))]
    assert labels[0] == "W16A16 own"
    assert sorted(labels[1:]) == ["W16A16 KV8", "W4A16", "W4A8", "W8A8"]


def test_named_precisions_take_the_place_of_the_usual_ones() -> None:
    choices = precision_choices(replace(QWEN, precisions=("w8a8", "kv8", "W8A8KV8")))
    assert [label for label, _ in choices] == ["W16A16 own", "W8A8", "W16A16 KV8", "W8A8 KV8"]


def test_a_precision_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(InputError, match="activation bits 5"):
        precision_choices(replace(QWEN, precisions=("W8A5",)))


def test_an_alternative_is_the_answer_of_its_own_sweep() -> None:
    found = alternative("W8A8", replace(QWEN, weights="fp8", activations="fp8"))
    assert found is not None and found.meets and found.table is not None
    result = sweep(prepare(found.scenario), found.scenario)
    assert result is not None and result.best is not None
    assert found.throughput == result.table.value(result.best, result.table.throughput)


def test_the_best_plan_of_every_precision_of_one_sweep_comes_best_first() -> None:
    scenario = replace(QWEN, precisions=("W8A8", "W4A16"))
    prepared = prepare(scenario)
    result = sweep(prepared, scenario)
    assert result is not None
    found = of_precisions(prepared, scenario, result)
    speeds = [one.throughput for one in found]
    assert sorted(one.label for one in found) == ["W16A16", "W4A16", "W8A8"]
    assert speeds == sorted(speeds, reverse=True)


def test_what_cannot_be_planned_says_so_and_comes_last() -> None:
    wrong = alternative("nowhere", replace(QWEN, chip="no_such_chip"))
    right = alternative("here", QWEN)
    assert wrong is not None and right is not None
    assert [one.label for one in ranked([wrong, right])] == ["here", "nowhere"]
    assert "no_such_chip" in wrong.lost


def test_a_plan_that_misses_comes_after_those_that_meet() -> None:
    tight = alternative("tight", replace(QWEN, objectives=Objectives(tpot_ms=1)))
    right = alternative("right", QWEN)
    assert tight is not None and right is not None and not tight.meets
    assert ranked([tight, right])[0] is right


def test_any_engine_is_every_one_that_runs_on_the_chip() -> None:
    assert {"vllm", "sglang"} <= set(engines_on(QWEN, "mi300x"))
    assert "trtllm" not in engines_on(QWEN, "mi300x")
    assert "generic" not in engines_on(Scenario(model="resnet-50", chip="l4", chips=1), "l4")


def test_chips_and_engines_are_put_side_by_side() -> None:
    choices = hardware_choices(QWEN, ("h200", "b200"), ("vllm", "sglang"))
    assert [label for label, _ in choices] == [
        "h200_sxm vllm",
        "h200_sxm sglang",
        "b200_sxm vllm",
        "b200_sxm sglang",
    ]


def test_where_weights_come_from_is_said() -> None:
    found = {label: alternative(label, one) for label, one in precision_choices(QWEN)}
    stored = {label: one.stored for label, one in found.items() if one is not None}
    assert stored["W16A16 own"] == "the model's own checkpoint"
    assert stored["W4A16"] == "published: Qwen/Qwen3-32B-AWQ"
    assert stored["W4A8"].startswith("no published checkpoint known")
    other = alternative("x", replace(QWEN, model="qwen2-72b", chips=8, weights="int4"))
    assert other is not None and other.stored.startswith("published: Qwen/Qwen2-72B")


def test_an_engine_that_quantises_by_itself_is_named() -> None:
    scenario = replace(QWEN, model="seed-oss-36b", weights="fp8", activations="fp8")
    found = alternative("x", scenario)
    assert found is not None and found.stored == "vLLM quantises the checkpoint as it starts"


def test_the_cheapest_comes_first_where_cost_is_wanted() -> None:
    scenario = replace(QWEN, best=Best.COST, prices="example")
    chips = ("b200_sxm", "a100_sxm_80gb", "l40s")
    made = [alternative(chip, replace(scenario, chip=chip)) for chip in chips]
    found = ranked([one for one in made if one is not None])
    costs = [one.figure(BY_ID["usd_per_million_output"])[0] for one in found]
    assert costs == sorted(costs)
