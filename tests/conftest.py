"""What several tests stand on."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.hub_server import serving

# How fast examples are made says how busy the machine is, nothing of the product.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

# Tests read English, wherever they run.
for _name in ("LC_ALL", "LC_MESSAGES"):
    os.environ.pop(_name, None)
os.environ["LANG"] = "C.UTF-8"


@pytest.fixture(autouse=True)
def english_again():
    """The language that a test chose is not the next one's."""
    from engine.words.messages import ENGLISH, use_language

    yield
    use_language(ENGLISH)


@pytest.fixture
def local_hub(tmp_path, monkeypatch):
    """An empty hub on this machine, the client pointed to it, an empty cache, no token."""
    from engine.sources.hub import client, fetch

    client.client()
    settings = client.constants()
    monkeypatch.setattr(settings, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(settings, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(settings, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(fetch, "_REMEMBERED", {})
    monkeypatch.setattr(fetch, "RETRY_SECONDS", 0.0)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with serving({}) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.address)
        yield running
