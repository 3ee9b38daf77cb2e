"""Copies in the cache."""

from __future__ import annotations

import pytest

from engine.model.config import load_architecture
from tests.engine.sources.hub.repositories import refused
from tests.hub_server import Hub


@pytest.mark.parametrize("how", ["down", "gone", "offline"])
def test_a_copy_in_the_cache_serves_when_the_hub_cannot_be_asked(hub, monkeypatch, how) -> None:
    from engine.sources.hub.client import constants

    load_architecture("org/fp8")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    if how == "down":
        hub.repositories["org/fp8"].status = 503
    elif how == "gone":
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    else:
        monkeypatch.setattr(constants(), "HF_HUB_OFFLINE", True)
        hub.requests.clear()
    model = load_architecture("org/fp8")
    assert model.precision.weights.name == "fp8"
    assert any(warning.startswith("from the cache") for warning in model.warnings)
    assert how != "offline" or not hub.requests


def test_offline_without_a_copy(hub: Hub, monkeypatch) -> None:
    from engine.sources.hub.client import constants

    monkeypatch.setattr(constants(), "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set, and no copy of its config.json" in refused("org/plain")
    assert not hub.requests


def test_a_gated_repository_is_not_served_from_the_cache_in_silence(hub: Hub, monkeypatch) -> None:
    load_architecture("org/plain")
    monkeypatch.setattr("engine.sources.hub.fetch._REMEMBERED", {})
    hub.repositories["org/plain"].gated = True
    assert "gated" in refused("org/plain")
