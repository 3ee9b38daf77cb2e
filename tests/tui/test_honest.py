"""What the screen must not leave out, nor make look better than it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.metrics.table import BY_ID
from engine.plan.names.named_scenario import named_scenario
from engine.plan.sensitivity.neighbours import nudges
from engine.scenario import LayoutLimits, Scenario
from tests.tui.driving import SMALL, press, running
from tui.drawing.format import beyond

FREE = replace(SMALL, limits=LayoutLimits())
pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (10.02, 10.0, "10.02"),
        (50.004, 50.0, "50.004"),
        (9.98, 10.0, "9.98"),
        (49.99, 50.0, "50.0"),
        (50.4, 50.0, "50.4"),
        (2000.3, 2000.0, "2,000.3"),
        (10.02, None, "10.0"),
    ],
)
def test_a_miss_reads_as_a_miss(value: float, limit: float | None, text: str):
    assert beyond(BY_ID["tpot_ms"], value, limit) == text


async def test_against_a_baseline_cells_show_value_and_change():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "b", "2", "down", "down", "down", "right", "right")
        table = screen.panes.home
        batch, first, *_ = next(one.split()[1:] for one in table.text.split("\n") if "★" in one)
        assert batch.isdigit()
        assert float(first.replace(",", "")) > 0
        assert "%" in table.text or "new" in table.text


async def test_the_name_of_the_row_is_on_the_screen_of_another_pane_alone():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "5", "full_stop")
        assert screen.panes.home.name_of_row() in screen.footer.text


async def test_a_row_of_a_first_token_name_is_called_so():
    name = "FTL001-Llama2-70B-S4K-W4A16-B1"
    async with running(named_scenario(name, Scenario(chip="h100", chips=8))) as (screen, pilot):
        assert name in screen.panes.home.text
        await press(pilot, "down")
        assert name.replace("-B1", "-B2") in screen.panes.home.text


async def test_a_throughput_name_of_one_token_stays_one():
    name = "TPS001-Llama2-70B-S4K-01-W4A16-B16"
    async with running(named_scenario(name, Scenario(chip="h100", chips=8))) as (screen, _):
        assert name in screen.panes.home.text


async def test_a_wide_row_says_how_many_are_in_flight():
    async with running(replace(FREE, chips=8), size=(200, 60)) as (screen, _):
        replicas = screen.session.arrangement.replicas
        batch = int(screen.session.selected[0].batch[screen.session.selected[1]])
        assert replicas > 1
        assert f"{batch} × {replicas} = {batch * replicas:,} in flight" in screen.panes.home.text


async def test_the_chart_tells_the_point_under_the_cursor_and_its_range():
    async with running(FREE, size=(240, 60)) as (screen, pilot):
        await press(pilot, "5", "down")
        table, row = screen.session.selected
        title = screen.chart.text.split("\n")[0]
        assert f"B{int(table.batch[row])} {table.arrangement(row).name}: " in title
        assert " ± " in title
        assert "above and below" in screen.chart.text


def test_every_engine_of_the_chip_is_a_knob():
    found = {one.after for one in nudges(FREE) if one.knob == "engine"}
    assert {"sglang", "trtllm"} <= found and "vllm" not in found
