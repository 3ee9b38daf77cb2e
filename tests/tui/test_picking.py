"""One picker for every noun: by its key, by enter on a field, by ``:chip h20``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.scenario import LayoutLimits
from tests.tui.driving import SMALL, press, running
from tui.fuzzy import score
from tui.nouns import NOUNS

FREE = replace(SMALL, limits=LayoutLimits())
pytestmark = pytest.mark.usefixtures("own_folders")


def page(pilot) -> str:
    return pilot.app.screen.view.text


@pytest.mark.parametrize(
    ("keys", "fact"),
    [("a", "GiB"), ("e", "constants"), ("m", "context")],
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_every_list_has_a_line_of_facts(keys: str, fact: str, size):
    async with running(size=size) as (_, pilot):
        await press(pilot, keys)
        assert fact in page(pilot)


async def test_letters_narrow_and_enter_takes():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "a", *"h200s", "enter")
        assert screen.store.current.chip == "h200_sxm"


async def test_the_cursor_begins_where_the_scenario_is():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "a", "enter")
        assert screen.store.current == FREE


async def test_escape_takes_nothing():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "e", "down", "escape")
        assert screen.store.current == FREE
        assert screen.is_current


async def test_enter_on_a_field_of_choices_opens_the_list():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "2", "enter", *"mi300x", "enter")
        assert screen.store.current.chip == "mi300x"
        await press(pilot, *["down"] * 3, "enter", *"fp8", "enter")
        assert screen.store.current.weights == "fp8"


async def test_degrees_that_are_not_listed_can_be_typed():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "2", *["down"] * 7, "enter", *"1,2", "enter")
        assert screen.store.current.limits.tensor == (1, 2)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("chip h20", "chip"),
        ("engine sglang", "framework"),
        ("framework sglang", "framework"),
        ("model qwen3-8b", "model"),
    ],
)
async def test_a_noun_with_a_value_after_a_colon(typed: str, place: str):
    async with running(FREE) as (screen, pilot):
        await press(pilot, "colon", *("space" if one == " " else one for one in typed), "enter")
        assert getattr(screen.store.current, place).startswith(typed.split()[1])


async def typed(pilot, text: str) -> None:
    await press(pilot, "colon", *("space" if one == " " else one for one in text), "enter")


async def test_a_precision_is_one_pick():
    async with running(FREE) as (screen, pilot):
        await typed(pilot, "precision w4a16")
        assert (screen.store.current.weights, screen.store.current.activations) == ("int4", "bf16")
        await typed(pilot, "precision w16a16")
        assert (screen.store.current.weights, screen.store.current.activations) == ("", "")


async def test_a_kind_of_deployment_is_one_pick():
    async with running(FREE) as (_, pilot):
        await typed(pilot, "deploy slurm")
        assert "slurm" in pilot.app.screen.view.title


async def test_plans_of_other_folders_are_listed_when_they_were_used(tmp_path):
    async with running(FREE) as (screen, pilot):
        (tmp_path / "there").mkdir()
        await press(pilot, "s", "ctrl+u", *"there/mine.toml", "enter")
        await press(pilot, "2", "down", "right", "o")
        assert "there/mine.toml" in page(pilot)
        await press(pilot, "enter")
        assert screen.store.current == FREE


async def test_saved_plans_are_listed_with_their_answers():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "s", "ctrl+u", *"mine.toml", "enter")
        Path("other.toml").write_text("theme = 1\n")
        await press(pilot, "2", "down", "right", "o")
        assert "mine.toml" in page(pilot)
        assert "other.toml" not in page(pilot)
        assert "Llama-3.1-8B on 2" in page(pilot)
        await press(pilot, "enter")
        assert screen.store.current == FREE


async def test_what_nobody_knows_is_said_and_changes_nothing():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "a", *"zzzz", "enter")
        assert "zzzz" in screen.footer.text + screen.answer.text
        assert screen.store.current == FREE


def test_names_are_found_by_a_few_letters_the_likeliest_first():
    names = ["h100_pcie", "h100_sxm", "h20", "h200_sxm", "gh200"]
    found = sorted((points, one) for one in names if (points := score("h20", one)) is not None)
    assert [one for _, one in found][:2] == ["h20", "h200_sxm"]
    assert score("hsxm", "h100_sxm") is not None
    assert score("xyz", "h100_sxm") is None


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.id)
def test_everything_listed_has_facts(noun):
    for value in noun.values(FREE):
        assert noun.told(FREE, value)
