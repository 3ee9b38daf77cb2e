"""What tests of the running app share."""

from __future__ import annotations

import pytest


@pytest.fixture
def own_folders(tmp_path, monkeypatch):
    """The app's files go into a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.chdir(tmp_path)
