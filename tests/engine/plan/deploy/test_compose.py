"""A Compose file has a service for each process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from tests.engine.plan.deploy.deployment_cases import CASES, EACH, ENGINE, loaded, text
from tests.engine.plan.launch.launch_scenarios import (
    Case,
)


@ENGINE
@EACH
def test_compose_has_a_service_for_each_process(case: Case, engine: str):
    launch, services = case.launch(engine), loaded(case, engine, "compose")["services"]
    assert [*services] == [each.name for each in launch.processes]
    for process, service in zip(launch.processes, services.values(), strict=True):
        assert len(service["entrypoint"]) == len(process.words)


@pytest.mark.skipif(shutil.which("docker") is None, reason="docker is not here")
@pytest.mark.parametrize("name", ["one server", "two nodes", "pools of one node"])
def test_docker_reads_compose(name: str, tmp_path):
    if subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    ).returncode:
        pytest.skip("docker has no compose")
    (tmp_path / "compose.yaml").write_text(text(CASES[name], "trtllm", "compose"))
    values = {"IMAGE": "i", "ROUTER_IMAGE": "r", "NODE0": "a", "NODE1": "b"}
    done = subprocess.run(
        ["docker", "compose", "--profile", "node0", "config", "--format", "json"],
        env={**os.environ, **values},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["services"]
