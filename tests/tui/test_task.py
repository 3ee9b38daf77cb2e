"""What a model is asked for, changed on screen: a generator becomes an encoder and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.scenario import Task
from tests.tui.driving import SMALL, running, settled

pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_generator_is_asked_to_embed_and_back(size):
    async with running(SMALL, size) as (screen, pilot):
        assert "tok/s/chip" in screen.answer.text
        screen.session.store.set(replace(SMALL, task=Task.EMBED), "task")
        screen.scenario_changed()
        await settled(pilot)
        assert "sequences/s/chip" in screen.answer.text
        await pilot.press("u")
        await settled(pilot)
        assert "tok/s/chip" in screen.answer.text
