"""Fleets in the app: the page's lines, and the way to it by keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.plan.fleet.day import planned_day
from engine.plan.fleet.several import sized_fleets
from engine.plan.stock import best_split, read_stock
from engine.scenario import ChipCount, Objectives, Workload
from tests.tui.driving import SMALL, press, running, until
from tui.drawing.styles import CURSOR
from tui.overlays.fleet_lines import Shown, fleet_lines
from tui.overlays.fleet_page import FleetPage
from tui.overlays.picker import Picker

pytestmark = pytest.mark.usefixtures("own_folders")
LOADED = replace(SMALL, workload=Workload(1024, 256, rate=20.0), prices="example")
RATES = (0.0, 5.0, 40.0, 20.0)
DAY = "hour,requests_per_second\n" + "".join(f"{h},{r}\n" for h, r in enumerate(RATES))
STOCK = """
[chips]
h100_sxm = 8
[[loads]]
name = "chat"
model = "llama-3.1-8b"
rate = 5
isl = 1024
osl = 256
"""
SIZES = [(78, 20), (118, 36), (58, 12)]


def text(lines) -> str:
    return "\n".join("".join(part for part, _ in one) for one in lines)


def fits(lines, width: int) -> bool:
    return all(len(text([one])) <= width for one in lines)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_day_is_a_curve_and_its_hours(width: int, height: int):
    days = planned_day(LOADED, RATES, grows=True)
    lines = fleet_lines(Shown("day", 1.0, days), width, height)
    told = text(lines)
    assert fits(lines, width)
    for word in ("at the peak", "on average", "a day", "kWh", "no hour below", "replicas", "⣀"):
        assert word in told
    assert all(f"\n   {hour:02d} " in told for hour in range(len(RATES)))


def test_hours_below_are_said_and_their_chips_draw_power():
    few = replace(LOADED, chips=1)
    day = planned_day(few, (5.0, 500.0), grows=False)[0]
    assert day.rows()[1]["kwh"] == pytest.approx(day.rows()[0]["kwh"])
    assert "below the objectives" in text(fleet_lines(Shown("day", 1.0, (day,)), 100, 30))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_rate_has_every_layout(width: int, height: int):
    fleets = sized_fleets({"": LOADED})
    lines = fleet_lines(Shown("rate", 1.0, fleets), width, height)
    assert fits(lines, width)
    assert "to be 90 % sure" in text(lines)
    assert all(one.arrangement.layout_name in text(lines) for one in fleets.by_name[""].sized)


def test_a_stock_shows_what_is_used_of_it(tmp_path: Path):
    path = tmp_path / "stock.toml"
    path.write_text(STOCK)
    lines = fleet_lines(Shown("s", 1.0, best_split(read_stock(path, SMALL))), 78, 20)
    assert fits(lines, 78)
    assert "chat" in text(lines) and "/ 8" in text(lines)


def test_progress_and_what_is_wrong_are_said():
    assert "40%" in text(fleet_lines(Shown("day.csv", 0.4), 80, 20))
    assert "row 3" in text(fleet_lines(Shown("day.csv", refused="day.csv: row 3"), 80, 20))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a day."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "day.csv").write_text(DAY)
    return tmp_path


async def test_a_day_is_picked_planned_and_closed(folder: Path):
    async with running(LOADED) as (screen, pilot):
        await press(pilot, "d")
        assert isinstance(pilot.app.screen, Picker)
        assert "day.csv" in pilot.app.screen.view.text
        await press(pilot, *"day", "enter")
        page = pilot.app.screen
        assert isinstance(page, FleetPage)
        await until(pilot, lambda: page.shown.found is not None)
        first = page.view.text
        await press(pilot, "right")
        assert page.view.text != first and page.shown.place == 1
        await press(pilot, "c")
        await until(pilot, lambda: page.shown.found is not None)
        assert "2 chips at the peak" in page.view.text
        await press(pilot, "escape")
        assert pilot.app.screen is screen


async def test_an_hour_is_taken_over_with_its_chips_and_layout(folder: Path):
    async with running(LOADED) as (screen, pilot):
        await press(pilot, "colon", *"fleet day.csv", "enter")
        page = pilot.app.screen
        await until(pilot, lambda: page.shown.found is not None)
        await press(pilot, "enter")
        assert pilot.app.screen is page, "nothing comes in the first hour"
        await press(pilot, "j", "j", "enter")
        assert pilot.app.screen is screen
        now, hour = screen.session.store.current, page.shown.found[0].hours[2]
        assert (now.workload.rate, now.chips) == (40.0, hour.sized.chips)
        await until(pilot, lambda: screen.session.sweep_is_current)
        assert (
            screen.session.sweep.table.arrangement(screen.session.sweep.best)
            == hour.sized.arrangement
        )
        await press(pilot, "u")
        assert screen.session.store.current.workload.rate == 20.0


async def test_a_layout_is_taken_over_and_rows_are_written_as_csv(folder: Path):
    async with running(LOADED) as (screen, pilot):
        await press(pilot, "d", "enter")
        page = pilot.app.screen
        await until(pilot, lambda: page.shown.found is not None)
        await press(pilot, "s", "enter")
        written = (folder / "fleet-rate.csv").read_text().splitlines()
        assert written[0].startswith("chip,engine,layout") and len(written) == page.shown.rows + 1
        await press(pilot, "d", "enter")
        page = pilot.app.screen
        await until(pilot, lambda: page.shown.found is not None)
        sized = page.shown.found.ranked()[-1].sized
        await press(pilot, "G", "enter")
        assert screen.session.store.current.chips == sized.chips
        assert screen.session.store.current.limits.tensor == (sized.arrangement.layout.tensor,)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_one_row_is_under_the_cursor(width: int, height: int):
    shown = Shown("day", 1.0, planned_day(LOADED, RATES, grows=True), row=2)
    (marked,) = [one for one in fleet_lines(shown, width, height) if one[0][1] is CURSOR]
    assert marked[0][0].strip().startswith("02")


async def test_several_chips_stand_in_one_table(folder: Path):
    async with running(LOADED) as (_, pilot):
        await press(pilot, "colon", *"fleet h100,l40s", "enter")
        page = pilot.app.screen
        await until(pilot, lambda: page.shown.found is not None)
        assert "h100_sxm" in page.view.text and "l40s" in page.view.text


async def test_a_bad_day_is_one_line_on_the_page(folder: Path):
    (folder / "day.csv").write_text(DAY + "9,1\n")
    async with running(LOADED) as (_, pilot):
        await press(pilot, "colon", *"fleet day.csv", "enter")
        page = pilot.app.screen
        await until(pilot, lambda: page.shown.refused)
        assert "row 6: hour" in page.view.text


async def test_closing_stops_it_and_a_rate_is_asked_for(folder: Path):
    async with running(LOADED) as (screen, pilot):
        await press(pilot, "d", "enter", "escape")
        assert pilot.app.screen is screen
    async with running() as (screen, pilot):
        await press(pilot, "d", "enter")
        assert pilot.app.screen is screen
        assert "needs requests per second" in screen.footer.text


async def test_chips_are_counted_for_the_rate_and_anew_for_another(folder: Path):
    async with running(LOADED) as (screen, pilot):
        await press(pilot, "colon", *"chips auto", "enter")
        session = screen.session
        await until(pilot, lambda: session.sweep_is_current)
        first = session.store.current
        assert first.counting is ChipCount.ENOUGH and first.chips == 8
        await press(pilot, "colon", *"rate 200", "enter")
        await until(pilot, lambda: session.store.current.chips > 8 and session.sweep_is_current)
        assert session.answer_verdict == "meets"
        await press(pilot, "v")
        layouts = [session.shown.arrangement(row).layout_name for row in session.rows]
        assert len(layouts) == len(set(layouts))
        await press(pilot, "colon", *"chips 4", "enter")
        await until(pilot, lambda: session.sweep_is_current)
        assert session.store.current.chips == 4
        assert session.store.current.counting is ChipCount.GIVEN


async def test_chips_that_are_to_be_counted_wait_for_a_rate(folder: Path):
    async with running() as (screen, pilot):
        await press(pilot, "colon", *"chips auto", "enter")
        assert "auto: needs requests/s" in screen.panes.named("hardware").text
        await press(pilot, "colon", *"rate 20", "enter")
        await until(pilot, lambda: screen.session.sweep_is_current)
        assert "auto ≤ " in screen.panes.named("hardware").text


async def test_a_rate_that_no_chips_carry_leaves_the_answer_that_says_so(folder: Path):
    impossible = replace(LOADED, objectives=Objectives(ttft_ms=0.001))
    async with running(impossible) as (screen, pilot):
        await press(pilot, "colon", *"chips auto", "enter")
        session = screen.session
        await until(pilot, lambda: session.sweep_is_current)
        assert session.answer_verdict == "misses"
