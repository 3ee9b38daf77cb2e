"""Benchmark names in the app: typed, pasted or given at the start, they are scenarios."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenario import LayoutLimits, Mode, Objectives
from tests.tui.driving import SMALL, press, running, settled
from tui.main import start

NAME = "TPS007-Llama2-70B-S4K-01-W4A16-B16"
HERE = replace(SMALL, chips=8, objectives=Objectives())
pytestmark = pytest.mark.usefixtures("own_folders")


def stands_on_the_name(screen) -> bool:
    scenario = screen.store.current
    table, row = screen.session.selected
    return (
        scenario.model == "llama-2-70b"
        and scenario.workload.mode is Mode.STATIC
        and int(table.batch[row]) == 16
        and NAME in screen.table.text
    )


async def test_a_name_typed_after_a_colon_is_the_scenario():
    async with running(HERE) as (screen, pilot):
        await press(pilot, "colon", *NAME, "enter")
        assert stands_on_the_name(screen)
        assert "batch 16" in screen.answer.text
        told = " ".join(screen.answer.text.split())
        assert "prompt tok/s/chip at TTFT" in told
        assert " ± " in told


async def test_a_name_pasted_into_the_model_prompt_is_the_scenario():
    async with running(HERE) as (screen, pilot):
        await pilot.press("m")
        pilot.app.screen.on_paste(_Paste(NAME))
        await press(pilot, "enter")
        await settled(pilot)
        assert stands_on_the_name(screen)


class _Paste:
    """What the terminal sends as one piece."""

    def __init__(self, text: str) -> None:
        self.text = text

    def stop(self) -> None:
        """Handled."""

    def prevent_default(self) -> None:
        """Handled."""


async def test_a_name_is_taken_back_like_any_change():
    async with running(HERE) as (screen, pilot):
        await press(pilot, "colon", *NAME, "enter", "u")
        assert screen.store.current == HERE


async def test_a_bad_name_is_one_line_and_changes_nothing():
    async with running(HERE) as (screen, pilot):
        await press(pilot, "colon", *"TPS001-Llama2-70B-S4K-01-WA16-B16", "enter")
        assert "field 6 (precision" in screen.footer.text + screen.answer.text
        assert screen.store.current == HERE


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_the_name_of_the_selected_row_is_on_the_screen(size):
    async with running(SMALL, size=size) as (screen, pilot):
        await press(pilot, "down", "down")
        table, row = screen.session.selected
        assert f"TPS001-Llama3.1-8B-S4K-01K-W16A16-B{int(table.batch[row])}" in screen.table.text


async def test_the_range_of_the_selected_row_is_dropped_last():
    async with running(SMALL, size=(60, 16)) as (screen, _):
        assert "±" in screen.table.text.split("\n")[-1]
    async with running(SMALL, size=(120, 40)) as (screen, _):
        assert "tok/s/chip" in screen.table.text.split("\n")[-1]


async def test_one_token_has_columns_of_its_own():
    async with running(HERE) as (screen, pilot):
        await press(pilot, "colon", *NAME, "enter")
        header = screen.table.text.split("\n")[1]
        assert "prompt tok/s/chip" in header
        assert "TPOT" not in header
        assert "TTFT" in screen.why.text or "prefill" in screen.why.text
        await press(pilot, "5", "5", "p")
        assert "over TTFT" in screen.chart.text


def test_a_name_that_cannot_be_read_ends_the_start_in_one_line(capsys):
    assert start(["TPS001-Foo-70B-S4K-01-W4A16-B16"]) == 2
    assert "no model is called Foo-70B" in capsys.readouterr().err


async def test_unchosen_lengths_fit_the_model_and_come_back():
    async with running(replace(SMALL, chips=8, limits=LayoutLimits())) as (screen, pilot):
        await press(pilot, "m", *"llama-2-7b", "enter")
        assert screen.store.current.workload.input_tokens == 3072
        assert "3K in, 1K out (not chosen)" in screen.footer.text
        assert "fits its context" in screen.panes.named("workload").text
        await press(pilot, "m", *"llama-3.1-8b", "enter")
        assert screen.store.current.workload.input_tokens == 4096
