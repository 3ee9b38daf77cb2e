"""What is fetched of a repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.model.config import load_architecture
from engine.model.kinds import ModelCategory
from engine.sources.hub import HubReference, fetch_config
from tests.engine.sources.hub.repositories import (
    PARAMETERS,
    SIDECARS,
    SMALLER,
    TINY,
    asked,
)
from tests.hub_server import COMMIT, OLDER, Hub


def test_only_the_configs_are_fetched(hub: Hub) -> None:
    model = load_architecture("org/plain")
    assert model.architecture.total_parameters == PARAMETERS
    names = {path.rsplit("/", 1)[1] for path in asked(hub)}
    assert names == {"config.json", *SIDECARS, "modules.json"}


def test_name_and_origin_are_those_of_the_repository(hub: Hub) -> None:
    model = load_architecture("org/plain")
    assert (model.name, model.origin) == ("plain", "org/plain")


def test_quantisation_beside_the_config_is_read(hub: Hub) -> None:
    assert load_architecture("org/plain").precision.weights.name == "bf16"
    assert load_architecture("org/fp8").precision.weights.name == "fp8"


def test_what_autogptq_wrote_beside_the_config_is_read(hub: Hub) -> None:
    assert load_architecture("org/gptq").precision.weights.name == "int4"


def test_one_file_beside_the_config_says_it_all(hub: Hub) -> None:
    load_architecture("org/fp8")
    names = {path.rsplit("/", 1)[1] for path in asked(hub)}
    assert names == {"config.json", "hf_quant_config.json", "modules.json"}


def test_a_repository_of_sentence_transformers_embeds(hub: Hub) -> None:
    hub.repositories["org/plain"].files["modules.json"] = b"[]"
    assert load_architecture("org/plain").kind is ModelCategory.ENCODER


def test_params_json_is_a_config_where_there_is_no_other(hub: Hub) -> None:
    model = load_architecture("org/own-words")
    assert model.architecture.total_parameters == PARAMETERS
    assert any("Mistral's params.json" in warning for warning in model.warnings)


@pytest.mark.parametrize(
    ("reference", "revision"),
    [("org/plain@v1", ""), ("org/plain", "v1"), ("org/plain", OLDER), ("org/plain@v1", "v1")],
)
def test_revisions(hub: Hub, reference: str, revision: str) -> None:
    model = load_architecture(reference, revision=revision)
    assert model.architecture.layer_count == 1  # type: ignore[union-attr]


def test_a_second_start_downloads_nothing(hub: Hub, monkeypatch) -> None:
    load_architecture("org/plain")
    before = len(hub.paths("GET"))
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    load_architecture("org/plain")
    assert len(hub.paths("GET")) == before


def test_one_session_asks_once(hub: Hub) -> None:
    load_architecture("org/plain")
    before = len(hub.requests)
    load_architecture("org/plain", edits=(("num_hidden_layers", 4),))
    assert len(hub.requests) == before


def test_a_commit_in_the_cache_is_not_asked_for_again(hub: Hub, monkeypatch) -> None:
    hub.repositories["org/fp8"].files["modules.json"] = b"[]"
    load_architecture("org/fp8", revision=COMMIT)
    before = len(hub.requests)
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    load_architecture("org/fp8", revision=COMMIT)
    assert len(hub.requests) == before


def test_code_in_the_repository_is_neither_fetched_nor_run(hub: Hub) -> None:
    own = {**TINY, "auto_map": {"AutoConfig": "code.Config"}}
    hub.repositories["org/plain"].files["config.json"] = json.dumps(own).encode()
    model = load_architecture("org/plain")
    assert any("auto_map" in warning for warning in model.warnings)
    assert not any("code.py" in path for path in asked(hub))


def test_progress_names_the_files(hub: Hub) -> None:
    told: list[str] = []
    fetch_config(HubReference("org/plain"), told.append)
    assert told == ["config.json", *SIDECARS, "modules.json"]


def test_a_file_on_disk_comes_before_the_hub(hub: Hub, tmp_path: Path, monkeypatch) -> None:
    folder = tmp_path / "org" / "plain"
    folder.mkdir(parents=True)
    (folder / "config.json").write_bytes(SMALLER)
    monkeypatch.chdir(tmp_path)
    assert load_architecture("org/plain").architecture.layer_count == 1  # type: ignore[union-attr]
    assert not hub.requests


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("org/name", "org/name", ""),
        ("org/name@v1.0", "org/name", "v1.0"),
        ("org/name@refs/pr/1", "org/name", "refs/pr/1"),
        ("https://huggingface.co/org/name", "org/name", ""),
        ("https://huggingface.co/org/name/", "org/name", ""),
        ("https://hf.co/org/name/tree/v1", "org/name", "v1"),
        ("https://huggingface.co/org/name/blob/main/config.json", "org/name", "main"),
        ("hf://org/name@v1", "org/name", "v1"),
    ],
)
def test_references(text: str, repository: str, revision: str) -> None:
    assert HubReference.parse(text) == HubReference(repository, revision)


@pytest.mark.parametrize(
    "text", ["name", "a/b/c", "org/", "/name", "org/na me", "org/n\x1b", "o/" + "n" * 300, "é/é"]
)
def test_what_is_no_reference(text: str) -> None:
    assert HubReference.parse(text) is None
