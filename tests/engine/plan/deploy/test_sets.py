"""LeaderWorkerSets, and the router that finds their groups."""

from __future__ import annotations

import pytest

from tests.engine.plan.deploy.deployment_cases import (
    CASES,
    EACH,
    RUN_BY,
    commands,
    documents,
    loaded,
    sets,
)
from tests.engine.plan.deploy.deployment_schemas import problems
from tests.engine.plan.launch.engine_options import parse
from tests.engine.plan.launch.launch_scenarios import (
    Case,
)


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
