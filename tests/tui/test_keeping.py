"""What leaves the app belongs to the scenario on screen, and the session outlives its end."""

from __future__ import annotations

import threading
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

import engine.plan.sweep
from engine.scenario import LayoutLimits
from tests.tui.driving import SMALL, press, running, settled, until
from tui.beside.keeping import REST_SECONDS
from tui.overlays.deploy_page import DeployPage
from tui.screen import MainScreen

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "rooftop"


class SlowSweeps:
    """Holds up every sweep beside the keys until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go = threading.Event()
        real = engine.plan.sweep.sweep

        def sweep(*arguments, **options):
            while not self.go.wait(0.01):
                if arguments[2]():
                    return None
            return real(*arguments, **options)

        monkeypatch.setattr("engine.plan.sweep.sweep", sweep)
        monkeypatch.setattr("tui.session.shown.QUICK_CANDIDATES", 0)


@pytest.fixture
def slow(monkeypatch) -> SlowSweeps:
    return SlowSweeps(monkeypatch)


async def typed(pilot, *keys: str) -> None:
    """Press keys without waiting for a sweep."""
    for key in keys:
        await pilot.press(key)


class TestOneScenario:
    async def test_a_plan_saved_while_a_sweep_runs_waits_for_it(self, slow):
        slow.go.set()
        async with running() as (screen, pilot):
            slow.go.clear()
            await typed(pilot, "m", *"llama-3.1-70b", "enter", "s", "ctrl+u", *"p.toml", "enter")
            assert "waits for the sweep" in screen.footer.text
            assert not Path("p.toml").exists()
            slow.go.set()
            await until(pilot, lambda: "saved p.toml" in screen.footer.text)
            plan = tomllib.loads(Path("p.toml").read_text())
            assert plan["scenario"]["model"] == "llama-3.1-70b"
            assert "Llama-3.1-70B" in plan["answer"]
            assert "Llama-3.1-8B" not in plan["answer"]

    @pytest.mark.parametrize("key", ["y", "Y", "ctrl+y"])
    async def test_what_is_copied_while_a_sweep_runs_is_of_the_scenario_on_screen(
        self, key, slow, state
    ):
        slow.go.set()
        async with running() as (_, pilot):
            slow.go.clear()
            await typed(pilot, "m", *"llama-3.1-70b", "enter", key)
            slow.go.set()
            await until(pilot, (state / "last-copy.txt").exists)
            copied = (state / "last-copy.txt").read_text().lower()
            assert "llama-3.1-70b" in copied
            assert "llama-3.1-8b" not in copied

    async def test_what_starts_a_row_is_shown_once_its_sweep_is_in(self, slow):
        slow.go.set()
        async with running() as (_, pilot):
            slow.go.clear()
            await typed(pilot, "m", *"llama-3.1-70b", "enter", "E")
            slow.go.set()
            await until(pilot, lambda: isinstance(pilot.app.screen, DeployPage))
            view = pilot.app.screen.view
            text = "".join(part for one in view.lines for part, _ in one)
            assert "Llama-3.1-70B" in text
            assert "Llama-3.1-8B" not in text

    async def test_what_waits_is_given_up_when_the_scenario_changes(self, slow, state):
        slow.go.set()
        async with running() as (screen, pilot):
            slow.go.clear()
            await typed(pilot, "2", "down", "right", "escape", "ctrl+y")
            assert "copying the plan: waits" in screen.footer.text
            await typed(pilot, "2", "right")
            assert "copying the plan: not done" in screen.footer.text
            slow.go.set()
            await settled(pilot)
            assert not (state / "last-copy.txt").exists()

    async def test_a_plan_of_another_kind_of_model_is_copied_whole(self, slow, state):
        slow.go.set()
        async with running() as (screen, pilot):
            slow.go.clear()
            await typed(pilot, "m", *"resnet-50", "enter", "ctrl+y")
            slow.go.set()
            await until(pilot, lambda: "copied the plan" in screen.footer.text)
            assert "ResNet-50" in (state / "last-copy.txt").read_text()

    @pytest.mark.parametrize("key", ["y", "Y", "ctrl+y", "space", "b"])
    async def test_nothing_of_a_scenario_that_makes_no_sense_is_taken(self, key, state):
        limited = replace(SMALL, limits=LayoutLimits(tensor=(2,), pipeline=(1,)))
        async with running(limited) as (screen, pilot):
            await press(pilot, "2", "down", "enter", "1", "enter", "escape")
            assert screen.session.error
            await press(pilot, key)
            assert not (state / "last-copy.txt").exists()
            assert not screen.session.marked
            assert screen.session.baseline is None

    async def test_a_filter_of_another_kind_of_model_goes(self):
        async with running() as (screen, pilot):
            await press(pilot, "slash", *"tpot<20", "enter", "m", *"resnet-50", "enter")
            assert "ResNet-50" in screen.answer.text
            assert screen.session.view.match == ""
            assert len(screen.session.rows)


class TestWhileRunning:
    async def test_a_change_that_rests_is_written(self, state):
        async with running() as (_, pilot):
            await press(pilot, "2", "down", "right")
            assert not (state / "session.toml").exists()
            await until(pilot, (state / "session.toml").exists)
            session = tomllib.loads((state / "session.toml").read_text())
            assert session["scenario"]["chips"] == 4
            assert session["session"]["ended"] == "running"

    async def test_nothing_is_written_where_nothing_changed(self, state):
        async with running() as (_, pilot):
            await press(pilot, "j", "2", "4")
            await pilot.pause(REST_SECONDS + 0.3)
            assert not (state / "session.toml").exists()

    async def test_the_same_is_not_written_twice(self, state, monkeypatch):
        written = []
        monkeypatch.setattr(
            "tui.session.last_session.save_last_session", lambda one: written.append(one) or True
        )
        async with running() as (_, pilot):
            await press(pilot, "2", "down", "right")
            await until(pilot, lambda: written)
            await press(pilot, "j", "k", "escape")
            await pilot.pause(REST_SECONDS + 0.3)
            assert len(written) == 1

    async def test_a_killed_session_is_offered(self, state):
        async with running() as (_, pilot):
            await press(pilot, "2", "down", "right")
            await until(pilot, (state / "session.toml").exists)
            kept = (state / "session.toml").read_bytes()
        (state / "session.toml").write_bytes(kept)
        async with running() as (screen, pilot):
            assert "cut short" in screen.footer.text
            await press(pilot, "R")
            assert screen.store.current.chips == 4

    async def test_an_offer_stays_until_something_takes_its_place(self, state):
        async with running() as (_, pilot):
            await press(pilot, "2", "down", "right", "q")
        before = (state / "session.toml").read_bytes()
        async with running() as (_, pilot):
            await press(pilot, "slash", *"b>8", "enter")
            await pilot.pause(REST_SECONDS + 0.3)
            assert (state / "session.toml").read_bytes() == before

    async def test_a_state_folder_that_cannot_be_written_stops_nothing(self, tmp_path):
        (tmp_path / "state").write_text("a file")
        async with running() as (_, pilot):
            await press(pilot, "2", "down", "right")
            await pilot.pause(REST_SECONDS + 0.3)
            assert pilot.app.is_running


class TestRestoring:
    async def restored(self, *keys: str) -> tuple[MainScreen, MainScreen]:
        async with running() as (left, pilot):
            await press(pilot, *keys, "2", "down", "right", "q")
        async with running() as (screen, pilot):
            await press(pilot, "R")
            return left, screen

    async def test_the_baseline_comes_back(self):
        left, screen = await self.restored("b")
        assert screen.session.baseline.answer == left.session.baseline.answer

    async def test_the_marks_come_back(self):
        left, screen = await self.restored("space", "up", "space")
        assert screen.session.marked == left.session.marked
        assert len(screen.session.marked) == 2

    async def test_the_filter_comes_back(self):
        _, screen = await self.restored("slash", *"b>8", "enter")
        assert screen.session.view.match == "b>8"

    async def test_marks_that_are_none_are_named_and_left_out(self, state):
        async with running() as (_, pilot):
            await press(pilot, "space", "2", "down", "right", "q")
        path = state / "session.toml"
        path.write_text(path.read_text().replace("batch = ", "bach = "))
        async with running() as (screen, pilot):
            await press(pilot, "R")
            assert "without 1 of its marks" in screen.footer.text
            assert screen.session.marked == []
            assert screen.store.current.chips == 4

    async def test_a_filter_that_makes_no_sense_is_left_out(self, state):
        async with running() as (_, pilot):
            await press(pilot, "slash", *"b>8", "enter", "2", "down", "right", "q")
        path = state / "session.toml"
        path.write_text(path.read_text().replace("b>8", "zz>8"))
        async with running() as (screen, pilot):
            await press(pilot, "R")
            assert screen.store.current.chips == 4
            assert screen.session.view.match == ""
