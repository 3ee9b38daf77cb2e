"""The maintainers' refit: what it writes, how it keeps pairs back, and that priors hold."""

from __future__ import annotations

import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework_profiles import load_framework
from tests.accuracy.constants import Constants, kernel_owner
from tests.accuracy.linear import Linear, bounds
from tests.accuracy.measured import FOLDS, folds, load_groups
from tests.accuracy.refit import number
from tests.accuracy.solver import Problem, cost, solve
from tests.accuracy.toml_patch import drop, patch

SHARED = Path(__file__).parents[3] / "shared" / "reference"
OWNS = {("vllm", "hopper"): ["gemm.bf16"]}


def test_a_patch_keeps_comments_and_adds_what_is_missing(tmp_path):
    path = tmp_path / "one.toml"
    path.write_text('# why\nstep_us = 1 \n\n[kernels."a/b"]\ncompute = 0.5\n')
    patch(path, "", {"step_us": "2", "layer_us": "3"})
    patch(path, 'kernels."a/b"', {"memory": "0.7"})
    patch(path, 'kernels."c/d"', {"memory": "0.1"})
    text = path.read_text()
    assert text.startswith("# why\n")
    assert tomllib.loads(text) == {
        "step_us": 2,
        "layer_us": 3,
        "kernels": {"a/b": {"compute": 0.5, "memory": 0.7}, "c/d": {"memory": 0.1}},
    }
    drop(path, ['kernels."a/b"'])
    assert list(tomllib.loads(path.read_text())["kernels"]) == ["c/d"]


@pytest.mark.parametrize(("value", "text"), [(79_512.0, "79500"), (0.12345, "0.123"), (2.0, "2")])
def test_numbers_have_three_digits_and_no_exponent(value: float, text: str):
    assert number(value) == text


def test_constants_at_their_priors_make_the_profiles_of_the_priors():
    constants = Constants(OWNS)
    values = constants.values(constants.prior)
    chip = constants.chip(load_chip("h100_sxm"), values)
    engine = constants.framework(load_framework("vllm"), values)
    table = constants.priors["generations"]["hopper"]["kernels"]["gemm.bf16"]
    assert chip.kernels["gemm.bf16"].compute == pytest.approx(table["compute"])
    assert engine.kernels["hopper/gemm.bf16"].memory == pytest.approx(table["memory"])


def test_a_kernel_that_a_profile_alone_knows_stays_as_it_says():
    constants = Constants(OWNS)
    given = load_framework("sglang")
    engine = constants.framework(given, constants.values(constants.prior))
    name = "ampere/grouped_gemm.mxfp4_weight"
    assert engine.kernels[name] == given.kernels[name]


def test_values_stay_within_their_limits_however_far_a_fit_moves():
    constants = Constants(OWNS)
    for shift in (-9.0, 9.0):
        values = constants.values(constants.prior + shift)
        limits = np.array([constant.limits for constant in constants.list])
        own = constants.base >= 0
        assert np.all(values[~own] >= limits[~own, 0] * (1 - 1e-12))
        assert np.all(values <= limits[:, 1] * (1 + 1e-12))


def test_kernels_belong_to_the_profile_they_are_based_on():
    assert kernel_owner("sglang-interval", "gemm.bf16") == "sglang"
    assert kernel_owner("vllm-early-mxfp8", "gemm.mxfp8") == "vllm-early-mxfp8"
    assert kernel_owner("vllm-early-mxfp8", "gemm.bf16") == "vllm"


def test_a_kernel_without_runs_follows_its_kin():
    """A pull on one kernel's launch floor moves those of its family on its generation by three
    quarters of it, nearly as much on other generations, more those of its format, and no other
    family's."""
    constants = Constants({})
    place = constants.index["generation", "blackwell", "gemm.bf16", "floor_us"]
    curvature, gradient = constants.precision.copy(), np.zeros(len(constants.list))
    curvature[place, place] += 1e9
    gradient[place] = 1e9 * constants.width[place]
    moved = np.linalg.solve(curvature, gradient) / constants.width
    for generation, table, share in (
        ("blackwell", "gemm.bf16", 1.0),
        ("blackwell", "gemm.fp8", 0.75),
        ("hopper", "gemm.bf16", 0.88),
        ("hopper", "gemm.fp8", 0.7),
        ("blackwell", "grouped_gemm.bf16", 0.0),
    ):
        kin = constants.index["generation", generation, table, "floor_us"]
        assert moved[kin] == pytest.approx(share, abs=1e-6)


def test_constants_that_no_run_moves_follow_those_that_one_does():
    """Solving for the moved constants alone gives what solving for all does."""
    constants = Constants({})
    index = constants.index["generation", "blackwell", "gemm.bf16", "floor_us"]
    here, slope, weights = np.array([0.3, -0.1]), np.array([[1.5], [2.0]]), np.ones(2)
    group = SimpleNamespace(weights=weights)
    found = Linear(constants, [group], constants.prior, [here], [([index], slope)]).fit()
    curvature, gradient = constants.precision.copy(), np.zeros(len(constants.list))
    curvature[index, index] += float(slope[:, 0] @ slope[:, 0])
    gradient[index] = float(slope[:, 0] @ here)
    every = constants.prior - np.linalg.solve(curvature, gradient)
    assert found == pytest.approx(np.clip(every, *bounds(constants)), abs=1e-6)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared measurements are not here")
def test_what_is_left_out_does_not_move_the_constants():
    """Whatever the left-out pairs measured, the fit without them is the same."""
    groups = load_groups(SHARED / "measurements.csv", SHARED / "measured_configs")
    few = [group for group in groups if group.system.chip.id == "l40s"]
    constants = Constants({})
    problem = Problem(constants, few)
    start = constants.prior
    residuals = problem.residuals(start)
    slopes = problem.slopes(start, residuals)
    out = {place for place, group in enumerate(few) if group.pair == few[0].pair}
    odd = [r + 5.0 if place in out else r for place, r in enumerate(residuals)]
    plain = Linear(constants, few, start, residuals, slopes)
    other = Linear(constants, few, start, odd, slopes)
    assert other.fit(out) == pytest.approx(plain.fit(out))
    assert not np.allclose(other.fit(), plain.fit(out))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared measurements are not here")
def test_folds_hold_whole_pairs_models_and_months_and_a_fit_lowers_its_cost():
    groups = load_groups(SHARED / "measurements.csv", SHARED / "measured_configs")
    for key in FOLDS.values():
        dealt = folds(groups, 5, key)
        every = [place for places in dealt for place in places]
        assert sorted(every) == [at for at, one in enumerate(groups) if key(one) is not None]
        owners = [{key(groups[place]) for place in places} for places in dealt]
        assert sum(map(len, owners)) == len(set().union(*owners))
    few = [group for group in groups if group.system.chip.id == "l40s"]
    constants = Constants({})
    problem = Problem(constants, few)
    before = cost(problem, constants.prior, problem.residuals(constants.prior))
    after = solve(problem, constants.prior, 2)
    assert cost(problem, after, problem.residuals(after)) < before
