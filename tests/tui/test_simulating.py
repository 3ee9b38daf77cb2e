"""Simulating a row's plan through the pilot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.scenario import Objectives
from engine.serve.simulation.simulated import Simulated, TimeLine
from tests.tui.driving import press, running, until
from tui.overlays.simulation_lines import Shown, simulation_lines
from tui.overlays.simulation_page import SimulationPage

pytestmark = pytest.mark.usefixtures("own_folders")
ONES = np.ones(4)
FOUND = Simulated(
    arrival_seconds=np.arange(4.0),
    input_tokens=100 * ONES,
    output_tokens=10 * ONES,
    ttft_seconds=0.1 * ONES,
    tpot_seconds=0.01 * ONES,
    e2e_seconds=0.2 * ONES,
    gap_seconds=0.01 * ONES,
    gap_counts=ONES,
    line=TimeLine(np.arange(1.0, 5.0), np.array([0.0, 3.0, 1.0, 0.0]), ONES, 0.5 * ONES),
    seconds=4.0,
    busy=0.5,
    preemptions=2,
    refused=0,
    cached=0.0,
    chips=1,
    settled=0,
)


def text(lines) -> str:
    return "\n".join("".join(part for part, _ in one) for one in lines)


@pytest.mark.parametrize(("width", "height"), [(78, 20), (118, 36), (60, 12)])
def test_lines_fit_and_say_everything(width: int, height: int):
    lines = simulation_lines(Shown("x" * 200, 1.0, FOUND), Objectives(), width, height)
    assert all(len(text([one])) <= width for one in lines)
    shown = text(lines)
    assert all(word in shown for word in ("TTFT", "ITL", "p99", "waiting", "running", "KV held"))
    assert "2 times a request lost its cache" in shown
    assert "at most 50%" in shown


def test_progress_is_said_until_it_is_done():
    assert "40%" in text(simulation_lines(Shown("x", 0.4), Objectives(), 80, 20))


def test_what_misses_a_limit_is_counted():
    lines = simulation_lines(Shown("x", 1.0, FOUND), Objectives(ttft_ms=1.0), 80, 20)
    assert "0.0% of the requests keep every limit" in text(lines)


def test_nothing_to_wait_for_is_drawn_too():
    calm = replace(FOUND, line=replace(FOUND.line, waiting=np.zeros(4)))
    assert "at most 0" in text(simulation_lines(Shown("x", 1.0, calm), Objectives(), 80, 20))


async def test_the_row_is_simulated_and_the_page_closes():
    async with running() as (screen, pilot):
        await press(pilot, "S")
        page = pilot.app.screen
        assert isinstance(page, SimulationPage)
        await until(pilot, lambda: page.shown.found is not None)
        assert "TTFT" in page.view.text
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_closing_stops_it():
    async with running() as (screen, pilot):
        await press(pilot, "S", "escape")
        assert pilot.app.screen is screen
