"""As a process: settings come from the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.engine.sources.hub.repositories import PARAMETERS
from tests.hub_server import Hub


def process(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    return subprocess.run(
        [sys.executable, "-m", "engine", *arguments],
        capture_output=True,
        text=True,
        env={**kept, **environment},
        cwd=Path(__file__).parents[4],
        timeout=60,
    )


def test_settings_come_from_the_environment(hub: Hub, tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    settings = {"HF_ENDPOINT": hub.address, "HF_HOME": home, "HF_TOKEN": hub.token}
    first = process("model", "org/gated", "--json", **settings)
    assert (first.returncode, first.stderr) == (0, "")
    assert json.loads(first.stdout)["total_parameters"] == PARAMETERS
    hub.requests.clear()
    offline = process("model", "org/gated", "--json", HF_HOME=home, HF_HUB_OFFLINE="1")
    assert offline.returncode == 0
    assert not hub.requests


def test_a_proxy_is_used_and_named_when_it_fails(hub: Hub, tmp_path: Path) -> None:
    settings = {"HF_ENDPOINT": "http://hub.invalid", "HF_HOME": str(tmp_path), "NO_PROXY": ""}
    through = process("model", "org/plain", HTTP_PROXY=hub.address, **settings)
    assert (through.returncode, through.stderr) == (0, "")
    broken = process("model", "org/gated", HTTP_PROXY="http://u:secret@127.0.0.1:9", **settings)
    assert broken.returncode == 2
    assert "through the proxy in HTTP_PROXY" in broken.stderr
    assert "secret" not in broken.stderr
    odd = process("model", "org/gated", HTTP_PROXY="quux://127.0.0.1:9", **settings)
    assert "the proxy in HTTP_PROXY cannot be used" in odd.stderr


def test_settings_that_the_client_cannot_read(tmp_path: Path) -> None:
    done = process("model", "org/plain", HF_HUB_ETAG_TIMEOUT="soon", HF_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "check the HF_ settings" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_client_is_imported_only_for_the_hub() -> None:
    script = (
        "import sys; from engine.model.config import load_architecture, hub_reference\n"
        "load_architecture('llama-2-7b'); assert hub_reference('org/name') is not None\n"
        "assert not {'huggingface_hub', 'httpx', 'httpx2'} & set(sys.modules)"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
