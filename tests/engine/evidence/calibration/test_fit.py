"""Calibration finds constants back that made the runs, and says when it cannot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from engine.evidence.calibration.applied import calibrated_framework
from engine.evidence.calibration.constants import Constant, site_constants
from engine.evidence.calibration.expected import expected
from engine.evidence.calibration.fit import Fitted, _Problem, calibrate
from engine.evidence.calibration.predicted import predicted_seconds as _predicted
from engine.evidence.calibration.profile import write_profile
from engine.evidence.calibration.rows import csv_runs
from engine.evidence.calibration.run import Run
from engine.hardware.chip import LinkDeviation
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import PARTS, Framework
from engine.hardware.framework_profiles import framework_ids, load_framework
from engine.model.config import load_architecture
from engine.model.precision import FORMATS, parse_precision
from engine.serve.system import System
from engine.words.errors import InputError
from engine.work.layout import Layout
from tests.engine.evidence.measured.rows import write_rows

LAYOUT = Layout(tensor=4)


@pytest.fixture(scope="module")
def site() -> System:
    return System(
        load_architecture("llama-3.1-8b").architecture,
        parse_precision("W16A16"),
        load_chip("h100_sxm"),
        load_framework("vllm"),
    )


def made_runs(
    site: System,
    factors: dict[str, float],
    batches: Sequence[int] = (1, 4, 16, 64, 128),
    layout: Layout = LAYOUT,
    prompt: int = 500,
) -> list[Run]:
    """Runs as an engine whose constants are ``factors`` times the published ones makes them."""
    probe = [Run(f"run {batch}", layout, batch, prompt, 500, 1, True, 1) for batch in batches]
    constants = site_constants(site, probe)
    logs = np.array([np.log(factors.get(constant.key, 1.0)) for constant in constants])
    ttft, tpot = 1e3 * _predicted(site, probe, calibrated_framework(site, constants, logs))
    return [
        replace(run, ttft_ms=float(first), tpot_ms=float(each))
        for run, first, each in zip(probe, ttft, tpot, strict=True)
    ]


def found(site: System, runs: Sequence[Run]) -> dict[str, Fitted]:
    """The fitted constants by what they are of."""
    return {fitted.constant.key: fitted for fitted in calibrate(site, runs).constants}


def noisy(runs: list[Run], generator: np.random.Generator) -> list[Run]:
    """The same with the scatter of repeated runs."""
    return [
        replace(
            run,
            ttft_ms=run.ttft_ms * float(np.exp(expected().noise[0] * generator.normal())),
            tpot_ms=run.tpot_ms * float(np.exp(expected().noise[1] * generator.normal())),
        )
        for run in runs
    ]


@pytest.mark.parametrize(
    ("key", "direction", "layout", "prompt"),
    [
        ("memory.products", -1, Layout(), 500),
        ("compute.products", -1, Layout(), 4000),
        ("request", 1, Layout(), 500),
        ("start.8", 1, Layout(tensor=8), 500),
    ],
)
def test_a_changed_constant_comes_back(
    site: System, key: str, direction: int, layout: Layout, prompt: int
) -> None:
    """As far away as constants of sites usually are."""
    move = direction * expected().widths[key.removesuffix(".8")]
    runs = made_runs(site, {key: float(np.exp(move))}, layout=layout, prompt=prompt)
    fitted = found(site, runs)[key]
    assert fitted.identified
    assert abs(np.log(fitted.factor) - move) < fitted.spread
    assert np.log(fitted.factor) / move > 0.25


def test_three_runs_help(site: System) -> None:
    runs = made_runs(site, {"memory.products": 0.75, "request": 2.0}, (1, 16, 64))
    outcome = calibrate(site, runs)
    assert outcome.after[1] < 0.4 * outcome.before[1]


def test_two_runs_are_too_few(site: System) -> None:
    with pytest.raises(InputError, match="found 2 runs, expected at least 3"):
        calibrate(site, made_runs(site, {}, (1, 16)))


def test_contradicting_runs_are_named(site: System) -> None:
    runs = made_runs(site, {}, (1, 16, 64))
    runs.append(replace(runs[1], name="again", tpot_ms=runs[1].tpot_ms * 2))
    with pytest.raises(InputError, match="again contradicts run 16"):
        calibrate(site, runs)


def test_runs_that_no_constants_explain_are_refused(site: System) -> None:
    runs = made_runs(site, {}, (1, 16, 64))
    scrambled = [
        replace(run, tpot_ms=run.tpot_ms * factor)
        for run, factor in zip(runs, (20.0, 1.0, 0.05), strict=True)
    ]
    with pytest.raises(InputError, match="contradict"):
        calibrate(site, scrambled)


def test_constants_come_back_within_their_stated_uncertainty(site: System) -> None:
    """Of eight fits to noisy runs of known constants, about two of three constants lie within
    one standard deviation and nearly all within two."""
    generator = np.random.default_rng(7)
    constants = site_constants(site, made_runs(site, {}))
    distances = []
    for _ in range(8):
        logs = {
            constant.key: constant.prior * float(np.clip(generator.normal(), -1.5, 1.5))
            for constant in constants
        }
        runs = noisy(
            made_runs(site, {name: float(np.exp(log)) for name, log in logs.items()}), generator
        )
        for fitted in calibrate(site, runs).constants:
            distances.append((np.log(fitted.factor) - logs[fitted.constant.key]) / fitted.spread)
    within = np.abs(np.array(distances))
    assert np.mean(within < 1.0) > 0.55
    assert np.mean(within < 2.0) > 0.9


def test_what_runs_do_not_touch_is_not_identified(site: System) -> None:
    """Batch 1 with short prompts reads weights; it says nothing of the compute rate."""
    runs = [replace(run, input_tokens=32) for run in made_runs(site, {}, (1, 1, 1))]
    compute = found(site, runs)["compute.products"]
    assert not compute.identified
    assert compute.factor == pytest.approx(1.0, abs=0.1)


def test_one_chip_has_no_link(site: System) -> None:
    keys = found(site, made_runs(site, {}, (1, 16, 64), Layout()))
    assert not any(key.startswith(("start", "bandwidth")) for key in keys)


def test_a_slower_link_is_that_of_its_rank_count(site: System) -> None:
    outcome = calibrate(site, made_runs(site, {"start.8": 3.0}, layout=Layout(tensor=8)))
    links = outcome.framework.links_on(site.chip.id)
    assert links[8].start > 1.1
    assert links.keys() == {8}


def test_links_of_each_rank_count_are_told_apart(site: System) -> None:
    """Two chips as published, eight slower to start."""
    slow = {"start.8": float(np.exp(2 * expected().widths["start"]))}
    runs = [*made_runs(site, slow, layout=Layout(2)), *made_runs(site, slow, layout=Layout(8))]
    outcome = found(site, runs)
    two, eight = (np.log(outcome[f"start.{ranks}"].factor) for ranks in (2, 8))
    assert eight > 0.5 * expected().widths["start"]
    assert abs(two) < 0.3 * eight


@pytest.mark.parametrize("lengths", [(128, 128), (512, 512), (1024, 256)])
@pytest.mark.parametrize("pick", [(0, 1, 2), (0, 4, 7)], ids=["small", "spread"])
def test_three_measured_runs_improve_the_prediction_of_others(lengths, pick) -> None:
    """TensorRT-LLM on H100 as a cluster that nobody has described: three runs of one pair of
    lengths must bring those of other lengths and layouts nearer, unless TPOT is near already."""
    qwen = System(
        load_architecture("qwen3-235b-a22b").architecture,
        parse_precision("fp8_block"),
        load_chip("h100_sxm"),
        load_framework("generic"),
    )
    measured = csv_runs(Path(__file__).parents[3] / "data" / "site_runs.csv", qwen)
    alike = [run for run in measured if (run.input_tokens, run.output_tokens) == lengths]
    alike.sort(key=lambda run: (run.layout.ranks, run.concurrency))
    others = [run for run in measured if run not in alike]
    outcome = calibrate(qwen, [alike[place] for place in pick])
    rest = _Problem.of(qwen, others, expected().noise)
    before, after = (rest.errors(engine) for engine in (qwen.engine, outcome.framework))
    assert len(others) >= 20
    assert after[0] < 0.8 * before[0]
    assert after[1] < max(0.8 * before[1], 0.09)


def test_prompts_that_a_client_sends_again_are_not_prefilled(tmp_path: Path, site: System) -> None:
    cells = {"citation": "aiconfigurator", "concurrency_or_batch": "40", "load": "closed-loop"}
    (run,) = csv_runs(write_rows(tmp_path / "runs.csv", cells), site)
    assert run.cached == pytest.approx(1 - 100 / 400)


def test_a_checkpoint_in_fp16_is_that_of_rows_called_bf16(tmp_path: Path, site: System) -> None:
    stored = replace(site.precision, weights=FORMATS["fp16"])
    assert csv_runs(write_rows(tmp_path / "runs.csv", {}), replace(site, precision=stored))


def constants_of(framework: Framework) -> dict[str, object]:
    """All that a framework says, those of its parts one by one."""
    found = {one.name: getattr(framework, one.name) for one in fields(Framework)}
    for name in PARTS:
        part = found.pop(name)
        found |= {one.name: getattr(part, one.name) for one in fields(part)}
    return found


@pytest.mark.parametrize("name", framework_ids())
def test_a_profile_without_changes_is_the_framework_it_came_from(
    name: str, tmp_path: Path, monkeypatch, site: System
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    there = replace(site, engine=load_framework(name))
    constants = site_constants(there, [Run("", LAYOUT, 1, 1, 1, 1, True, 1)])
    framework = calibrated_framework(there, constants, np.zeros(len(constants)))
    write_profile(framework, "mine", "h100_sxm", 3)
    runs = [Run("", LAYOUT, batch, 500, 500, 1, True, 1) for batch in (1, 64, 512)]
    kept = {"id", "name", "origin", "sources", "provenance", "kernels"}
    loaded = load_framework("mine")
    for name, wanted in constants_of(there.engine).items():
        if name not in kept:
            found = constants_of(loaded)[name]
            assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)
    again = _predicted(there, runs, loaded)
    assert again == pytest.approx(_predicted(there, runs, there.engine), rel=1e-3)


def test_links_are_kept_with_the_profile_and_multiplied_again(
    site: System, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    slower = Constant(("start.8", "bandwidth.8"), "link", 1.0, 1.0, "", 8)
    once = calibrated_framework(site, [slower], np.log([2.0]))
    write_profile(once, "mine", site.chip.id, 3)
    loaded = load_framework("mine")
    (link,) = loaded.links.values()
    assert link.start == 2.0
    # An H100's link carries 450 GB/s.
    reached = site.chip.all_reduce[8].bandwidth_bytes * link.bandwidth
    assert reached == pytest.approx(450e9, rel=1e-3)
    twice = calibrated_framework(replace(site, engine=loaded), [slower], np.log([1.5]))
    assert twice.links["h100_sxm/8"].start == pytest.approx(3.0)
    assert twice.links["h100_sxm/8"].bandwidth == link.bandwidth


def test_links_of_another_chip_are_not_its_own(site: System) -> None:
    engine = replace(site.engine, links={"h100_sxm/8": LinkDeviation(2.0)})
    assert engine.links_on("h100_sxm") == {8: LinkDeviation(2.0)}
    assert engine.links_on("h100_sxm_64gb") == {}


def test_what_is_not_identified_stays_exactly(site: System) -> None:
    runs = [replace(run, input_tokens=32) for run in made_runs(site, {}, (1, 1, 1))]
    loose = [one for one in found(site, runs).values() if not one.identified]
    assert loose
    assert all(one.factor == 1.0 for one in loose)


def test_runs_of_two_models_are_fitted_together(site: System) -> None:
    """Each is predicted by its own model; one slower memory explains both."""
    other = replace(site, model=load_architecture("qwen3-32b").architecture)
    factors = {"memory.products": 0.8}
    small = made_runs(site, factors, (1, 16), Layout(2))
    large = [replace(one, system=other) for one in made_runs(other, factors, (1, 16), Layout(2))]
    fitted = found(site, [*small, *large])["memory.products"]
    assert fitted.identified
    assert fitted.factor == pytest.approx(0.8, rel=0.08)
