"""Pasting: in one step, cleaned, wherever text is typed, and nowhere else."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.driving import press, running, settled
from tui.terminal.line_editor import LONGEST
from tui.terminal.typed_text import BURST, END, START, TypedText

pytestmark = pytest.mark.usefixtures("own_folders")

HUGE = "9" * 100_000


async def paste(pilot, text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()
    await settled(pilot)


class TestPlaces:
    async def test_a_model_into_its_question(self):
        async with running() as (screen, pilot):
            await press(pilot, "m")
            await paste(pilot, "  qwen3-8b\r\n")
            assert pilot.app.screen.view.text.split("\n")[1].strip("│ ") == "› qwen3-8b"
            await press(pilot, "enter")
            assert screen.store.current.model == "qwen3-8b"

    async def test_a_path_into_saving_and_opening(self, tmp_path):
        async with running() as (screen, pilot):
            await press(pilot, "s", "ctrl+u")
            await paste(pilot, str(tmp_path / "p.toml"))
            await press(pilot, "enter", "2", "down", "right", "escape", "o", "ctrl+u")
            assert (tmp_path / "p.toml").exists()
            await paste(pilot, str(tmp_path / "p.toml"))
            await press(pilot, "enter")
            assert screen.store.current.chips == 2

    async def test_a_number_into_a_field(self):
        async with running() as (screen, pilot):
            await press(pilot, "3", "down")
            await paste(pilot, "8K\n")
            assert screen.store.current.workload.input_tokens == 8192
            await press(pilot, "escape", "u")
            assert screen.store.current.workload.input_tokens == 4096

    async def test_a_name_into_a_field_of_choices(self):
        async with running() as (screen, pilot):
            await press(pilot, "2")
            await paste(pilot, "h200_sxm")
            assert screen.store.current.chip == "h200_sxm"

    async def test_a_value_into_a_key_of_the_config(self):
        async with running() as (screen, pilot):
            await press(pilot, "1")
            keys = [row.key for row in screen.model_tree.rows]
            screen.model_tree.cursor = keys.index("num_hidden_layers")
            await paste(pilot, "16")
            await press(pilot, "enter")
            assert screen.store.current.edits == (("num_hidden_layers", 16),)

    async def test_words_into_the_filter_and_the_search(self):
        async with running() as (screen, pilot):
            await press(pilot, "slash")
            await paste(pilot, "b>64")
            assert screen.session.view.match == "b>64"
            await press(pilot, "enter", "1", "slash")
            await paste(pilot, "head")
            assert screen.model_tree.search == "head"

    async def test_words_into_the_palette(self):
        async with running() as (_, pilot):
            await press(pilot, "colon")
            await paste(pilot, "next theme")
            await press(pilot, "enter")
            assert pilot.app.look.theme == "light"

    async def test_a_plan_into_the_comparison(self):
        async with running() as (_, pilot):
            await press(pilot, "s", "ctrl+u", *"p.toml", "enter", "c")
            await paste(pilot, "p.toml")
            await press(pilot, "enter")
            assert "p.toml" in pilot.app.screen.view.text


class TestManners:
    async def test_commands_are_never_pasted(self):
        async with running() as (screen, pilot):
            before = screen.store.current
            await paste(pilot, "q\nq\n2jl")
            assert pilot.app.is_running
            assert (screen.store.current, screen.active) == (before, screen.panes.home)
            assert "pasted text goes into" in screen.footer.text

    async def test_nothing_that_a_terminal_acts_on_is_pasted(self):
        async with running() as (screen, pilot):
            await press(pilot, "s", "ctrl+u")
            await paste(pilot, "\x1b]52;c;aGk=\x07\u202e" + "e" + "\u0301" * 50)
            assert "\x1b" not in screen.footer.prompt[1]
            assert "\u202e" not in screen.footer.prompt[1]

    @pytest.mark.parametrize(
        "keys", [("s", "ctrl+u"), ("3", "down"), ("1", "down", "enter"), ("slash",)]
    )
    async def test_what_is_no_line_is_refused_whole(self, keys):
        async with running() as (screen, pilot):
            await press(pilot, *keys)
            before = screen.store.current
            await paste(pilot, HUGE)
            assert f"pasted 100,000 characters, expected at most {LONGEST:,}" in screen.answer.text
            assert screen.store.current == before

    @pytest.mark.parametrize(
        "keys", [(), ("colon",), ("m",), ("o",), ("c", "o"), ("question_mark",), ("H",)]
    )
    async def test_no_place_minds_a_hundred_thousand_characters(self, keys):
        async with running() as (_, pilot):
            await press(pilot, *keys)
            await paste(pilot, HUGE)
            assert pilot.app.is_running

    async def test_a_line_is_never_longer_than_a_line(self):
        async with running() as (screen, pilot):
            await press(pilot, "s", "ctrl+u")
            await paste(pilot, "x" * LONGEST)
            await press(pilot, "x")
            assert screen.footer.prompt[1] == "x" * LONGEST


class TestTypedText:
    def read(self, *pieces: bytes) -> str:
        typed = TypedText()
        return "".join(typed.decode(piece) for piece in pieces)

    def test_bytes_that_are_no_utf8_are_shown_as_such(self):
        assert self.read(b"\xe9j", b"\x80", b"\xff") == "\ufffdj\ufffd\ufffd"

    def test_a_character_may_come_in_pieces(self):
        assert self.read(b"\xc3", b"\xa9") == "é"

    def test_no_key_is_pressed_from_inside_a_paste(self):
        assert self.read(f"{START}a\x1bq\x1b[Ab{END}".encode()) == f"{START}aq[Ab{END}"

    def test_markers_may_be_cut_anywhere(self):
        whole = f"j{START}a\x1bb{END}\x1b[A".encode()
        expected = f"j{START}ab{END}\x1b[A"
        for place in range(len(whole)):
            assert self.read(whole[:place], whole[place:]) == expected
        assert self.read(*(bytes([one]) for one in whole)) == expected

    def test_a_burst_that_no_fingers_type_is_a_paste(self):
        burst = "x" * BURST
        assert self.read(burst.encode()) == START + burst + END
        assert self.read(b"j" * (BURST - 1)) == "j" * (BURST - 1)

    def test_escape_alone_is_not_waited_with(self):
        assert self.read(b"\x1b") == "\x1b"
