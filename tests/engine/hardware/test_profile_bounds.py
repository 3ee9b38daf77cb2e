"""Users' profiles: physical bounds, names that are names, a base of their own."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.hardware.chip_profiles import load_chip
from engine.hardware.constants import declared_fields
from engine.hardware.framework import CONSTANTS, PARTS
from engine.hardware.framework_profiles import load_framework
from engine.hardware.parts.forward import ForwardRuntime
from engine.plan.prepared import prepare
from engine.plan.sweep import sweep
from engine.scenario import Scenario
from engine.words.errors import InputError
from profiles import ROOT

CHIP = tomllib.loads((ROOT / "chips/h100_sxm.toml").read_text())


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for kind in ("chips/generations", "frameworks"):
        (tmp_path / "rooftop" / kind).mkdir(parents=True)
    return tmp_path / "rooftop"


def write(path: Path, values: dict[str, Any]) -> None:
    path.write_text(tomli_w.dumps(values))


def chip(own: Path, **changed: Any) -> Path:
    path = own / "chips" / "mine.toml"
    write(path, {**CHIP, "id": "mine", "aliases": [], **changed})
    return path


def framework(own: Path, **changed: Any) -> None:
    write(own / "frameworks" / "own.toml", {"id": "own", "base": "vllm", **changed})


# --- bounds ----------------------------------------------------------------------------------

TINY, HUGE = 5e-324, 1.7e308
KERNEL = {"compute": 0.5, "memory": 0.5, "floor_us": 3.0}
LINES = {"alpha_us": 5.0, "link_share": 0.5}


@pytest.mark.parametrize("value", [TINY, 1e-300, HUGE, math.inf, math.nan, -1.0])
@pytest.mark.parametrize(
    ("key", "made"),
    [
        ("bandwidth_gbs", lambda value: {"bandwidth_gbs": value}),
        ("peak_tflops.bf16", lambda value: {"peak_tflops": {"bf16": value}}),
        (
            "scale_up.bandwidth_gbs",
            lambda value: {"scale_up": {**CHIP["scale_up"], "bandwidth_gbs": value}},
        ),
        (
            "scale_out.bandwidth_gbs",
            lambda value: {"scale_out": {**CHIP["scale_out"], "bandwidth_gbs": value}},
        ),
        (
            "scale_out.achieved",
            lambda value: {"scale_out": {**CHIP["scale_out"], "achieved": value}},
        ),
        ("watts", lambda value: {"watts": value}),
        (
            "kernels.gemm.bf16",
            lambda value: {"kernels": {"gemm.bf16": {**KERNEL, "compute": value}}},
        ),
        ("deviations.gemm", lambda value: {"deviations": {"gemm": {"memory": value}}}),
        ("all_reduce.8", lambda value: {"all_reduce": {"8": {**LINES, "link_share": value}}}),
    ],
)
def test_figures_that_no_chip_has_are_refused_by_key(own, key: str, made, value: float):
    chip(own, **made(value))
    with pytest.raises(InputError, match=f"mine.toml: {key}"):
        load_chip("mine")


NUMBERS = {
    declared.key: (declared, annotation)
    for part in (*PARTS.values(), ForwardRuntime)
    for one, declared in declared_fields(part)
    if (annotation := get_type_hints(part)[one.name]) in (int, float, Mapping[str, float])
}


@pytest.mark.parametrize("key", sorted(NUMBERS))
def test_every_number_of_an_engine_has_bounds_on_both_sides(key: str):
    declared, _ = NUMBERS[key]
    assert math.isfinite(declared.least) and math.isfinite(declared.most)


CORNERS = {
    key: pair for key, pair in NUMBERS.items() if key in CONSTANTS and pair[1] in (int, float)
}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_profile_within_bounds_makes_a_figure_that_is_no_number(own, data):
    """Corners of everything at once: what meets has finite figures, all of them."""
    pick = data.draw
    framework(
        own,
        **{
            key: kind(pick(st.sampled_from([declared.least, declared.most]), label=key))
            for key, (declared, kind) in CORNERS.items()
        },
    )
    chip(
        own,
        bandwidth_gbs=pick(st.sampled_from([1e-3, 1e8])),
        peak_tflops={"bf16": pick(st.sampled_from([1e-3, 1e8]))},
        watts=pick(st.sampled_from([0.0, 0.1, 1e6])),
        kernels={"gemm.bf16": {**KERNEL, "order": pick(st.sampled_from([1.0, 64.0]))}},
    )
    scenario = Scenario(model="llama-3.1-8b", chip="mine", chips=2, framework="own", max_batch=3)
    table = sweep(prepare(scenario), scenario)
    assert table is not None
    found = table.table
    for column in found.metrics.values():
        assert all(math.isfinite(one) for one in column[found.meets])


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../h100_sxm", "..", "a/b", "x" * 5000, "", "hopper\n", "~/x"])
def test_a_generation_is_a_name_and_no_path(own, name: str):
    chip(own, generation=name)
    with pytest.raises(InputError, match=r"mine\.toml: generation: found"):
        load_chip("mine")


@pytest.mark.parametrize("name", ["../vllm", "nosuch", 5, "", "own", "/etc/passwd"])
def test_a_base_is_the_name_of_a_bundled_profile(own, name: object):
    framework(own, base=name)
    with pytest.raises(InputError, match=r"own\.toml: base: found .*expected the id of a bundled"):
        load_framework("own")


@pytest.mark.parametrize("count", ["1_0", "٨", "8.0", "-8", "0", " 8"])
def test_counts_of_ranks_are_written_in_plain_digits(own, count: str):
    chip(own, all_reduce={count: LINES})
    with pytest.raises(InputError, match=r"mine\.toml: all_reduce"):
        load_chip("mine")


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2026"])
def test_the_newest_build_is_a_day(own, day: str):
    framework(own, newest_build=day)
    with pytest.raises(InputError, match=r"newest_build.*expected a day as 2026-07-20"):
        load_framework("own")


def test_a_name_in_capitals_says_what_is_wrong_with_it(own):
    write(own / "chips" / "Mine.toml", {**CHIP, "id": "mine", "aliases": []})
    with pytest.raises(InputError, match=r"Mine\.toml: id: found 'mine', expected the file's name"):
        load_chip("mine")


# --- bases and generations of one's own ------------------------------------------------------


def test_what_a_base_does_not_leave_out_is_its_own(own):
    framework(own, step_us=500.0)
    mine, theirs = load_framework("own"), load_framework("vllm")
    assert mine.costs.step_seconds == pytest.approx(500e-6)
    assert (mine.scheduler, mine.kernels.keys()) == (theirs.scheduler, theirs.kernels.keys())
    assert (mine.id, mine.origin) == ("own", str(own / "frameworks" / "own.toml"))


def test_a_base_of_a_former_build_is_no_former_build(own):
    framework(own, base="vllm-0.6")
    assert load_framework("own").costs == load_framework("vllm-0.6").costs


def test_a_wrong_key_beside_a_base_is_named(own):
    framework(own, nosuch=1)
    with pytest.raises(InputError, match=r"own\.toml: nosuch: no such key"):
        load_framework("own")


def test_a_chip_may_be_of_a_generation_of_ones_own(own):
    write(
        own / "chips/generations/next.toml",
        {"id": "next", "base": "hopper", "kernels": {"gemm.bf16": KERNEL}},
    )
    chip(own, generation="next")
    mine, theirs = load_chip("mine"), load_chip("h100_sxm")
    assert mine.kernels["gemm.bf16"].compute == 0.5
    assert mine.kernels["gemm.fp8"] == theirs.kernels["gemm.fp8"]
    assert (mine.generation, mine.cache) == ("next", theirs.cache)


def test_a_generation_that_is_edited_is_read_again(own):
    path = own / "chips/generations/next.toml"
    values = {"id": "next", "base": "hopper", "kernels": {"gemm.bf16": KERNEL}}
    write(path, values)
    chip(own, generation="next")
    load_chip("mine")
    write(path, {**values, "kernels": {"gemm.bf16": {**KERNEL, "compute": 0.25}}})
    assert load_chip("mine").kernels["gemm.bf16"].compute == 0.25


def test_bundled_chips_keep_the_generation_that_they_were_validated_with(own):
    write(
        own / "chips/generations/hopper.toml",
        {"id": "hopper", "base": "hopper", "kernels": {"gemm.bf16": KERNEL}},
    )
    assert load_chip("h100_sxm").kernels["gemm.bf16"].compute != 0.5


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"id": "next"}, "kernels: missing"),
        ({"id": "other", "base": "hopper"}, "id: found 'other', expected the file's name"),
        ({"id": "next", "base": "hopper", "kernels": {"gemm.bf16": {}}}, "gemm.bf16.compute"),
        ({"id": "next", "base": "nosuch"}, "base: found 'nosuch'"),
        (
            {"id": "next", "kernels": {"x.y": KERNEL}, "all_reduce": {}, "all_to_all": {}},
            "expected constants of gemm.bf16",
        ),
    ],
)
def test_a_generation_that_lacks_something_is_refused_by_key(own, values, words: str):
    write(own / "chips/generations/next.toml", values)
    chip(own, generation="next")
    with pytest.raises(InputError, match=rf"next\.toml: .*{words}"):
        load_chip("mine")
