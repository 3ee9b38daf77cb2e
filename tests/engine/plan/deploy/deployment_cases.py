"""Cases of deployments, and what their files hold."""

from __future__ import annotations

import pytest

from engine.plan.deploy.files import artefacts
from engine.plan.deploy.kind import load_deployment
from engine.work.layout import Layout
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
