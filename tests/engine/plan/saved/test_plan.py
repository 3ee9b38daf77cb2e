"""Plan files: exact round trips, atomic writes, refusals in one line."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.plan.kinds import benchmark_names
from engine.plan.launch_lines import launch_command
from engine.plan.prepared import prepare
from engine.plan.saved.document import save_plan
from engine.plan.saved.plan_file import SCHEMA_VERSION, load_plan, scenario_document, write_document
from engine.plan.sweep import sweep
from engine.scenario import DraftTokens, LayoutLimits, Mode, Objectives, Scenario, Text, Workload
from engine.sources.files import write_text
from engine.words.errors import InputError

CHOICE = {
    "batch": 4,
    "precision": "W8A8",
    "layout": {"tensor": 8, "pipeline": 1, "expert": 1, "attention_data": 1, "replicas": 1},
}
LIMIT = st.none() | st.floats(0.001, 1e6)
DEGREES = st.lists(st.integers(1, 64), max_size=3).map(tuple)
TEXT = st.text(max_size=20)
NAME = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | TEXT,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)
SCENARIOS = st.builds(
    Scenario,
    model=st.text(min_size=1, max_size=30),
    edits=st.lists(st.tuples(NAME.filter(bool), JSON), max_size=3).map(tuple),
    chip=NAME,
    chips=st.integers(1, 100_000),
    framework=NAME,
    weights=NAME,
    kv=NAME,
    precisions=st.lists(NAME, max_size=3).map(tuple),
    workload=st.builds(
        Workload,
        input_tokens=st.integers(1, 10**6),
        output_tokens=st.integers(1, 10**6),
        mode=st.sampled_from(Mode),
        text=st.sampled_from(Text),
    ),
    objectives=st.builds(Objectives, ttft_ms=LIMIT, tpot_ms=LIMIT, e2e_ms=LIMIT, latency_ms=LIMIT),
    limits=st.builds(LayoutLimits, tensor=DEGREES, expert=DEGREES),
    max_batch=st.none() | st.integers(1, 10**6),
    load_imbalance=st.floats(1, 100),
    draft_tokens=st.integers(0, 8),
    draft=st.sampled_from(["", "mtp", "some/draft"]),
    drafts=st.sampled_from(DraftTokens),
    acceptance=st.none() | st.floats(0.01, 1),
)


def document(scenario: Scenario) -> dict:
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario_document(scenario),
        "choice": CHOICE,
    }


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(scenario=SCENARIOS)
def test_scenarios_round_trip_exactly(tmp_path, scenario):
    path = tmp_path / "plan.toml"
    write_document(path, document(scenario))
    assert load_plan(path).scenario == scenario


@pytest.fixture(scope="module")
def solved():
    scenario = Scenario(model="llama-3.1-8b", chip="h100", chips=1)
    prepared = prepare(scenario)
    return prepared, scenario, sweep(prepared, scenario)


def test_a_real_plan_restores_choice_and_scenario(tmp_path, solved):
    prepared, scenario, result = solved
    path = tmp_path / "plan.toml"
    save_plan(path, prepared, scenario, result, result.table, result.best)
    plan = load_plan(path)
    assert plan.scenario == scenario
    assert plan.choice.batch == result.table.batch[result.best]
    assert plan.choice.arrangement == result.table.arrangement(result.best)


def test_a_plan_says_everything(tmp_path, solved):
    prepared, scenario, result = solved
    path = tmp_path / "plan.toml"
    save_plan(path, prepared, scenario, result, result.table, result.best)
    found = load_plan(path).document
    assert {"answer", "benchmarks", "launch", "bottlenecks", "memory", "provenance"} <= set(found)
    units = ("_ms", "tps", "gib", "joules")
    assert all(any(one in key for one in units) for key in found["choice"]["metrics"])
    assert found["provenance"]["chip"]["sources"]


def test_names_and_launch_of_a_choice(solved):
    prepared, scenario, result = solved
    arrangement, precision = result.table.arrangement(result.best), prepared.precisions[0]
    assert benchmark_names(prepared, scenario, precision, 7)[0] == (
        "TPS001-Llama3.1-8B-S4K-01K-W16A16-B7"
    )
    launch = launch_command(prepared, scenario, arrangement, precision, 7)
    assert launch.startswith("vllm serve meta-llama/Llama-3.1-8B-Instruct ")
    for repository, model in (("x; rm -rf /", "a"), ("", "x; rm -rf /")):
        hostile = replace(prepared, model=replace(prepared.model, repository=repository))
        named = replace(scenario, model=model)
        assert "'x; rm -rf /'" in launch_command(hostile, named, arrangement, precision, 7)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_plan(tmp_path, monkeypatch, call):
    path = tmp_path / "plan.toml"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(InputError, match="no space left on device; nothing was changed"):
        write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["plan.toml"]


def test_a_missing_folder_is_one_line(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "nowhere" / "plan.toml", "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "schema_version"),
        ("schema_version = 99", "use a newer one"),
        ("schema_version = 'x'", "schema_version"),
        ("schema_version = 1", "scenario: missing"),
        ("not toml at all [", "not valid TOML"),
        ("schema_version = 1\n[scenario]\nmodel = 3", "scenario.model"),
        ("\x00\xff", "not valid TOML"),
    ],
)
def test_bad_files_are_refused_by_key(tmp_path, text, words):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        load_plan(path)
    assert "\n" not in str(caught.value)
    assert "plan.toml" in str(caught.value)


def test_unknown_keys_are_refused(tmp_path):
    path = tmp_path / "plan.toml"
    scenario = {**scenario_document(Scenario()), "chpis": 3}
    write_document(path, {**document(Scenario()), "scenario": scenario})
    with pytest.raises(InputError, match=r"scenario\.chpis"):
        load_plan(path)


def test_huge_files_are_not_read(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"#" * (2 << 20))
    with pytest.raises(InputError, match="bytes, expected a plan of at most"):
        load_plan(path)


def test_a_missing_file_is_one_line():
    with pytest.raises(InputError, match="cannot be read"):
        load_plan(Path("no-such-plan.toml"))
