"""Models from the hub in the app: fetched behind the screen, cancelled, refused."""

from __future__ import annotations

import json
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.scenario import Scenario
from tests.hub_server import Repository
from tests.tui.driving import SMALL, press, settled, until
from tui.app import RooftopApp

pytestmark = pytest.mark.usefixtures("own_folders")

TINY = (Path(__file__).parents[1] / "data" / "tiny_llama.json").read_bytes()


@pytest.fixture
def hub(local_hub):
    local_hub.repositories["org/tiny"] = Repository({"config.json": TINY})
    local_hub.repositories["org/gated"] = Repository({"config.json": TINY}, gated=True)
    local_hub.repositories["org/odd"] = Repository({"config.json": b'{"model_type": "odd"}'})
    return local_hub


@asynccontextmanager
async def running(scenario: Scenario = SMALL, size: tuple[int, int] = (120, 40)):
    app = RooftopApp(scenario)
    async with app.run_test(size=size) as pilot:
        yield app.main, pilot


async def ask_for(pilot, model: str) -> None:
    for key in ["m", "ctrl+u", *(("slash" if c == "/" else c) for c in model), "enter"]:
        await pilot.press(key)


async def test_a_model_from_the_hub(hub):
    async with running() as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, "org/tiny")
        await until(pilot, lambda: screen.store.current.model == "org/tiny")
        await settled(pilot)
        assert "Serve tiny" in screen.answer.text
        assert not screen.fetching.text


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_footer_says_what_is_fetched_and_how_to_stop(hub, size):
    name = "org/" + "n" * 90
    hub.repositories[name] = Repository({"config.json": TINY}, seconds=2)
    async with running(size=size) as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, name)
        await until(pilot, lambda: "config.json" in screen.footer.text)
        assert "fetching org/nnnn" in screen.footer.text
        assert screen.footer.text.endswith("esc cancels")


async def test_escape_cancels_and_late_results_are_dropped(hub, monkeypatch):
    arrived, go = threading.Event(), threading.Event()
    from engine.sources.hub import fetch

    real = fetch.fetch_config

    def slow(reference, progress=None):
        go.wait(5)
        found = real(reference, progress)
        arrived.set()
        return found

    monkeypatch.setattr("engine.sources.hub.fetch_config", slow)
    async with running() as (screen, pilot):
        await settled(pilot)
        before = screen.store.current
        await ask_for(pilot, "org/tiny")
        assert screen.fetching.text
        await pilot.press("escape")
        assert not screen.fetching.text
        assert "org/tiny was not fetched: cancelled" in screen.footer.text
        go.set()
        await until(pilot, arrived.is_set)
        assert screen.store.current == before
        assert "Serve Llama-3.1-8B" in screen.answer.text


async def test_keys_work_while_a_model_is_fetched(hub):
    hub.repositories["org/tiny"].seconds = 0.3
    async with running() as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, "org/tiny")
        await press(pilot, "2", "down", "right")
        assert screen.fetching.text
        assert screen.store.current.chips == 4
        await until(pilot, lambda: screen.store.current.model == "org/tiny")
        assert screen.store.current.chips == 4


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("org/gated", "accept its terms"),
        ("org/none", "no such repository"),
        ("org/odd", "'odd' is unknown"),
        ("org/tiny@nope", "no revision 'nope'"),
    ],
)
async def test_failures_keep_the_scenario(hub, model, words):
    async with running() as (screen, pilot):
        await settled(pilot)
        before = screen.store.current
        await ask_for(pilot, model)
        await until(pilot, lambda: not screen.fetching.text and screen.footer.message)
        assert words in screen.footer.message
        assert screen.store.current == before
        assert not screen.session.error


async def test_a_long_reason_is_shown_whole(hub):
    async with running(size=(80, 24)) as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, "org/gated")
        await until(pilot, lambda: not screen.fetching.text and screen.footer.message)
        assert "HF_TOKEN" in screen.answer.text
        await pilot.press("down")
        assert "Serve Llama-3.1-8B" in screen.answer.text


async def test_starting_on_a_model_from_the_hub(hub):
    hub.repositories["org/tiny"].seconds = 0.2
    async with running(replace(SMALL, model="org/tiny")) as (screen, pilot):
        await until(pilot, lambda: screen.fetching.text)
        assert "fetching org/tiny" in screen.answer.text
        await settled(pilot)
        assert "Serve tiny" in screen.answer.text


async def test_starting_on_a_model_that_cannot_be_fetched(hub):
    async with running(replace(SMALL, model="org/gated")) as (screen, pilot):
        await until(pilot, lambda: screen.session and screen.session.error)
        assert "gated" in screen.answer.text
        hub.repositories["org/gated"].gated = False
        await pilot.press("f5")
        await settled(pilot)
        await until(pilot, lambda: "Serve gated" in screen.answer.text)


async def test_cancelled_at_the_start_another_model_opens(hub):
    hub.repositories["org/tiny"].seconds = 2
    async with running(replace(SMALL, model="org/tiny")) as (screen, pilot):
        await until(pilot, lambda: screen.fetching.text)
        await pilot.press("escape")
        assert "cancelled" in screen.answer.text
        await ask_for(pilot, "llama-3.1-8b")
        await until(pilot, lambda: "Serve Llama-3.1-8B" in screen.answer.text)
        assert not screen.session.error


async def test_a_plan_on_a_hub_model_opens_without_blocking(hub, tmp_path):
    async with running(replace(SMALL, model="org/tiny")) as (screen, pilot):
        await until(pilot, lambda: screen.session and screen.session.sweep_is_current)
        await press(pilot, "s", "ctrl+u", *"p.toml", "enter")
        saved = screen.store.current
    from engine.sources.hub import fetch

    fetch._REMEMBERED.clear()
    async with running() as (screen, pilot):
        await settled(pilot)
        await press(pilot, "o", "ctrl+u", *"p.toml", "enter")
        await until(pilot, lambda: screen.store.current == saved)


async def test_a_new_model_drops_what_belonged_to_the_old_one(hub):
    edits = (("num_hidden_layers", 8),)
    start = replace(SMALL, edits=edits, assume="llama", revision="v9")
    async with running(start) as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, "org/tiny")
        await until(pilot, lambda: screen.store.current.model == "org/tiny")
        current = screen.store.current
        assert (current.edits, current.assume, current.revision) == ((), "", "")


async def test_hostile_config_changes_nothing(hub):
    config = {**json.loads(TINY), "model_type": "\x1b]0;x\x07[red]", "auto_map": {"a": "[/]"}}
    hub.repositories["org/evil"] = Repository({"config.json": json.dumps(config).encode()})
    async with running() as (screen, pilot):
        await settled(pilot)
        await ask_for(pilot, "org/evil")
        await until(pilot, lambda: not screen.fetching.text and screen.footer.message)
        assert "[red]" in screen.footer.message
        assert "\x1b" not in screen.footer.message
