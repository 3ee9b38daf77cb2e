"""Keys that come quicker than the screen: pages go once, and what is typed for a page
reaches it."""

from __future__ import annotations

import gc
import random
import weakref

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from tests.tui.driving import press, running, settled, until
from tui.keymap import BY_CHARACTER, as_pressed
from tui.screen import MainScreen
from tui.terminal.app import KeyParser
from tui.terminal.typed_text import TypedText

pytestmark = pytest.mark.usefixtures("own_folders")

NAMED = {"escape", "enter", "f1", "up", "down", "left", "right", "tab", "backspace"}
PAGES = {
    "help": ("f1",),
    "history": ("H",),
    "palette": (":",),
    "what matters": ("w",),
    "columns": ("C",),
    "compare": ("c",),
    "differences": ("D", "enter"),
}


def key(name: str) -> events.Key:
    """A key as a terminal sends it."""
    if name in NAMED or name.startswith("ctrl+"):
        return events.Key(name, None)
    return events.Key(BY_CHARACTER.get(name, name), name)


async def at_once(pilot, *names: str) -> None:
    """Press keys without waiting for what they do."""
    for name in names:
        pilot.app.post_message(key(name))
    for _ in range(5):
        await pilot.pause()


async def with_a_plan(pilot) -> None:
    """A saved plan, so that every page has something to show."""
    await press(pilot, "s", "ctrl+u", *"p.toml", "enter")


@pytest.mark.parametrize("closing", ["escape", "q", "enter", "ctrl+c"])
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_closed_twice_leaves_the_screen_below(page: str, closing: str):
    async with running() as (screen, pilot):
        await with_a_plan(pilot)
        await press(pilot, *PAGES[page])
        assert not screen.in_front
        if page == "palette" and closing == "q":
            closing = "escape"
        await at_once(pilot, *[closing] * 3)
        if page == "columns" and closing == "enter":
            await at_once(pilot, "escape", "escape")
        assert pilot.app.is_running
        assert screen.in_front
        assert pilot.app.screen_stack == [screen]


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_opened_and_closed_at_once_leaves_the_screen_below(page: str):
    async with running() as (screen, pilot):
        await with_a_plan(pilot)
        await at_once(pilot, *PAGES[page], "escape", "escape")
        await until(pilot, lambda: screen.in_front)
        assert pilot.app.screen_stack == [screen]


async def test_nothing_is_left_of_a_page_that_is_closed():
    async with running() as (_, pilot):
        await press(pilot, "f1")
        kept = weakref.ref(pilot.app.screen._styles_cache)
        await press(pilot, "escape", "f1", "escape")
        gc.collect()
        assert kept() is None


async def test_what_is_typed_as_a_page_closes_reaches_the_screen_below():
    async with running() as (screen, pilot):
        await press(pilot, "question_mark")
        await at_once(pilot, "escape", *"2jl")
        await settled(pilot)
        assert screen.store.current.chips == 4


async def test_help_asked_for_as_another_page_closes_opens():
    async with running() as (screen, pilot):
        await press(pilot, "H")
        await at_once(pilot, "escape", "f1")
        await until(pilot, lambda: not screen.in_front)
        assert "Everywhere" in "".join(run for one in pilot.app.screen.view.lines for run, _ in one)


@pytest.mark.parametrize("page", sorted(PAGES.keys() - {"help"}))
async def test_help_of_a_page_asked_for_and_closed_at_once_leaves_the_page(page: str):
    async with running() as (screen, pilot):
        await with_a_plan(pilot)
        await press(pilot, *PAGES[page])
        below = pilot.app.screen
        await at_once(pilot, "f1", "enter")
        await until(pilot, lambda: pilot.app.screen is below)
        await at_once(pilot, "escape", "escape")
        await until(pilot, lambda: screen.in_front)


async def test_what_is_typed_before_the_palette_is_there_goes_into_it():
    async with running() as (screen, pilot):
        await press(pilot, "2", "down", "right")
        assert screen.store.current.chips == 4
        await at_once(pilot, *":undo", "enter", "enter")
        await settled(pilot)
        assert screen.store.current.chips == 2
        assert screen.in_front


async def test_keys_stay_in_their_order_while_a_page_is_made(monkeypatch):
    opened = MainScreen.open

    async with running() as (_, pilot):

        def slowly(self, page, then=None):
            # Keys that come in the meantime wait for the main screen.
            for letter in "undo":
                self.post_message(key(letter))
            opened(self, page, then)
            pilot.app.post_message(key("!"))

        monkeypatch.setattr(MainScreen, "open", slowly)
        await press(pilot, "colon")
        for _ in range(5):
            await pilot.pause()
        assert " › undo!" in pilot.app.screen.view.text


async def test_a_page_that_the_palette_opens_stays():
    async with running() as (screen, pilot):
        await press(pilot, "colon", *"keys of this pane", "enter")
        assert not screen.in_front
        assert "Everywhere" in "".join(run for one in pilot.app.screen.view.lines for run, _ in one)
        await press(pilot, "escape")
        assert screen.in_front


@pytest.mark.parametrize("seed", range(3))
async def test_a_storm_of_keys_ends_nothing(seed: int):
    chosen = random.Random(seed)
    keys = [*"jkhlgGfF<>rUuvxbBcCHwpPT123456?:/ +-.zZ", *NAMED - {"enter"}, "ctrl+y", "ctrl+u"]
    async with running() as (_, pilot):
        for _ in range(40):
            await at_once(pilot, *chosen.choices([*keys, "escape"], k=10))
            assert pilot.app.is_running


def parsed(*pieces: bytes) -> list[str]:
    """The keys that come of what a terminal sends in pieces, one right after the other."""
    decoder, parser = TypedText(), KeyParser()
    sent = [one for piece in pieces for one in parser.feed(decoder.decode(piece))]
    return [key for one in sent for key, _ in as_pressed(one.key, one.character)]


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize("letter", "abcdefghijklmnpqrstuvwxyzBCDHLRSTUWY:?./<>+-123456\r")
def test_esc_and_a_key_at_once_are_both(letter: str, pieces: int):
    sent = [b"\x1b", letter.encode()] if pieces == 2 else [b"\x1b" + letter.encode()]
    named = {"\r": "enter", ".": "full_stop"}.get(letter, BY_CHARACTER.get(letter, letter))
    assert parsed(*sent) == ["escape", named]


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        (b"\x1b[A", ["up"]),
        (b"\x1bOB", ["down"]),
        (b"\x1b[1;5D", ["ctrl+left"]),
        (b"\x1b[Z", ["shift+tab"]),
        (b"\x1b\t", ["shift+tab"]),
        (b"\x1b\x1b[A", ["escape", "up"]),
    ],
)
def test_sequences_stay_what_they_are(sent: bytes, keys: list[str]):
    assert parsed(sent) == keys
    assert parsed(sent[:1], sent[1:]) == keys


@pytest.mark.parametrize("digit", "123456")
def test_esc_and_a_digit_at_once_are_both(digit: str):
    sent = [one for one in XTermParser().feed(f"\x1b{digit}") if isinstance(one, events.Key)]
    assert as_pressed(sent[0].key, sent[0].character) == (("escape", None), (digit, digit))
