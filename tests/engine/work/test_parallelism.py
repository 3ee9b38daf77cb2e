"""Which layouts are legal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.prepared import prepare
from engine.scenario import LayoutLimits, Scenario
from engine.words.errors import InputError
from engine.work.expert_slots import Placing
from engine.work.layout import Layout
from engine.work.parallelism import legal_layouts
from engine.work.shards import Part, Shards
from tests.engine import builders

FREE = LayoutLimits()
PLACING, SHARDS = Placing(), Shards()


def names(architecture, chips: int, limits: LayoutLimits = FREE, node: int = 8) -> set[str]:
    return {
        layout.name for layout in legal_layouts(architecture, chips, node, limits, PLACING, SHARDS)
    }


def test_dense_models_use_tensor_pipeline_and_replicas():
    assert names(builders.dense(), 4) == {
        "TP1 ×4",
        "TP2 ×2",
        "TP4",
        "TP1 PP2 ×2",
        "TP2 PP2",
    }


def test_tensor_parallelism_stays_in_the_node():
    assert "TP8" not in names(builders.dense(), 8, node=4)


def test_a_wider_degree_can_be_asked_for():
    assert "TP8" in names(builders.dense(), 8, LayoutLimits(tensor=(8,)), node=4)


def test_heads_must_divide():
    model = builders.dense(heads=8)
    assert all(
        8 % layout.tensor == 0 for layout in legal_layouts(model, 16, 16, FREE, PLACING, SHARDS)
    )


def test_mixtures_place_experts_and_copy_attention():
    found = names(builders.mixture(), 4)
    assert {"TP4", "TP4 EP4", "TP2 EP4 DP2", "TP1 EP4 DP4"} <= found


def test_experts_must_not_be_fewer_than_ranks():
    with pytest.raises(InputError, match="found 6 expert slots"):
        legal_layouts(builders.mixture(experts=6), 8, 8, LayoutLimits(expert=(8,)), PLACING, SHARDS)


def test_any_number_of_ranks_that_somebody_asks_for_holds_the_experts():
    model = builders.mixture(experts=8)
    assert "TP1 EP6 DP6" in names(model, 6, LayoutLimits(expert=(6,)))
    assert "TP1 EP6 DP6" not in names(model, 6)


def test_every_layout_fits_in_the_chips():
    for layout in legal_layouts(builders.mixture(), 12, 8, FREE, PLACING, SHARDS):
        assert layout.chips <= 12


def test_no_chips_is_an_error():
    with pytest.raises(InputError, match="expected at least 1"):
        legal_layouts(builders.dense(), 0, 8, FREE, PLACING, SHARDS)


def test_name_leaves_degrees_of_one_out():
    assert Layout(8, 2, 16, 2, 3).name == "TP8 PP2 EP16 DP2 ×3"


BLOCKS = Shards(experts=(Part("an expert's width", 512, 128, "fp8_block"),))


def test_experts_are_split_into_whole_blocks():
    found = legal_layouts(builders.mixture(), 8, 8, FREE, PLACING, BLOCKS)
    # 512 columns leave four ranks one block each, eight none.
    assert {one.expert_tensor for one in found} == {1, 2, 4}


def test_a_refusal_names_the_rule_and_the_number():
    with pytest.raises(InputError, match=r"found 64 of 512 .*multiple of 128 .fp8_block"):
        legal_layouts(builders.mixture(), 8, 8, LayoutLimits((8,), (), (1,)), PLACING, BLOCKS)


def test_dense_matrices_are_split_into_whole_blocks():
    shards = Shards(dense=(Part("mlp.down_proj", 384, 128, "fp8_block"),))
    found = legal_layouts(builders.dense(), 4, 8, FREE, PLACING, shards)
    assert {one.tensor for one in found} == {1}


@pytest.mark.parametrize(
    ("model", "chip", "chips", "engine", "offered", "refused"),
    [
        # 2,880 / 8 = 360: padded, and measured.
        ("gpt-oss-120b", "h100_sxm", 8, "vllm", "TP8", ""),
        # Its compressors' states have one head, which every rank holds; measured.
        ("deepseek-v4-pro", "b200_sxm", 8, "vllm", "TP8", ""),
        # 512 / 8 = 64 of the shared expert: both engines say so.
        ("qwen3.6-35b-a3b", "h100_sxm", 8, "vllm", "TP4 EP4 ×2", "TP8 EP8"),
        # 1,536 / 8 = 192: its own page asks for TP4, or for TP8 with expert parallelism.
        ("minimax-m2.5", "h200_sxm", 8, "vllm", "TP8 EP8", "TP8"),
    ],
)
def test_layouts_are_those_that_engines_start(model, chip, chips, engine, offered, refused):
    scenario = Scenario(model=model, chip=chip, chips=chips, framework=engine, weights="fp8")
    if not refused:
        scenario = replace(scenario, weights="")
    found = {one.name for one in prepare(scenario).arrangements}
    assert offered in found and refused not in found
