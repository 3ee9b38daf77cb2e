"""Deployment files: valid in their own language, whole, and never written over others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
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
from tests.engine.plan.deploy.deployment_schemas import problems
from tests.engine.plan.launch.engine_options import parse
from tests.engine.plan.launch.launch_scenarios import (
    DENSE,
    LATENT,
    MIXTURE,
    SMALL,
    Case,
    one,
    pools,
)

CASES = {
    "one server": one(SMALL, "h100_sxm", Layout()),
    "replicas": one(DENSE, "h100_sxm", Layout(4, replicas=2)),
    "two nodes": one(LATENT, "h200_sxm", Layout(1, 1, 16, 16), 352),
    "pools": pools(LATENT, "h200_sxm", "TP8 EP8 x2", "TP1 EP16 DP16 x1", 512),
    "pools of one node": pools(MIXTURE, "h200_sxm", "TP4 x1", "TP4 x1"),
    "AMD": one(MIXTURE, "mi300x", Layout(4, expert=4, replicas=2)),
    "Ascend": one("qwen3-32b", "ascend_910c", Layout(4, replicas=2)),
}
ENGINES = ("vllm", "sglang", "trtllm", "vllm-ascend", "lmdeploy", "atom")
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
ENGINE = pytest.mark.parametrize("engine", ENGINES)
RUN_BY = [
    *(("compose", engine) for engine in ENGINES),
    ("dynamo", "vllm"),
    ("dynamo", "sglang"),
    ("dynamo", "trtllm"),
    ("llm-d", "vllm"),
    ("llm-d", "sglang"),
    ("llmisvc", "vllm"),
    ("llmisvc", "sglang"),
    ("lws", "vllm"),
    ("lws", "sglang"),
    ("lws", "vllm-ascend"),
]


def text(case: Case, engine: str, name: str) -> str:
    model, kind = case.prepared(engine).model.repository, load_deployment(name)
    launch = case.launch(engine, apart=bool(kind.address))
    return artefacts(launch, kind, "A title", model).files[kind.file]


def loaded(case: Case, engine: str, kind: str) -> dict:
    return documents(case, engine, kind)[-1]


def documents(case: Case, engine: str, kind: str) -> list[dict]:
    yaml = pytest.importorskip("yaml")
    return [*yaml.safe_load_all(text(case, engine, kind))]


def sets(case: Case, engine: str) -> dict[str, dict]:
    """The LeaderWorkerSets of a case by their names, without what all have in common."""
    found = {
        one["metadata"]["name"]: one["spec"]
        for one in documents(case, engine, "lws")
        if one["kind"] == "LeaderWorkerSet"
    }
    return {name.rpartition("-")[2]: one for name, one in found.items()}


def commands(pod: dict) -> list[str]:
    """What the nodes of a worker run, by their number in it."""
    (container,) = pod["containers"]
    lines = container["args"][0].splitlines()
    return [one.partition(") exec ")[2] for one in lines if ") exec " in one]


def test_bundled_kinds_are_as_a_person_would_have_to_write_them():
    for kind in deployment_ids():
        values = read_toml(find_profile("deployments", kind)[0])
        told = DeploymentFile.model_validate(values).model_dump(exclude={"sources"})
        assert {name: getattr(load_deployment(kind), name) for name in told} == told


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


@pytest.mark.parametrize(("kind", "engine"), RUN_BY)
@EACH
def test_yaml_loads(case: Case, engine: str, kind: str):
    assert loaded(case, engine, kind)


@pytest.mark.parametrize(
    ("kind", "engine"), [one for one in RUN_BY if one[0] not in {"compose", "lws"}]
)
@EACH
def test_objects_are_what_their_schemas_allow(case: Case, engine: str, kind: str):
    assert problems(kind, loaded(case, engine, kind)) == []


@pytest.mark.parametrize("engine", ["vllm", "sglang", "vllm-ascend"])
@EACH
def test_sets_are_what_their_schema_allows(case: Case, engine: str):
    found = [one for one in documents(case, engine, "lws") if one["kind"] == "LeaderWorkerSet"]
    assert found
    assert [problem for one in found for problem in problems("lws", one)] == []


def test_each_role_is_a_set_with_a_group_for_each_worker():
    found = sets(CASES["pools"], "sglang")
    sizes = {
        role: (one["replicas"], one["leaderWorkerTemplate"]["size"]) for role, one in found.items()
    }
    assert sizes == {"prefill": (2, 1), "decode": (1, 2)}
    decode = commands(found["decode"]["leaderWorkerTemplate"]["workerTemplate"]["spec"])
    assert [one.split("--node-rank ")[1][0] for one in decode] == ["0", "1"]
    assert all('--dist-init-addr "${LWS_LEADER_ADDRESS}":29501' in one for one in decode)


def test_the_router_finds_groups_by_their_names():
    (front,) = [
        one for one in documents(CASES["pools"], "sglang", "lws") if one["kind"] == "Deployment"
    ]
    command = front["spec"]["template"]["spec"]["containers"][0]["command"]
    assert parse("sglang-router", command)[1] == []
    name = "deepseek-ai-deepseek-v3"
    assert [one for one in command if one.startswith("http")] == [
        f"http://{name}-prefill-0.{name}-prefill:8001",
        f"http://{name}-prefill-1.{name}-prefill:8001",
        f"http://{name}-decode-0.{name}-decode:8001",
    ]


def test_a_router_that_reads_a_file_finds_it_in_its_pod():
    held, *_, front, _ = documents(CASES["replicas"], "trtllm", "lws")
    assert "llama-3-3-70b-instruct-server-1.meta-llama" in held["data"]["router.conf"]
    pod = front["spec"]["template"]["spec"]
    assert pod["volumes"][0]["configMap"]["name"] == held["metadata"]["name"]
    assert (
        pod["containers"][0]["workingDir"] == pod["containers"][0]["volumeMounts"][0]["mountPath"]
    )


def test_without_a_router_the_leaders_answer():
    service = loaded(CASES["two nodes"], "vllm", "lws")
    assert service["kind"] == "Service"
    assert service["spec"]["selector"]["leaderworkerset.sigs.k8s.io/worker-index"] == "0"


def test_a_schema_tells_what_it_does_not_allow():
    graph = loaded(CASES["two nodes"], "vllm", "dynamo")
    worker = graph["spec"]["services"]["ServerWorker"]
    worker["multinode"]["nodeCount"] = 1
    worker["replica"] = worker.pop("replicas")
    assert problems("dynamo", graph) == [
        "spec.services.ServerWorker.multinode.nodeCount: 1 is below 2",
        "spec.services.ServerWorker.replica: no such field",
    ]


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


def test_scripts_can_be_run(tmp_path):
    made = Artefacts({"a.sh": "1"}, frozenset({"a.sh"}), ())
    (path,) = write_artefacts(made, tmp_path / "new", force=False)
    assert os.access(path, os.X_OK)


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
