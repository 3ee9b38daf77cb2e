"""What somebody who names a format for a model gets: its usual checkpoint in that format."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.model.architecture import Role
from engine.model.precision import FORMATS, Precision
from engine.model.served import served_precision
from engine.words.errors import InputError
from tests.engine import builders

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
