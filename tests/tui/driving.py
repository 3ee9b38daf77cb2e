"""Driving the app through Textual's pilot: start it, press keys, wait for the sweep."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import asynccontextmanager

from engine.scenario import LayoutLimits, Objectives, Scenario
from engine.words.messages import ENGLISH
from tui.app import RooftopApp
from tui.session.choices import load_choices
from tui.settings.settings import Settings

SMALL = Scenario(
    model="llama-3.1-8b",
    chip="h100_sxm",
    chips=2,
    objectives=Objectives(ttft_ms=1000, tpot_ms=20),
    limits=LayoutLimits(tensor=(1, 2), pipeline=(1,)),
)


@asynccontextmanager
async def running(
    scenario: Scenario = SMALL, size: tuple[int, int] = (120, 40), language: str = ENGLISH
):
    """The app as `rooftop` starts it, with its first sweep in: its main screen and the pilot."""
    settings = Settings(choices=load_choices(), language=language)
    app = RooftopApp(scenario, settings=settings)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app.main, pilot


async def until(pilot, true: Callable[[], object]) -> None:
    """Wait until something is so."""
    for _ in range(300):
        if true():
            await pilot.pause(0.02)
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came")


async def settled(pilot) -> None:
    """Wait until the sweep of the scenario on screen is in."""
    main = pilot.app.main
    await until(
        pilot, lambda: main.session and (main.session.error or main.session.sweep_is_current)
    )


async def explained(pilot) -> None:
    """Wait until the why pane, where there is one, is about the row under the cursor."""
    main = pilot.app.main

    def is_current() -> bool:
        if not main.why.display or main.session.selected is None:
            return True
        table, row = main.session.selected
        found, place = main.why.explanation, (table.arrangement(row), int(table.batch[row]))
        return found is not None and (found.arrangement, found.batch) == place

    await until(pilot, is_current)


async def press(pilot, *keys: str) -> None:
    """Press keys one after the other, and wait for the sweep."""
    for key in keys:
        await pilot.press(key)
    await settled(pilot)
