"""Whose constants a kernel gets: the framework's, the generation's, with their deviations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.hardware.chip import Deviation, KernelConstants
from engine.hardware.chip_profiles import load_chip
from engine.hardware.kernels import HIGHEST_SHARE, Product, choose_kernel, constants_for, is_product
from engine.model.precision import FORMATS
from engine.work.tokens import take_inventory
from tests.engine import builders

CHIP = builders.chip(compute=0.5, memory=0.5)
ENGINE = builders.framework()


def test_a_chip_deviates_from_its_generation_by_family_or_class():
    by_family = replace(CHIP, deviations={"gemm": Deviation(memory=0.5)})
    assert constants_for("gemm.bf16", by_family, ENGINE).memory == pytest.approx(0.25)
    assert constants_for("grouped_gemm.bf16", by_family, ENGINE).memory == pytest.approx(0.5)
    both = replace(by_family, deviations={**by_family.deviations, "gemm.bf16": Deviation(1.2)})
    found = constants_for("gemm.bf16", both, ENGINE)
    assert (found.compute, found.memory) == pytest.approx((0.6, 0.5))


def test_no_deviation_makes_more_of_a_peak_than_there_is():
    fast = replace(CHIP, deviations={"gemm": Deviation(compute=3.0)})
    assert constants_for("gemm.bf16", fast, ENGINE).compute == HIGHEST_SHARE


def test_an_engine_deviates_on_top_of_its_own_kernels():
    own = KernelConstants(0.4, 0.8, 1e-6)
    engine = builders.framework(
        kernels={"toy/gemm.bf16": own}, deviations={"gemm": Deviation(memory=0.5, item_share=0.1)}
    )
    found = constants_for("gemm.bf16", CHIP, engine)
    assert (found.compute, found.memory, found.item_share) == pytest.approx((0.4, 0.4, 0.1))


@pytest.mark.parametrize(("query_heads", "reads"), [(8, 1.0), (6, 1.0 + 2 * 0.5)])
def test_keys_are_read_again_where_their_query_heads_are_no_power_of_two(query_heads, reads):
    engine = builders.framework(key_rereads=0.5)
    model = builders.dense(heads=query_heads, kv_heads=2)
    inventory = take_inventory(model, builders.BF16, CHIP, engine)
    assert inventory.mixings[0].cache_reads == pytest.approx(reads)


@pytest.mark.parametrize(
    ("chip", "kernel"),
    [
        ("b200_sxm", ("mxfp4", "fp8")),
        ("mi355x", ("mxfp4", "fp8")),
        ("h100_sxm", ("mxfp4_weight", "bf16")),
        ("mi300x", ("mxfp4_weight", "bf16")),
    ],
)
def test_mxfp4_weights_meet_fp8_activations_where_the_chip_multiplies_both(chip, kernel):
    found = choose_kernel(FORMATS["mxfp4"], FORMATS["bf16"], load_chip(chip))
    assert (found.dtype, found.compute) == kernel


def test_mxfp4_weights_are_widened_to_16_bits_where_a_chip_lacks_fp4_whatever_was_asked():
    found = choose_kernel(FORMATS["mxfp4"], FORMATS["fp8"], load_chip("h200_sxm"))
    assert (found.dtype, found.compute, found.activation_bytes) == ("mxfp4_weight", "bf16", 2.0)
    assert "no FP4 rate" in found.fallback
    assert choose_kernel(FORMATS["mxfp4"], FORMATS["mxfp4"], load_chip("h200_sxm")) == found
    native = choose_kernel(FORMATS["mxfp4"], FORMATS["fp8"], load_chip("b200_sxm"))
    assert (native.dtype, native.compute) == ("fp8", "fp8")


@pytest.mark.parametrize("chip", ["a100_sxm_80gb", "rtx_3090", "ascend_910b3"])
def test_fp8_is_widened_where_a_chip_multiplies_integers_only(chip: str):
    """As Marlin's kernels do on Ampere: a float of eight bits is no integer."""
    found = choose_kernel(FORMATS["fp8"], FORMATS["fp8"], load_chip(chip))
    assert (found.dtype, found.compute, found.activation_bytes) == ("int8_weight", "bf16", 2.0)
    assert "no FP8 rate" in found.fallback


def test_integers_are_multiplied_in_the_8_bit_rate_that_a_chip_has():
    found = choose_kernel(FORMATS["int8"], FORMATS["int8"], load_chip("rtx_3090"))
    assert (found.dtype, found.compute, found.activation_bytes) == ("int8", "int8", 1.0)


def test_four_bit_weights_become_eight_where_activations_are():
    """In the only 8-bit rate that an NPU has."""
    found = choose_kernel(FORMATS["int4"], FORMATS["int8"], load_chip("ascend_910c_die"))
    assert (found.dtype, found.compute, found.activation_bytes) == ("int8", "int8", 1.0)
    assert not found.fallback


def test_other_four_bit_weights_are_widened_everywhere():
    found = choose_kernel(FORMATS["int4"], FORMATS["bf16"], load_chip("b200_sxm"))
    assert (found.dtype, found.compute) == ("int4", "bf16")


def test_mxfp4_weights_have_constants_of_their_own_before_those_of_int4():
    table = builders.kernels()
    kernels = {f"grouped_gemm.{name}": table["grouped_gemm.bf16"] for name in ("int4", "bf16")}
    mine = replace(table["grouped_gemm.bf16"], memory=0.4)
    chip = replace(CHIP, kernels={**kernels, "grouped_gemm.mxfp4": mine})
    assert constants_for("grouped_gemm.mxfp4_weight", chip, ENGINE).memory == 0.4


@pytest.mark.parametrize(
    ("kernel", "multiplies"),
    [
        *((product.of("fp8"), True) for product in Product),
        ("decode_attention.bf16", False),
        ("elementwise.bf16", False),
    ],
)
def test_products_are_the_classes_that_multiply_by_weights(kernel: str, multiplies: bool):
    assert is_product(kernel) is multiplies
