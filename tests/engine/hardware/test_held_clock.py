"""The clock that matrix kernels hold under a power limit."""

from __future__ import annotations

import pytest

from engine.hardware.chip_profiles import load_chip
from engine.hardware.held_clock import held_clock, power_share


def test_half_the_power_per_flop_is_half_the_share():
    h100 = load_chip("h100_sxm")
    assert power_share(h100.watts / 2, h100.peak_flops, "hopper") == pytest.approx(0.5)


def test_more_power_than_needed_does_not_raise_the_clock():
    h100 = load_chip("h100_sxm")
    assert power_share(2 * h100.watts, h100.peak_flops, "hopper") == 1.0


def test_nothing_is_said_where_power_or_generation_is_unknown():
    peak = {"bf16": 1e14}
    assert power_share(0.0, peak, "hopper") == power_share(100.0, peak, "other") == 1.0


def test_a_quarter_of_the_power_costs_more_clock_than_half():
    assert held_clock(0.25) < held_clock(0.5) < held_clock(1.0) == 1.0
