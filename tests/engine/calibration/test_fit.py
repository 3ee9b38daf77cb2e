"""Calibration finds constants back that made the runs, and says when it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.calibration.fit import (
    Site,
    _constants,
    calibrate,
    calibrated_framework,
)
from engine.calibration.results import Run
from engine.chip_profiles import load_chip
from engine.config import load_architecture
from engine.errors import InputError
from engine.framework_profiles import load_framework
from engine.layout import Layout
from engine.operators import LayoutArrays, take_inventory
from engine.precision import parse_precision
from engine.serving import Arrivals, Deployment, Traffic, serve_traffic

LAYOUT = Layout(tensor=4)


@pytest.fixture(scope="module")
def site() -> Site:
    return Site(
        load_architecture("llama-3.1-8b").architecture,
        parse_precision("W16A16"),
        load_chip("h100_sxm"),
        load_framework("vllm"),
    )


def made_runs(site: Site, factors: dict[str, float], batches=(1, 4, 16, 64, 128)) -> list[Run]:
    """Runs as an engine whose constants are ``factors`` times the published ones makes them."""
    probe = [Run("", LAYOUT, 1, 1, 1, 1, True, 1)]
    constants = _constants(site, probe)
    logs = np.array([np.log(factors.get(constant.name, 1.0)) for constant in constants])
    framework = calibrated_framework(site, constants, logs)
    inventory = take_inventory(site.architecture, site.precision, site.chip, framework)
    deployment = Deployment(inventory, site.chip, framework, LayoutArrays.of([LAYOUT]))
    traffic = Traffic(2000.0, 500.0, arrivals=Arrivals(median=1.0))
    runs = []
    for batch in batches:
        service = serve_traffic(deployment, traffic, np.array([[float(batch)]]))
        ttft, tpot = service.ttft_seconds[0, 0] * 1e3, service.tpot_seconds[0, 0] * 1e3
        runs.append(Run(f"run {batch}", LAYOUT, batch, 2000, 500, ttft, True, tpot))
    return runs


def test_finds_a_slower_memory_back(site: Site) -> None:
    outcome = calibrate(site, made_runs(site, {"bandwidth efficiency": 0.8}))
    found = {fitted.constant.name: fitted for fitted in outcome.constants}
    assert found["bandwidth efficiency"].factor == pytest.approx(0.8, rel=0.08)


def test_finds_a_dearer_request_back(site: Site) -> None:
    outcome = calibrate(site, made_runs(site, {"per-request cost": 2.0}))
    found = {fitted.constant.name: fitted for fitted in outcome.constants}
    assert found["per-request cost"].factor == pytest.approx(2.0, rel=0.15)


def test_three_runs_help(site: Site) -> None:
    runs = made_runs(site, {"bandwidth efficiency": 0.75, "per-request cost": 2.0}, (1, 16, 64))
    outcome = calibrate(site, runs)
    assert outcome.after[1] < 0.4 * outcome.before[1]


def test_two_runs_are_too_few(site: Site) -> None:
    with pytest.raises(InputError, match="found 2 runs, expected at least 3"):
        calibrate(site, made_runs(site, {}, (1, 16)))


def test_contradicting_runs_are_named(site: Site) -> None:
    runs = made_runs(site, {}, (1, 16, 64))
    runs.append(replace(runs[1], name="again", tpot_ms=runs[1].tpot_ms * 2))
    with pytest.raises(InputError, match="again contradicts run 16"):
        calibrate(site, runs)


def test_runs_that_no_constants_explain_are_refused(site: Site) -> None:
    runs = made_runs(site, {}, (1, 16, 64))
    scrambled = [
        replace(run, tpot_ms=run.tpot_ms * factor)
        for run, factor in zip(runs, (20.0, 1.0, 0.05), strict=True)
    ]
    with pytest.raises(InputError, match="contradict"):
        calibrate(site, scrambled)
