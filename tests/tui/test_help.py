"""Help is searched, run and explains the words of the screen."""

from __future__ import annotations

import pytest

from engine.sources.languages import ENGLISH, languages, texts
from tests.tui.driving import SMALL, press, running
from tui.overlays.help import HelpPage

SIZES = pytest.mark.parametrize("size", [(200, 60), (120, 40), (80, 24), (60, 16)])
pytestmark = pytest.mark.usefixtures("own_folders")


def lines(pilot) -> list[str]:
    return ["".join(run for run, _ in one) for one in pilot.app.screen.view.lines]


@SIZES
async def test_help_is_a_box_that_leaves_the_panes_in_sight(size):
    async with running(size=size) as (_, pilot):
        await press(pilot, "question_mark")
        view = pilot.app.screen.view
        assert view.size.height <= 19
        assert view.size.height < size[1] and view.size.width <= size[0]


async def test_what_is_typed_after_a_slash_narrows_and_enter_runs_it():
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "right", "4")
        assert screen.store.current.chips == 4
        await press(pilot, "question_mark", "slash", *"undo")
        assert len(lines(pilot)) < 10
        await press(pilot, "enter")
        assert screen.in_front and screen.store.current == SMALL


async def test_words_are_found_with_the_keys():
    async with running() as (_, pilot):
        await press(pilot, "question_mark", "slash", *"goodput")
        assert any("Share of requests that keep every objective" in one for one in lines(pilot))


async def test_escape_ends_the_search_before_the_page():
    async with running() as (screen, pilot):
        await press(pilot, "question_mark", "slash", *"undo", "escape")
        assert not screen.in_front
        await press(pilot, "escape")
        assert screen.in_front


@pytest.mark.parametrize("code", languages())
async def test_a_page_of_words_in_every_language(code: str):
    async with running() as (screen, pilot):
        screen.model_tree.language = code
        await press(pilot, "question_mark", "tab")
        text = " ".join(lines(pilot))
        assert texts(code, "words")["words"]["TPOT"][:10] in text
        assert "W8A8" in text and "TTFT, FTL" in text


@pytest.mark.parametrize("code", languages())
def test_every_language_has_every_word(code: str):
    own, english = texts(code, "words")["words"], texts(ENGLISH, "words")["words"]
    assert own.keys() == english.keys()
    assert code == ENGLISH or all(own[word] != english[word] for word in english)


@pytest.mark.parametrize("asking", ["question_mark", "f1"])
@pytest.mark.parametrize(
    "place",
    [
        (),
        ("3", "down", "enter"),
        ("slash",),
        ("s",),
        ("a",),
        ("colon",),
        ("H",),
        ("C",),
        ("space", "c"),
        ("1", "down", "enter"),
    ],
    ids=[
        "table",
        "field",
        "filter",
        "question",
        "list",
        "commands",
        "history",
        "columns",
        "compare",
        "key",
    ],
)
async def test_help_opens_wherever_it_is_asked_for_and_leaves_all_as_it_was(place, asking):
    async with running() as (screen, pilot):
        await press(pilot, *place)
        below, typed = pilot.app.screen, screen.footer.prompt
        await press(pilot, asking)
        assert isinstance(pilot.app.screen, HelpPage)
        await press(pilot, asking)
        assert pilot.app.screen is below
        assert screen.footer.prompt == typed
