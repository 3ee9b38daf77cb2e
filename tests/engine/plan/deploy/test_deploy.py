"""Kinds of deployments: what each can, and files that are never written over others."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from engine.plan.deploy.files import Artefacts, artefacts, write_artefacts
from engine.plan.deploy.frame import Context, render
from engine.plan.deploy.kind import deployment_ids, load_deployment
from engine.plan.deploy.schema import DeploymentFile
from engine.sources.profile_files import find_profile, read_toml
from engine.words.errors import InputError
from engine.work.layout import Layout
from tests.engine.plan.deploy.deployment_cases import CASES, EACH, RUN_BY, loaded, text
from tests.engine.plan.launch.launch_scenarios import (
    DENSE,
    Case,
    one,
)


def test_bundled_kinds_are_as_a_person_would_have_to_write_them():
    for kind in deployment_ids():
        values = read_toml(find_profile("deployments", kind)[0])
        told = DeploymentFile.model_validate(values).model_dump(exclude={"sources"})
        assert {name: getattr(load_deployment(kind), name) for name in told} == told


@pytest.mark.parametrize(("kind", "engine"), RUN_BY)
@EACH
def test_yaml_loads(case: Case, engine: str, kind: str):
    assert loaded(case, engine, kind)


@pytest.mark.parametrize(
    ("engine", "kind", "case", "message"),
    [
        (
            "lmdeploy",
            "dynamo",
            "one server",
            "runs SGLang, TensorRT-LLM, vLLM; it has no command for LMDeploy",
        ),
        (
            "trtllm",
            "llm-d",
            "one server",
            "runs SGLang, vLLM; it has no command for TensorRT-LLM",
        ),
    ],
)
def test_what_a_kind_cannot_do_is_one_line(engine: str, kind: str, case: str, message: str):
    with pytest.raises(InputError, match=message):
        text(CASES[case], engine, kind)


@pytest.mark.parametrize(
    ("engine", "kind", "layout", "message"),
    [
        ("vllm", "llmisvc", Layout(8, 2), "TP8 PP2 is started by --to lws"),
        ("sglang", "llmisvc", Layout(16), "TP16 is started by --to lws"),
        ("trtllm", "lws", Layout(16), "starts its processes on 2 nodes by itself"),
        ("mindie", "lws", Layout(4), "reads config.json with addresses of nodes"),
    ],
)
def test_what_no_pod_can_start_is_one_line(engine: str, kind: str, layout: Layout, message: str):
    chip = "ascend_910b3" if engine == "mindie" else "h100_sxm"
    with pytest.raises(InputError, match=message):
        text(one(DENSE, chip, layout), engine, kind)


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(InputError, match="known: compose, dynamo, llm-d, llmisvc, lws, sh, slurm"):
        load_deployment("heroku")


def test_every_bundled_kind_loads():
    assert {load_deployment(kind).id for kind in deployment_ids()} == {*deployment_ids()}


def test_hostile_names_stay_data(tmp_path):
    case = CASES["one server"]
    launch = case.launch("vllm")
    (process,) = launch.processes
    hostile = replace(process, command=("vllm", "serve", "$(touch x)`id`;\n'\"@each gap@"))
    for kind in ("sh", "slurm"):
        made = artefacts(replace(launch, processes=(hostile,)), load_deployment(kind), "t", "m")
        (script,) = made.files.values()
        done = subprocess.run(["bash", "-n"], input=script, text=True, check=False)
        assert done.returncode == 0
        assert "'$(touch x)`id`;" in script


def test_nothing_is_written_over(tmp_path):
    made = Artefacts({"a": "1", "b": "2"}, frozenset(), ())
    (tmp_path / "b").write_text("mine")
    with pytest.raises(InputError, match="b: exists, nothing was written; --force replaces it"):
        write_artefacts(made, tmp_path, force=False)
    assert [each.name for each in tmp_path.iterdir()] == ["b"]
    write_artefacts(made, tmp_path, force=True)
    assert (tmp_path / "b").read_text() == "2"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    made = Artefacts({"a": "1"}, frozenset(), ())
    with pytest.raises(InputError, match="expected a folder"):
        write_artefacts(made, tmp_path / "file" / "within", force=False)


def test_a_line_without_a_value_is_left_out():
    context = Context({"a": "1", "b": ""}, {"row": [Context({"c": "x"}), Context({"c": "y"})]})
    frame = "a: @a@\nb: @b@\n  @each row@"
    assert render(frame, {"row": "- @c@ @a@"}, context) == "a: 1\n  - x 1\n  - y 1\n"


def test_a_kind_of_the_users_own_is_one_file(tmp_path: Path, monkeypatch):
    folder = tmp_path / "rooftop" / "deployments"
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'id = "mine"\nname = "Mine"\nfile = "mine.txt"\nwords = "shell"\nreference = "NAME"\n'
        'frame = "@each process@"\n[blocks]\nprocess = "@name@: @command@"\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert text(CASES["one server"], "vllm", "mine").startswith("server-1: vllm serve ")
