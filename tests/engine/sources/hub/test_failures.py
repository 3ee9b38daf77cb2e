"""Tokens, and failures that say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from engine.model.config import load_architecture
from engine.sources.files import MAXIMUM_CONFIG_BYTES
from engine.sources.hub import HubReference, fetch_config
from tests.engine.sources.hub.repositories import CONFIG, PARAMETERS, asked, refused
from tests.hub_server import Hub, Repository, serving


def test_a_token_opens_gated_and_private_repositories(hub: Hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.token)
    for name in ("org/gated", "org/private"):
        assert load_architecture(name).architecture.total_parameters == PARAMETERS


def test_the_token_stays_with_the_hub(hub: Hub, monkeypatch) -> None:
    with serving({"cdn/x": Repository({"config.json": CONFIG})}) as other:
        hub.repositories["org/plain"].redirect = f"{other.address}/cdn/x/resolve/main/config.json"
        monkeypatch.setenv("HF_TOKEN", hub.token)
        fetch_config(HubReference("org/plain"))
        assert {header for _, _, header in hub.requests} == {f"Bearer {hub.token}"}
        assert other.requests
        assert {header for _, _, header in other.requests} == {""}


@pytest.mark.parametrize(
    ("reference", "token", "words"),
    [
        ("org/gated", "", "gated; accept its terms at 127.0.0.1"),
        ("org/gated", "", "then set HF_TOKEN"),
        ("org/gated", "hf_bad", "the token in use has no access"),
        ("org/private", "", "no such repository on 127.0.0.1"),
        ("org/private", "", "or it is private: set HF_TOKEN"),
        ("org/private", "hf_bad", "the token in use may not read it"),
        ("org/none", "", "no such repository"),
        ("org/plain@nope", "", "no revision 'nope'"),
        ("org/gguf", "", "no config.json: it holds GGUF files; name the model it was made of"),
        ("org/gguf", "", "meta/Real"),
        ("org/lora", "", "it is an adapter"),
        ("org/empty", "", "the repository has no config.json"),
        ("org/broken", "", "org/broken: broken JSON at line 1"),
        ("org/forbidden", "", "forbids access (403)"),
        ("org/busy", "", "too many requests to 127.0.0.1"),
        ("org/busy", "", "try in 77 s, or set HF_TOKEN"),
        ("org/down", "", "is in trouble (error 503)"),
        ("org/odd", "", "answered 418"),
        ("org/website", "", "does not answer as a hub; check HF_ENDPOINT"),
        ("org/..", "", "not a name that the hub allows"),
        ("org/plain", "hf_\x07é", "check HF_TOKEN for characters"),
    ],
)
def test_failures_say_what_to_do(hub: Hub, monkeypatch, reference, token, words) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    message = refused(reference)
    assert words in message
    assert message.startswith(reference)
    assert not token or token not in message


def test_two_different_revisions_are_refused(hub: Hub) -> None:
    assert "expected one revision" in refused("org/plain@v1", "v2")


def test_a_large_file_is_refused_before_it_is_downloaded(hub: Hub) -> None:
    hub.repositories["org/plain"].said_size = 200_000_000
    assert "config.json: 200,000,000 bytes, expected at most" in refused("org/plain")
    assert not asked(hub, "GET")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_file_larger_than_the_hub_said_is_not_kept(hub: Hub, tmp_path: Path, chunked) -> None:
    repository = hub.repositories["org/plain"]
    repository.files["config.json"] = b" " * (3 * MAXIMUM_CONFIG_BYTES)
    repository.said_size, repository.chunked = (None, True) if chunked else (100, False)
    message = refused("org/plain")
    # Older clients do not take a file of unknown size at all.
    assert "more than the hub said" in message or (chunked and "does not answer as" in message)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert all(path.stat().st_size < 1000 for path in kept)


def test_a_slow_hub_is_not_waited_for(hub: Hub, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    monkeypatch.setattr(constants(), "HF_HUB_ETAG_TIMEOUT", 0.2)
    hub.repositories["org/plain"].seconds = 3
    assert "no network, or too slow" in refused("org/plain")


def test_a_dripping_hub_is_not_waited_for(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr("engine.sources.hub.fetch.TOTAL_SECONDS", 0.5)
    hub.repositories["org/plain"].drip_seconds = 0.3
    assert "not done within 0.5 s" in refused("org/plain")


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1:9", "no network: cannot connect to 127.0.0.1:9"),
        ("http://user:secret@127.0.0.1:9", "cannot connect to 127.0.0.1:9"),
        ("nonsense", "HF_ENDPOINT: found 'nonsense', expected an address"),
        ("http://[", "HF_ENDPOINT: found"),
        ("http://127.0.0.1:99999", "HF_ENDPOINT: found"),
        ("ftp://127.0.0.1", "HF_ENDPOINT: found"),
    ],
)
def test_bad_endpoints(hub: Hub, monkeypatch, address: str, words: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", address)
    message = refused("org/plain")
    assert words in message
    assert "secret" not in message


def test_a_hub_without_tls(hub: Hub, monkeypatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.address.replace("http:", "https:"))
    assert "does not speak TLS" in refused("org/plain")


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "is full; HF_HOME moves it"), (errno.EACCES, "cannot be used: permission")],
)
def test_a_cache_that_cannot_be_written(hub: Hub, monkeypatch, number: int, words: str) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("huggingface_hub.file_download.http_get", fail)
    assert words in refused("org/plain")


def test_a_cache_folder_that_is_a_file(hub: Hub, tmp_path: Path, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants(), "HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    assert "cannot be used: not a directory; HF_HOME moves it" in refused("org/plain")


@pytest.mark.parametrize("status", [500, 429, 503, 403])
def test_a_quantisation_that_cannot_be_fetched_is_an_error(hub: Hub, status: int) -> None:
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = status
    message = refused("org/fp8")
    assert message.startswith("org/fp8: hf_quant_config.json: ")


def test_a_quantisation_that_does_not_come_in_time_is_an_error(hub: Hub, monkeypatch) -> None:
    monkeypatch.setattr("engine.sources.hub.fetch.TOTAL_SECONDS", 0.5)
    hub.repositories["org/fp8"].slow["hf_quant_config.json"] = 2.0
    assert "hf_quant_config.json: no network, or too slow" in refused("org/fp8")


def test_a_config_without_its_neighbour_is_not_kept_for_later(hub: Hub, monkeypatch) -> None:
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = 500
    refused("org/fp8")
    hub.repositories["org/fp8"].status = 500
    assert "in trouble" in refused("org/fp8")


def test_a_copy_that_was_whole_serves_where_the_second_file_cannot_be_fetched(
    hub: Hub, monkeypatch
) -> None:
    load_architecture("org/fp8")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    hub.repositories["org/fp8"].statuses["hf_quant_config.json"] = 500
    model = load_architecture("org/fp8")
    assert model.precision.weights.name == "fp8"
    assert any(warning.startswith("from the cache") for warning in model.warnings)
