"""What several tests stand on."""

from __future__ import annotations

import pytest

from tests.hub_server import serving


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
