"""What a row's precision words mean for its model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.evidence.measured.precisions import row_precision
from engine.model.matrices import Role
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
