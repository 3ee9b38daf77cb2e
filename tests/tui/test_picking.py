"""One picker for every noun: by its key, by enter on a field, by ``:chip h20``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.scenario import LayoutLimits
from tests.tui.driving import SMALL, press, running
from tui.fuzzy import score
from tui.nouns.every import NOUNS
from tui.paths import past_file
from tui.session.past import past_scenarios, remember_scenario

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


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("rate 3", lambda s: s.workload.rate == 3),
        ("requests/s 3", lambda s: s.workload.rate == 3),
        ("isl 8K", lambda s: s.workload.input_tokens == 8192),
        ("isl=8000", lambda s: s.workload.input_tokens == 8000),
        ("tp 2", lambda s: s.limits.tensor == (2,)),
        ("chips 4", lambda s: s.chips == 4),
        ("tpot 15", lambda s: s.objectives.tpot_ms == 15),
        ("ttft p99 2s", lambda s: s.objectives.ttft_p99_ms == 2000),
        ("kv fp8", lambda s: s.kv == "fp8"),
        ("batch 16", lambda s: s.fixed_batch == 16),
        ("memory share 0.8", lambda s: s.settings.memory_fraction == 0.8),
        ("host_cache_gib 64", lambda s: s.settings.host_cache_gib == 64),
        ("think s 5", lambda s: s.workload.think_seconds == 5),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_any_knob_is_set_by_its_name_and_a_value(text: str, read):
    async with running(FREE) as (screen, pilot):
        await typed(pilot, text)
        assert read(screen.store.current)
        await press(pilot, "u")
        assert screen.store.current == FREE


async def test_a_value_that_a_knob_does_not_take_is_said_and_changes_nothing():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "colon", *"chips", "space", "x")
        assert "expected" in page(pilot)
        await press(pilot, "enter")
        assert screen.store.current == FREE


@pytest.mark.parametrize("text", ["tp 0", "chips all"])
async def test_a_value_that_only_hints_answer_to_is_refused_as_any_other(text: str):
    async with running(FREE) as (screen, pilot):
        await press(pilot, "colon", *text)
        assert "expected a whole number" in page(pilot)
        await press(pilot, "enter")
        assert "expected a whole number" in screen.footer.text
        assert screen.store.current == FREE


async def test_a_name_of_two_words_is_no_value_of_the_first():
    async with running(FREE) as (screen, pilot):
        await typed(pilot, "draft tokens")
        assert screen.store.current == FREE


async def test_a_knob_of_another_kind_of_model_is_refused():
    async with running(FREE) as (screen, pilot):
        await typed(pilot, "resolution 224x224")
        assert "not a field of this kind of model" in screen.footer.text
        assert screen.store.current == FREE


async def test_words_that_find_a_command_are_no_knob():
    async with running(FREE) as (_, pilot):
        await press(pilot, "colon", *"batch", "space", *"over")
        assert "batch overlap" in page(pilot)


async def test_the_short_name_of_a_chip_is_taken_as_it_is_typed():
    async with running(replace(FREE, chip="h200_sxm")) as (screen, pilot):
        await press(pilot, "2", "enter", *"h100", "enter")
        assert screen.store.current.chip == "h100_sxm"


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


async def test_a_scenario_of_a_session_before_is_listed_and_comes_back(tmp_path):
    async with running(FREE) as (screen, pilot):
        await press(pilot, "3", *["down"] * 4, "enter", *"15", "enter")
        before = screen.store.current
        screen.keep_session()
    async with running(replace(FREE, chips=1)) as (screen, pilot):
        await press(pilot, "o")
        assert "llama-3.1-8b on 2 × h100_sxm" in page(pilot)
        await press(pilot, "enter")
        assert screen.store.current == before


def test_a_file_of_past_scenarios_that_is_not_ours_lists_nothing(tmp_path):
    past_file().write_text('[{"scenario": 3}, 4, {"saved_at": 1}]')
    assert past_scenarios() == ()


def test_of_a_model_chip_and_number_the_last_scenario_is_kept(tmp_path):
    for chips, day in ((2, "1 Jan"), (4, "2 Jan"), (2, "3 Jan")):
        remember_scenario({"model": "m", "chip": "h100_sxm", "chips": chips}, day)
    assert [one.saved_at for one in past_scenarios()] == ["3 Jan", "2 Jan"]


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
