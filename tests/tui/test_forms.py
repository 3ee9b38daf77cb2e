"""Forms: what is rarely used is folded, everything is reached, a letter narrows a long list."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenario import Scenario
from tests.tui.driving import SMALL, press, running
from tui.fields.forms import HARDWARE, WORKLOAD
from tui.session.choices import load_choices
from tui.widgets.form_rows import Heading, form_rows

pytestmark = pytest.mark.usefixtures("own_folders")


def lines_of(pane) -> str:
    """What a pane shows."""
    width, height = pane.size
    return "\n".join("".join(text for text, _ in line) for line in pane.content(width, height))


@pytest.mark.parametrize("form", [HARDWARE, WORKLOAD])
def test_a_group_is_in_one_place(form):
    headings = [one.group for one in form_rows(form, ()) if isinstance(one, Heading)]
    assert len(headings) == len(set(headings))
    assert list(form) == [one for one in form_rows(form, headings) if not isinstance(one, Heading)]


def test_a_heading_says_what_was_chosen_below_it():
    chosen = replace(Scenario(), draft_tokens=2)
    heading = next(one for one in form_rows(WORKLOAD, ()) if getattr(one, "group", "") == "drafts")
    assert heading.chosen(chosen) == (("draft tokens", "2"),)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_every_field_is_reached_by_the_cursor(size):
    async with running(SMALL, size) as (screen, pilot):
        for key, name in (("2", "hardware"), ("3", "workload")):
            await press(pilot, key)
            form = screen.panes.named(name)
            form.unfold(one.group for one in form.fields if one.group)
            seen = []
            form.cursor = 0
            for _ in form.rows:
                if form.field is not None:
                    assert f" {form.field.label}" in lines_of(form)
                    seen.append(form.field.id)
                await press(pilot, "down")
            assert seen == [one.id for one in form.fields]


async def test_a_group_stays_open_for_the_next_start():
    async with running() as (screen, pilot):
        form = screen.panes.named("workload")
        await press(pilot, "3", "G")
        assert "enter opens" in lines_of(form)
        await press(pilot, "right")
        assert load_choices().open_groups == ("client and cache",)
        assert "cached share" in lines_of(form)
    async with running() as (screen, pilot):
        form = screen.panes.named("workload")
        await press(pilot, "3")
        assert form.opened == {"client and cache"}
        form.cursor = next(
            place for place, one in enumerate(form.rows) if isinstance(one, Heading) and one.opened
        )
        await press(pilot, "left")
        assert load_choices().open_groups == ()


async def test_a_letter_narrows_a_long_list():
    async with running() as (screen, pilot):
        await press(pilot, "2", "h", *"20", "enter")
        assert screen.store.current.chip.startswith("h20")
        assert screen.panes.named("hardware").field.id == "chip"


async def test_letters_that_begin_no_choice_are_commands():
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "right", "up", "u")
        assert screen.store.current.chips == SMALL.chips


async def test_the_palette_leads_to_a_folded_field():
    async with running() as (screen, pilot):
        await press(pilot, "colon", *"expert", "space", *"copies", "enter")
        assert screen.active is screen.panes.named("hardware")
        assert screen.active.field.id == "redundant_experts"


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40), (200, 60)])
async def test_what_is_expected_of_a_value_is_read_whole(size):
    async with running(size=size) as (screen, pilot):
        await press(pilot, "3", "down", "enter", *"1.5")
        told = screen.panes.named("workload").text + screen.footer.text
        assert "expected a whole number from 1" in told
        assert "tok/s" in screen.answer.text
        await press(pilot, "escape")
        assert "expected" not in screen.footer.text
