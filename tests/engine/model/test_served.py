"""What somebody who names a format for a model gets: its usual checkpoint in that format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.model.architecture import Architecture
from engine.model.matrices import Matrix, Role
from engine.model.precision import FORMATS, Precision
from engine.model.quantisation.portions import matrices_by_role
from engine.model.served import served_precision
from engine.words.errors import InputError
from tests.engine import builders


def model_matrices(model: Architecture) -> list[tuple[Matrix, int]]:
    return [one for named in matrices_by_role(model).values() for one in named]


FP8 = Precision(FORMATS["fp8_block"], FORMATS["fp8"], FORMATS["fp8"])


@pytest.mark.parametrize(
    ("model_type", "words", "role", "bits"),
    [
        ("deepseek_v3", "nvfp4", Role.SHARED_EXPERT, 4),
        ("deepseek_v3", "nvfp4", Role.ATTENTION_OUTPUT, 4),
        ("deepseek_v3", "nvfp4", Role.ATTENTION, 16),
        ("kimi_k25", "nvfp4", Role.SHARED_EXPERT, 16),
        ("qwen3_moe", "nvfp4", Role.ATTENTION, 4),
        ("minimax_m3", "mxfp4", Role.SHARED_EXPERT, 4),
        ("minimax_m3", "nvfp4", Role.SHARED_EXPERT, 16),
    ],
)
def test_a_four_bit_checkpoint_quantises_what_its_file_says(model_type, words, role, bits):
    model = replace(builders.mixture(), model_type=model_type)
    assert served_precision(builders.BF16, model, words).weight_format(role).bits == bits


@pytest.mark.parametrize(
    ("model_type", "words", "name", "bits"),
    [
        ("qwen3", "int8", "mlp.down_proj", 16),
        ("qwen3", "int8", "mlp.up_proj", 8),
        ("qwen3_moe", "int8", "mlp.experts.down_proj", 8),
    ],
)
def test_checkpoints_for_ascend_keep_what_their_tool_keeps(model_type, words, name, bits):
    build = builders.mixture if "moe" in model_type else builders.dense
    model = replace(build(), model_type=model_type)
    on_ascend = served_precision(builders.BF16, model, words, generation="ascend")
    (matrix,) = {one for one, _ in model_matrices(model) if one.name == name}
    assert on_ascend.portions([matrix])[0].weights.bits == bits


def test_the_same_words_mean_every_linear_layer_elsewhere() -> None:
    model = replace(builders.dense(), model_type="qwen3")
    found = served_precision(builders.BF16, model, "int8", generation="hopper")
    assert found == served_precision(builders.BF16, builders.dense(), "int8")


def test_experts_of_the_last_layers_may_stay_plain_in_one_size_of_a_family() -> None:
    model = replace(builders.mixture(), model_type="laguna")
    small = served_precision(builders.BF16, model, "nvfp4")
    groups = replace(model.layers[0], count=48)
    large = served_precision(builders.BF16, replace(model, layers=(groups,)), "nvfp4")
    of_all = small.weight_format(Role.ROUTED_EXPERT).bytes_per_element
    of_most = large.weight_format(Role.ROUTED_EXPERT).bytes_per_element
    assert of_most == pytest.approx((40 * of_all + 8 * 2.0) / 48)


def test_nothing_named_changes_nothing() -> None:
    assert served_precision(FP8, builders.mixture()) is FP8


def test_the_checkpoints_own_format_is_the_checkpoint() -> None:
    assert served_precision(FP8, builders.mixture(), "fp8_block") is FP8


def test_experts_and_others_may_be_named_apart() -> None:
    found = served_precision(builders.BF16, builders.mixture(), "mxfp4/fp8_block")
    assert found.weight_format(Role.ROUTED_EXPERT).name == "mxfp4"
    assert found.weight_format(Role.ATTENTION).name == "fp8_block"


@pytest.mark.parametrize(("model_type", "format"), [("deepseek_v3", "fp8_block"), ("llama", "fp8")])
def test_fp8_is_scaled_by_blocks_where_the_makers_checkpoints_are(
    model_type: str, format: str
) -> None:
    model = replace(builders.mixture(), model_type=model_type)
    assert served_precision(builders.BF16, model, "fp8").weights.name == format


def test_activations_and_cache_are_named_by_themselves() -> None:
    found = served_precision(builders.BF16, builders.mixture(), activations="fp8", kv="int8")
    assert (found.weights.name, found.activations.name, found.kv.name) == ("bf16", "fp8", "int8")


def test_a_model_of_one_pass_takes_one_format_everywhere() -> None:
    found = served_precision(builders.BF16, None, "int8")
    assert (found.weights.name, found.overrides) == ("int8", ())


def test_an_unknown_format_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="fp7"):
        served_precision(builders.BF16, builders.mixture(), "fp7")
