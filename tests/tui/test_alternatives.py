"""Precisions, chips and engines side by side in the app."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenario import LayoutLimits
from tests.tui.driving import SMALL, press, running, until

FREE = replace(SMALL, limits=LayoutLimits())
SIZES = pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (60, 16)])
pytestmark = pytest.mark.usefixtures("own_folders")


def page(pilot) -> str:
    return pilot.app.screen.view.text


def lines(pilot) -> list[str]:
    """What the page holds, whether or not it is in sight."""
    return ["".join(run for run, _ in one).strip() for one in pilot.app.screen.view.lines]


async def swept(pilot) -> None:
    await until(pilot, lambda: lines(pilot) and "to be swept" not in " ".join(lines(pilot)))


@SIZES
async def test_one_key_puts_precisions_side_by_side(size):
    async with running(FREE, size=size) as (_, pilot):
        await press(pilot, "W")
        await swept(pilot)
        text = " ".join(lines(pilot))
        for label in ("W16A16 own", "W8A8", "W4A16", "W4A8", "KV8"):
            assert label in text
        assert " ± " in text and "16-bit score" in text and "published: " in text


async def test_the_best_comes_first_and_enter_takes_it():
    async with running(FREE) as (screen, pilot):
        before = screen.session.answered().metrics["tps_per_chip"]
        await press(pilot, "W")
        await swept(pilot)
        await press(pilot, "enter")
        assert screen.store.current != FREE
        assert screen.session.answered().metrics["tps_per_chip"] > before
        await press(pilot, "u")
        assert screen.store.current == FREE


async def test_the_field_says_which_precisions():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "2", *["down"] * 6, "enter", "ctrl+u", *"w8a8,kv8", "enter")
        assert screen.store.current.precisions == ("W8A8", "KV8")
        await press(pilot, "W")
        await swept(pilot)
        text = " ".join(lines(pilot))
        assert "W16A16 KV8" in text and "W4A16" not in text


async def test_a_precision_that_cannot_be_read_leaves_the_field_as_it_was():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "2", *["down"] * 6, "enter", "ctrl+u", *"w8a5")
        assert screen.store.current == FREE
        assert "w8a5" in screen.active.text


async def test_marked_chips_give_one_ranked_line_each():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "a", "space", "space", "enter")
        await swept(pilot)
        found = [one for one in lines(pilot) if one.startswith(("✓", "≈", "✗"))]
        assert len(found) == 2 and all("vllm" in one for one in found)
        await press(pilot, "escape")
        assert screen.store.current == FREE


async def test_a_mark_is_taken_away_again():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "a", "space", "up", "space", "down", "enter")
        assert screen.in_front and screen.store.current.chip != FREE.chip


async def test_every_engine_is_one_key_away():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "colon", *"chip", "space", *"h100,h200", "enter")
        await swept(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: "sglang" in page(pilot))
        await press(pilot, "down", "enter")
        assert screen.store.current.chip in {"h100_sxm", "h200_sxm"}
        assert screen.store.current.framework in {"sglang", "trtllm", "lmdeploy", "vllm"}


async def test_any_engine_can_be_typed():
    async with running(FREE) as (_, pilot):
        await press(pilot, "colon", *"engine", "space", *"any", "enter")
        await swept(pilot)
        assert {"sglang", "vllm"} <= {one.split()[2] for one in lines(pilot) if one[:1] in "✓≈✗"}


async def test_a_chip_that_nobody_knows_is_said():
    async with running(FREE) as (screen, pilot):
        await press(pilot, "colon", *"chip", "space", *"h100,nowhere", "enter")
        assert screen.in_front
        assert "nowhere" in screen.footer.text + screen.answer.text
