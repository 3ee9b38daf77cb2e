"""The app in Chinese, flow by flow: no English sentence is left on the screen."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from engine.words.messages import ENGLISH, use_language
from tests.tui.driving import SMALL, explained, press, running, until
from tui.widgets.panes import Pane

pytestmark = pytest.mark.usefixtures("own_folders", "chinese")

SENTENCE = re.compile(r"[A-Za-z]{3,} [a-z]{3,} [a-z]{3,}")
"""Three words in a row."""
SIZES = [(60, 16), (80, 24), (120, 40), (200, 60)]


@pytest.fixture
def chinese():
    """The app makes its language that of the process."""
    yield
    use_language(ENGLISH)


def shown(pilot) -> str:
    """All that is on the screen."""
    main = pilot.app.main
    texts = [main.answer.text, main.footer.text]
    texts += [pane.text for pane in main.panes if isinstance(pane, Pane) and pane.display]
    page = pilot.app.screen
    return "\n".join([*texts, *([] if page is main else [page.view.text])])


WORDS_OF_FILTERS = "ttft tpot e2e tps user gib"


def english(text: str) -> list[str]:
    told = (one.replace(WORDS_OF_FILTERS, "") for one in text.split("\n"))
    return [one.strip() for one in told if SENTENCE.search(one)]


FLOWS = {
    "start": (),
    "a benchmark name": ("colon", *"TPS001-Llama2-70B-S4K-01-W4A16-B16", "enter"),
    "a bad name": ("colon", *"TPS001-Llama2-70B-S4K-01-WA16-B16", "enter"),
    "a knob": ("colon", *"rate", "space", "3", "enter"),
    "a knob refused": ("colon", *"chips", "space", "x", "enter"),
    "a vision model": ("m", *"resnet-50", "enter"),
    "chips": ("a",),
    "an unknown chip": ("a", *"zzzz", "enter"),
    "a field refused": ("3", "down", "enter", *"1.5", "enter"),
    "a limit": ("3", *["down"] * 4, "enter", *"15", "enter"),
    "saved and opened": ("s", "ctrl+u", *"p.toml", "enter", "o", "enter"),
    "help": ("question_mark",),
    "words": ("question_mark", "tab"),
    "commands": ("colon",),
    "history": ("2", "down", "right", "H"),
    "baseline": ("b", "2", "down", "right"),
    "compare": ("space", "down", "space", "c"),
    "columns": ("C",),
    "the tree": ("1", "down", "down"),
    "the document's order": ("1", "O", "g"),
    "the charts": ("5", "p", "p"),
    "why": ("6",),
    "a filter": ("slash", *"b>x", "enter"),
    "an unknown model": ("m", *"./nowhere", "enter"),
    "undo": ("u",),
}


@pytest.mark.parametrize("flow", FLOWS)
async def test_no_english_sentence_is_left(flow: str):
    async with running(language="zh") as (_, pilot):
        await press(pilot, *FLOWS[flow])
        await explained(pilot)
        assert english(shown(pilot)) == []


@pytest.mark.parametrize("size", SIZES, ids=lambda one: f"{one[0]}x{one[1]}")
async def test_every_size_is_chinese(size):
    async with running(size=size, language="zh") as (_, pilot):
        await explained(pilot)
        assert "达标" in shown(pilot)
        assert english(shown(pilot)) == []


async def test_precisions_side_by_side():
    async with running(replace(SMALL, chips=1), language="zh") as (_, pilot):
        await press(pilot, "W")
        await until(pilot, lambda: "待扫描" not in pilot.app.screen.view.text)
        page = pilot.app.screen.view.text
        assert "检查点" in page
        # Where an evaluation was published is no sentence.
        assert [one for one in english(page) if "[" not in one] == []


async def test_what_matters():
    async with running(replace(SMALL, chips=1), language="zh") as (_, pilot):
        await press(pilot, "w")
        await until(pilot, lambda: "从 → 到" in pilot.app.screen.view.text)
        assert english(pilot.app.screen.view.text) == []


async def test_a_session_that_was_cut_off():
    async with running(language="zh") as (screen, pilot):
        await press(pilot, "2", "down", "right")
        screen.keep_session("SIGHUP")
    async with running(language="zh") as (screen, pilot):
        assert "恢复" in screen.footer.text
        await press(pilot, "R")
        assert "已恢复" in screen.footer.text
        assert english(shown(pilot)) == []
