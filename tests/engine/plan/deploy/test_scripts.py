"""Scripts of a node each: valid, and they start exactly what they should."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from engine.plan.deploy.files import Artefacts, write_artefacts
from tests.engine.plan.deploy.deployment_cases import CASES, EACH, ENGINE, text
from tests.engine.plan.launch.launch_scenarios import (
    Case,
)


@pytest.mark.parametrize("kind", ["sh", "slurm"])
@ENGINE
@EACH
def test_scripts_are_valid(case: Case, engine: str, kind: str):
    script = text(case, engine, kind)
    command = ["bash", "-n"]
    done = subprocess.run(command, input=script, text=True, capture_output=True, check=False)
    assert done.stderr == ""
    assert all(each.words[0] in script for each in case.launch(engine).processes)


@pytest.mark.parametrize("engine", ["vllm", "sglang", "trtllm"])
@pytest.mark.parametrize("name", ["replicas", "two nodes", "pools of one node"])
def test_a_script_starts_exactly_the_processes_of_its_node(name: str, engine: str, tmp_path):
    """With commands that only note what they were given, and stay."""
    case = CASES[name]
    launch = case.launch(engine)
    folder, logs, done = tmp_path / "bin", tmp_path / "logs", tmp_path / "done"
    folder.mkdir()
    for command in {process.words[0] for process in launch.processes}:
        stand_in = folder / command
        stand_in.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" end\nuntil [ -e {done} ]; do sleep 0.02; done\n"
        )
        stand_in.chmod(0o755)
    script = tmp_path / "start.sh"
    script.write_text(text(case, engine, "sh"))
    addresses = {f"NODE{node}": f"10.0.0.{node + 1}" for node in range(launch.nodes)}
    if launch.nodes == 1:
        addresses = {"NODE0": "127.0.0.1"}
    surroundings = {**os.environ, **addresses, "LOGS": str(logs)}
    surroundings["PATH"] = f"{folder}:{os.environ['PATH']}"
    for node in range(launch.nodes):
        done.unlink(missing_ok=True)
        here = [process for process in launch.processes if process.node == node]
        with subprocess.Popen(["bash", str(script), str(node)], env=surroundings) as running:
            found = [said(logs / f"{process.name}.log", running) for process in here]
            done.touch()
        for process, given in zip(here, found, strict=True):
            words = [filled_in(word, addresses) for word in process.words]
            assert given == words[1:]


def said(log: Path, running: subprocess.Popen[bytes]) -> list[str]:
    """What a stand-in noted, once it is whole."""
    while running.poll() is None:
        lines = log.read_text().splitlines() if log.exists() else []
        if lines[-1:] == ["end"]:
            return lines[:-1]
        time.sleep(0.02)
    return []


def filled_in(word: str, addresses: dict[str, str]) -> str:
    for name, address in addresses.items():
        word = word.replace(f"<{name}>", address)
    return word


def test_a_script_refuses_a_node_that_there_is_not(tmp_path):
    script = tmp_path / "start.sh"
    script.write_text(text(CASES["one server"], "vllm", "sh"))
    done = subprocess.run(
        ["bash", str(script), "7"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, "expected 0 to 0" in done.stderr) == (2, True)


def test_scripts_can_be_run(tmp_path):
    made = Artefacts({"a.sh": "1"}, frozenset({"a.sh"}), ())
    (path,) = write_artefacts(made, tmp_path / "new", force=False)
    assert os.access(path, os.X_OK)
