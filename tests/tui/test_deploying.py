"""What starts a row: seen, copied and written from the app."""

from __future__ import annotations

import pytest

from engine.plan.deploy.kind import deployment_ids
from tests.tui.driving import press, running
from tui.overlays.deploy_page import DeployPage
from tui.paths import last_copy_file

pytestmark = pytest.mark.usefixtures("own_folders")


def shown(pilot) -> str:
    view = pilot.app.screen.view
    return "\n".join([view.title, *("".join(text for text, _ in one) for one in view.lines)])


async def test_files_are_seen_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with running() as (_, pilot):
        await press(pilot, "E")
        assert isinstance(pilot.app.screen, DeployPage)
        assert "vllm serve meta-llama/" in shown(pilot)
        await press(pilot, "escape")
        assert not list(tmp_path.rglob("*.sh"))


async def test_what_differs_is_told_above_the_files():
    async with running() as (_, pilot):
        await press(pilot, "E")
        assert shown(pilot).splitlines()[1] == "It starts exactly what was predicted."


async def test_kinds_go_round():
    async with running() as (_, pilot):
        await press(pilot, "E")
        seen = []
        for _ in deployment_ids():
            seen.append(pilot.app.screen.view.title.split()[0])
            await press(pilot, "right")
        assert sorted(seen) == [*deployment_ids()]
        await press(pilot, "left")
        assert pilot.app.screen.view.title.split()[0] == seen[-1]


async def test_files_are_copied():
    async with running() as (_, pilot):
        await press(pilot, "E", "y")
        assert last_copy_file().read_text().startswith("#!/usr/bin/env bash")


async def test_files_are_written_where_asked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with running() as (screen, pilot):
        await press(pilot, "E", "s", "ctrl+u", *"out", "enter")
        assert (tmp_path / "out" / "start.sh").read_text().startswith("#!")
        await press(pilot, "E", "s", "ctrl+u", *"out", "enter")
        assert "exists, nothing was written" in screen.footer.text
