"""A benchmark name is a scenario: model, lengths, precision, a static batch, and that one batch."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from engine.model.model_profiles import model_names
from engine.plan.answer import answer
from engine.plan.kinds import benchmark_names
from engine.plan.names.named_scenario import named_scenario
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.plan.why.explain import explain
from engine.scenario import Lengths, Mode, Objectives, Scenario
from engine.words.errors import InputError

TPS = "TPS001-Llama2-70B-S4K-01-W4A16-B16"
FTL = "FTL001-Llama2-70B-S4K-W4A16-B1"
FPS = "FPS001-Resnet50-V2-R224x224-W8A8-B4"
BASE = Scenario(chip="h100_sxm", chips=8, objectives=Objectives())


def swept(scenario: Scenario):
    prepared = prepare(scenario)
    found = sweep(prepared, scenario)
    assert found is not None
    return prepared, found


def test_a_tps_name_sets_what_it_says():
    made = named_scenario(TPS, BASE)
    work = made.workload
    assert (made.model, made.weights, made.activations) == ("llama-2-70b", "int4", "bf16")
    assert (work.input_tokens, work.output_tokens, work.mode) == (4096, 1, Mode.STATIC)
    assert (made.fixed_batch, work.lengths) == (16, Lengths.CHOSEN)


def test_a_name_leaves_hardware_and_chosen_limits_alone():
    base = replace(BASE, objectives=Objectives(ttft_ms=500))
    made = named_scenario(TPS, base)
    assert (made.chip, made.chips, made.objectives) == ("h100_sxm", 8, base.objectives)


def test_limits_that_nobody_chose_do_not_judge_a_name():
    assert named_scenario(TPS, Scenario()).objectives == Objectives()


def test_an_ftl_name_asks_for_the_first_token():
    made = named_scenario(FTL, BASE)
    assert (made.workload.input_tokens, made.workload.output_tokens) == (4096, 1)
    assert made.fixed_batch == 1


def test_resnet50_v2_is_the_architecture_of_that_version():
    made = named_scenario(FPS, replace(BASE, chip="l4"))
    prepared, found = swept(made)
    assert prepared.forward_model.version == "V2"
    assert found.best is not None
    assert found.table.batch[found.best] == 4
    assert (made.weights, made.activations) == ("int8", "int8")


@pytest.mark.parametrize("model", ["Llama2", "Llama-2", "llama_2", "LLAMA-2"])
def test_a_model_is_found_however_it_is_spelt(model: str):
    assert named_scenario(f"TPS001-{model}-70B-S4K-01-W4A16-B16", BASE).model == "llama-2-70b"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("TPS001-DeepSeek-V3-37B-S4K-01K-W8A8-B98", "DeepSeek-V3-671B"),
        ("TPS001-Foo-7B-S4K-01K-W8A8-B98", "no model is called Foo-7B"),
        ("FPS001-Resnet50-V9-R224x224-W8A8-B4", "Resnet50-V1.5"),
        ("TPS001-Resnet50-V2-S4K-01K-W8A8-B98", "no model is called"),
    ],
)
def test_a_model_that_is_not_known_is_refused_with_the_nearest(name: str, hint: str):
    with pytest.raises(InputError, match=hint):
        named_scenario(name, BASE)


@pytest.mark.parametrize("model", model_names())
def test_the_written_name_of_every_profile_reads_back(model: str):
    scenario = Scenario(model=model, chips=64, objectives=Objectives())
    prepared = prepare(scenario)
    for name in benchmark_names(prepared, scenario, prepared.precisions[0], 4):
        assert named_scenario(name, Scenario()).model == model


def test_a_model_at_hand_goes_by_its_own_name():
    scenario = replace(BASE, model="tests/data/tiny_llama.json")
    prepared = prepare(scenario)
    name = benchmark_names(prepared, scenario, prepared.precisions[0], 4)[0]
    assert named_scenario(name, scenario).model == scenario.model


def test_eight_bits_of_the_checkpoint_are_its_own():
    made = named_scenario("TPS001-DeepSeek-V3-671B-S4K-01K-W8A8-B98", BASE)
    assert (made.weights, made.activations) == ("", "")


def test_eight_bits_are_integers_where_a_chip_multiplies_no_others():
    made = named_scenario("TPS001-Llama2-70B-S4K-01K-W8A8-B8", replace(BASE, chip="a100_sxm_80gb"))
    assert (made.weights, made.activations) == ("int8", "int8")


def test_the_only_batch_that_is_tried_is_the_named_one():
    _, found = swept(named_scenario(TPS, BASE))
    assert set(found.table.batch) == {16}
    assert found.best is not None


def test_written_names_have_the_document_s_spelling_and_the_number():
    made = named_scenario(TPS.replace("TPS001", "TPS007"), BASE)
    prepared = prepare(made)
    assert benchmark_names(prepared, made, prepared.precisions[0], 16)[0] == TPS.replace(
        "1", "7", 1
    )


class TestOneToken:
    def test_it_has_no_time_per_token(self):
        _, found = swept(named_scenario(TPS, BASE))
        for metric in ("tpot_ms", "tps_per_user", "decode_tps"):
            assert all(math.isnan(one) for one in found.table.metrics[metric])

    def test_it_is_not_judged_by_tpot(self):
        tight = replace(BASE, objectives=Objectives(tpot_ms=0.001))
        prepared, found = swept(named_scenario(TPS, tight))
        assert found.best is not None
        assert "TPOT" not in answer(prepared, named_scenario(TPS, tight), found)

    def test_the_answer_counts_prompt_tokens(self):
        made = named_scenario(TPS, BASE)
        prepared, found = swept(made)
        assert "prompt tok/s/chip at TTFT" in answer(prepared, made, found)
        row = found.best
        assert row is not None
        table = found.table
        ttft = table.value(row, "ttft_ms") / 1e3
        replicas = table.arrangement(row).replicas
        assert table.value(row, "prompt_tps_per_chip") == pytest.approx(
            16 * 4096 * replicas / ttft / 8
        )

    def test_the_explanation_is_of_the_prefill_alone(self):
        made = named_scenario(TPS, replace(BASE, objectives=Objectives(tpot_ms=50)))
        prepared, found = swept(made)
        assert found.best is not None
        table, row = found.table, found.best
        told = explain(prepared, made, table.arrangement(row), table.precision(row), 16)
        assert set(told.parts) == {"ttft_ms"}
        assert {one.phase for one in told.passes} == {"prefill"}
        assert "tpot" not in told.largest_batch


def test_a_version_without_its_part_is_any_of_it():
    found = named_scenario("FPS001-Resnet50-V1-R224x224-W8A8-B4", Scenario(chip="l4", chips=1))
    assert found.model == "resnet-50"
