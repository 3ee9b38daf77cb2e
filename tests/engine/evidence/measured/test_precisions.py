"""What a row's precision words mean for its model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.evidence.measured.precisions import row_precision
from engine.model.architecture import Role
from engine.model.precision import FORMATS, Precision
from tests.engine import builders

FP8 = Precision(FORMATS["fp8_block"], FORMATS["fp8"], FORMATS["bf16"])
FP4_EXPERTS = replace(FP8, overrides=((Role.ROUTED_EXPERT, FORMATS["mxfp4"]),))


@pytest.mark.parametrize(
    ("words", "stored", "experts"),
    [
        ("fp8", FP4_EXPERTS, "mxfp4"),
        ("fp8", FP8, "fp8"),
        ("fp8", None, "fp8"),
        ("bf16", FP4_EXPERTS, "bf16"),
        ("fp4 experts + fp8 (native mixed checkpoint)", None, "mxfp4"),
    ],
)
def test_fp8_of_a_checkpoint_with_four_bit_experts_means_all_but_those(words, stored, experts):
    found = row_precision(words, "", "", builders.mixture(), stored=stored)
    assert found.weight_format(Role.ROUTED_EXPERT).name == experts
    assert found.weight_format(Role.ATTENTION).bits == (16 if words == "bf16" else 8)


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
    assert row_precision(words, "", "", model).weight_format(role).bits == bits
