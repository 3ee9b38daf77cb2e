"""What runs drafted and kept, by their files and by what a person says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.with_drafts import with_drafts
from engine.scenario import Scenario
from engine.serve.requests import Drafts
from engine.serve.resolve import resolve
from engine.work.layout import Layout
from tests.engine.evidence.calibration.test_results import VLLM

PLAIN = Scenario(model="llama-3.1-8b", chip="h100_sxm", chips=1, draft="eagle3")
THREE = replace(PLAIN, draft_tokens=3)
BY_POSITION = {"spec_decode_per_position_acceptance_rates": [0.8, 0.4, 0.2]}
PER_STEP = {"spec_decode_acceptance_length": 2.4}
SGLANG = {"accept_length": 2.4, "server_info": {"speculative_num_steps": 3}}


def a_run(folder: Path, change: dict[str, object]) -> Run:
    path = folder / "run.json"
    path.write_text(json.dumps(VLLM | change))
    (found,) = read_runs([path], Layout())
    return found


@pytest.mark.parametrize(
    ("change", "scenario"),
    [
        (PER_STEP, THREE),
        (PER_STEP | BY_POSITION, PLAIN),
        (SGLANG, PLAIN),
        ({}, replace(THREE, kept=(0.8, 0.4, 0.2))),
    ],
    ids=["tokens of a step", "shares", "sglang", "given"],
)
def test_three_are_drafted_and_so_many_kept(
    tmp_path: Path, change: dict[str, object], scenario: Scenario
) -> None:
    found = with_drafts(a_run(tmp_path, change), scenario, resolve(scenario).systems[0]).drafts
    assert found.tokens == 3
    assert found.accepted == pytest.approx(2.4, abs=1e-3)


def test_what_a_person_says_goes_before_the_file(tmp_path: Path) -> None:
    told = replace(THREE, kept=(0.5, 0.25, 0.0))
    run = with_drafts(a_run(tmp_path, BY_POSITION), told, resolve(told).systems[0])
    assert run.drafts.kept == (0.5, 0.25, 0.0)


def test_a_run_without_drafts_stays_as_it_is(tmp_path: Path) -> None:
    run = a_run(tmp_path, {})
    assert with_drafts(run, PLAIN, resolve(PLAIN).systems[0]) == run
    assert run.drafts == Drafts()
