"""The hub's own count of elements, and its name in commands."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.cli import run
from tests.engine.sources.hub.repositories import PARAMETERS
from tests.hub_server import Hub
from tests.tiny import TINY


def described(capsys, *arguments: str) -> Any:
    assert run(["model", *arguments]) == 0
    out = capsys.readouterr().out
    return json.loads(out) if "--json" in arguments else out


def test_the_hubs_count_is_shown_beside_ours(hub: Hub, capsys) -> None:
    hub.repositories["org/plain"].safetensors = {"BF16": PARAMETERS}
    found = described(capsys, "org/plain", "--json")
    assert found["hub_parameters"] == found["total_parameters"] == PARAMETERS
    assert "86,848 elements in safetensors (BF16 86,848)" in described(capsys, "org/plain")


def test_packed_elements_are_explained(hub: Hub, capsys) -> None:
    hub.repositories["org/plain"].safetensors = {"I32": 10_000, "F16": 5_000}
    found = described(capsys, "org/plain", "--json")
    assert found["hub_parameters"] == 15_000
    assert found["hub_parameters_by_type"] == {"I32": 10_000, "F16": 5_000}
    assert found["hub_note"].startswith("-82.73% against the 86,848 counted here: packed weights")


@pytest.mark.parametrize("count", [None, {}, {"BF16": -5}])
def test_no_count_is_no_failure(hub: Hub, capsys, count) -> None:
    hub.repositories["org/plain"].safetensors = count
    assert described(capsys, "org/plain", "--json")["hub_parameters"] is None
    assert "offers no parameter count" in described(capsys, "org/plain")


def test_a_bundled_model_has_no_count_of_the_hub(capsys) -> None:
    assert described(capsys, "llama-2-7b", "--json")["hub_parameters"] is None


def test_the_launch_command_names_the_repository_and_its_revision(hub: Hub, tmp_path) -> None:
    import tomllib

    config = {**TINY, "hidden_size": 512, "intermediate_size": 1024, "num_attention_heads": 8}
    hub.repositories["org/plain"].older["config.json"] = json.dumps(config).encode()
    path = tmp_path / "p.toml"
    # Within the 2048 tokens that a Llama has whose config does not say how many.
    lengths = ["--isl", "1K", "--osl", "256"]
    arguments = ["--model", "org/plain@v1", "--chip", "h100", "--chips", "1", *lengths]
    assert run(["plan", *arguments, "-o", str(path)]) == 0
    plan = tomllib.loads(path.read_text())
    assert plan["launch"]["command"].startswith("vllm serve org/plain ")
    assert " --revision v1 " in plan["launch"]["command"]
    assert plan["scenario"]["model"] == "org/plain@v1"
