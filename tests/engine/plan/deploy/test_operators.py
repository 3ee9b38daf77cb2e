"""What operators of clusters read: llm-d, Dynamo, KServe."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from engine.plan.deploy.files import artefacts
from engine.plan.deploy.kind import load_deployment
from engine.work.layout import Layout
from tests.engine.plan.deploy.deployment_cases import CASES, commands, loaded, text
from tests.engine.plan.deploy.deployment_schemas import problems
from tests.engine.plan.launch.engine_options import parse
from tests.engine.plan.launch.launch_scenarios import (
    SMALL,
    one,
)


def test_llm_d_has_a_router_for_the_pods_of_its_values():
    yaml = pytest.importorskip("yaml")
    case = CASES["pools of one node"]
    made = artefacts(case.launch("vllm"), load_deployment("llm-d"), "A title", "org/model")
    pool = yaml.safe_load(made.files["inferencepool.yaml"])
    assert problems("inferencepool", pool) == []
    values = yaml.safe_load(made.files["values.yaml"])
    assert pool["spec"]["selector"]["matchLabels"] == values["modelArtifacts"]["labels"]


@pytest.mark.parametrize(("name", "role"), [("two nodes", "decode"), ("pools", "decode")])
def test_each_node_of_llm_d_starts_its_part(name: str, role: str, tmp_path: Path):
    """The script of a LeaderWorkerSet's pods, with a server that only notes what it was given."""
    values = loaded(CASES[name], "vllm", "llm-d")
    pods = values[role]
    assert values["multinode"] is True and pods["parallelism"]["workers"] == 2
    (script,) = pods["containers"][0]["args"]
    server = tmp_path / "vllm"
    server.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    server.chmod(0o755)
    told = []
    for rank in ("0", "1"):
        surroundings = {"PATH": f"{tmp_path}:/bin:/usr/bin", "LWS_LEADER_ADDRESS": "lead"}
        done = subprocess.run(
            ["bash", "-c", script],
            env={**surroundings, "LWS_WORKER_INDEX": rank},
            capture_output=True,
            text=True,
            check=True,
        )
        values_told, wrong = parse("vllm", ["vllm", *done.stdout.splitlines()])
        assert wrong == []
        told.append(values_told)
    assert [one["--data-parallel-address"] for one in told] == ["lead", "lead"]
    assert "--headless" not in told[0] and "--headless" in told[1]
    assert [one["--port"] for one in told] == ["8200", "8200"]


@pytest.mark.parametrize("name", ["replicas", "pools"])
def test_dynamo_gives_tensorrt_its_files(name: str):
    yaml = pytest.importorskip("yaml")
    files, graph = yaml.safe_load_all(text(CASES[name], "trtllm", "dynamo"))
    assert "disaggregated.yaml" not in files["data"]
    for service in graph["spec"]["services"].values():
        if service["componentType"] != "worker":
            continue
        container = service["extraPodSpec"]["mainContainer"]
        values, wrong = parse("dynamo-trtllm", container["args"])
        assert wrong == []
        assert values["--extra-engine-args"] in files["data"]
        assert yaml.safe_load(files["data"][values["--extra-engine-args"]])


def test_dynamo_has_a_frontend_and_a_worker_for_each_role():
    graph = loaded(CASES["pools"], "vllm", "dynamo")
    services = graph["spec"]["services"]
    assert (graph["apiVersion"], graph["kind"]) == (
        "nvidia.com/v1alpha1",
        "DynamoGraphDeployment",
    )
    assert [*services] == ["Frontend", "PrefillWorker", "DecodeWorker"]
    assert services["PrefillWorker"]["replicas"] == 2
    assert services["DecodeWorker"]["multinode"] == {"nodeCount": 2}
    assert services["DecodeWorker"]["resources"]["limits"]["gpu"] == "8"


def test_dynamo_is_told_the_engines_options():
    worker = loaded(CASES["replicas"], "vllm", "dynamo")["spec"]["services"]["ServerWorker"]
    values, problems = parse("vllm", worker["extraPodSpec"]["mainContainer"]["args"])
    assert problems == []
    assert values["--tensor-parallel-size"] == "4"


def test_an_inference_service_has_its_prefill_apart():
    spec = loaded(CASES["pools"], "vllm", "llmisvc")["spec"]
    assert spec["parallelism"] == {"tensor": 1, "data": 16, "dataLocal": 8, "expert": True}
    assert spec["prefill"]["replicas"] == 2
    assert "worker" in spec
    assert "worker" not in spec["prefill"]


def test_llm_d_has_its_pools():
    values = loaded(CASES["pools of one node"], "vllm", "llm-d")
    assert values["decode"]["parallelism"] == {"tensor": 4}
    assert values["prefill"]["create"] is True


def test_another_engine_under_kserve_brings_its_command_and_its_connector():
    spec = loaded(CASES["pools"], "sglang", "llmisvc")["spec"]
    (decode, _), (prefill,) = commands(spec["template"]), commands(spec["prefill"]["template"])
    for command, role in ((decode, "decode"), (prefill, "prefill")):
        assert "--model-path /mnt/models --served-model-name deepseek-ai/DeepSeek-V3" in command
        assert f"--disaggregation-mode {role}" in command
        assert command.endswith("$tls ;;")
    assert commands(spec["worker"]) == commands(spec["template"])
    (sidecar,) = spec["template"]["initContainers"]
    assert sidecar["args"] == ["--kv-connector=sglang"]
    assert spec["labels"] == spec["prefill"]["labels"] == {"llm-d.ai/engine-type": "sglang"}


def test_kserves_own_command_is_not_replaced():
    spec = loaded(CASES["replicas"], "vllm", "llmisvc")["spec"]
    (container,) = spec["template"]["containers"]
    assert "command" not in container
    assert container["env"][-1]["name"] == "VLLM_ADDITIONAL_ARGS"


@pytest.mark.parametrize("kind", ["llmisvc", "llm-d", "dynamo", "lws"])
def test_clusters_are_asked_for_a_draft_that_nobody_named(kind: str):
    case = one(SMALL, "h100_sxm", Layout(), 64, draft_tokens=3, acceptance=0.7)
    made = text(case, "vllm", kind)
    assert "$DRAFT_MODEL" in next(line for line in made.splitlines() if "envsubst" in line)
    assert "${DRAFT_MODEL}" in made


def test_a_draft_that_nobody_named_is_asked_for_at_the_top():
    case = one(SMALL, "h100_sxm", Layout(), 64, draft_tokens=3, acceptance=0.7)
    assert ': "${DRAFT_MODEL:?the checkpoint that drafts}"' in text(case, "vllm", "sh").splitlines()


def test_another_engine_under_llm_d_brings_its_command_and_its_connector():
    values = loaded(CASES["pools of one node"], "sglang", "llm-d")
    assert values["routing"]["proxy"]["connector"] == "sglang"
    for role in ("prefill", "decode"):
        (container,) = values[role]["containers"]
        assert container["modelCommand"] == "custom"
        assert "sglang.launch_server" in container["args"][0]
        assert f"--disaggregation-mode {role}" in container["args"][0]
