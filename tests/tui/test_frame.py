"""Frames send the cells that changed: a terminal that is sent them shows what was put."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tui.terminal.frame import Frame, style_codes

WIDTH, HEIGHT = 30, 6
STYLES = (
    None,
    Style(bold=True),
    Style(color="green"),
    Style(reverse=True),
    Style(bold=True, color="green"),
)
TOKEN = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|\x1b(D)|([^\x1b])")


class Shown:
    """A terminal: what it is sent becomes cells of a character and a style."""

    def __init__(self) -> None:
        self.cells = [[(" ", "")] * WIDTH for _ in range(HEIGHT)]
        self.x = self.y = 0
        self.codes: set[str] = set()

    def write(self, text: str) -> None:
        for numbers, letter, index, character in TOKEN.findall(text):
            if index:
                self.y += 1
                assert self.y < HEIGHT
            elif character:
                self._show(character)
            else:
                self._obey(letter, numbers)

    def _show(self, character: str) -> None:
        if character in "\b\r":
            assert 0 < self.x < WIDTH
            self.x = self.x - 1 if character == "\b" else 0
            return
        row, size = self.cells[self.y], cell_len(character)
        for place in range(self.x, self.x + size):
            self._break(row, place)
        row[self.x] = (character, seen(character, ";".join(sorted(self.codes))))
        if size == 2:
            row[self.x + 1] = ("", row[self.x][1])
        self.x = min(self.x + size, WIDTH)

    def _break(self, row: list[tuple[str, str]], place: int) -> None:
        """A wide character of which a half is written over is gone."""
        if row[place][0] == "":
            row[place - 1] = (" ", "")
        elif cell_len(row[place][0]) == 2:
            row[place + 1] = (" ", "")

    def _obey(self, letter: str, numbers: str) -> None:
        many = [int(one or 0) for one in numbers.split(";")]
        match letter:
            case "m":
                for one in many:
                    self.codes = self.codes | {str(one)} if one else set()
            case "H":
                self.y, self.x = many[0] - 1, max(many[-1] if len(many) > 1 else 1, 1) - 1
            case "C" | "D":
                self.x += max(many[0], 1) * (1 if letter == "C" else -1)
                assert 0 <= self.x < WIDTH
            case "J":
                self.cells = [[(" ", "")] * WIDTH for _ in range(HEIGHT)]
            case "K" | "X":
                assert "7" not in self.codes
                end = WIDTH if letter == "K" else self.x + many[0]
                for place in range(self.x, end):
                    self._break(self.cells[self.y], place)
                    self.cells[self.y][place] = (" ", "")
            case _:
                raise AssertionError(letter)


def seen(character: str, code: str) -> str:
    """The style as it is seen: a blank is the same bold or green."""
    return "" if character == " " and code != "7" else code


def cells_of(segments: list[Segment]) -> list[tuple[str, str]]:
    found = []
    for text, style, _ in segments:
        code = style_codes(style, ColorSystem.STANDARD) if style else ""
        for character in text:
            style_seen = seen(character, code)
            found += [(character, style_seen), *[("", code)] * (cell_len(character) - 1)]
    return found


def whole(line: list[tuple[str, int]]) -> list[Segment]:
    """Runs as a line of the terminal's width."""
    segments, left = [], WIDTH
    for text, style in line:
        kept = ""
        for character in text:
            if cell_len(character) <= left:
                kept, left = kept + character, left - cell_len(character)
        segments.append(Segment(kept, STYLES[style]))
    return [*segments, Segment(" " * left)]


LINE = st.lists(
    st.tuples(st.text("ab  ──中文", max_size=20), st.integers(0, len(STYLES) - 1)), max_size=4
)


@given(st.lists(st.lists(LINE, min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4))
def test_a_terminal_shows_what_was_put_whatever_it_showed_before(frames):
    frame, shown = Frame(ColorSystem.STANDARD), Shown()
    for lines in frames:
        frame.begin(WIDTH, HEIGHT)
        wanted = [whole(one) for one in lines]
        for y, segments in enumerate(wanted):
            frame.put(0, y, segments)
        shown.write(frame.end())
        assert shown.cells == [cells_of(one) for one in wanted]


def sent(*lines: str) -> list[str]:
    """What each of some lines sends, one after the other in the same place."""
    frame, found = Frame(ColorSystem.STANDARD), []
    for text in lines:
        frame.begin(WIDTH, 1)
        frame.put(0, 0, [Segment(text.ljust(WIDTH))])
        found.append(frame.end())
    return found


def test_what_did_not_change_is_not_sent():
    assert sent("batch 98", "batch 98")[1] == ""


def test_one_changed_digit_is_one_cell():
    assert sent("batch 98", "batch 97")[1] == "\x1b[1;8H7"


def test_changes_far_apart_are_stepped_between():
    assert sent("1" + "-" * 20 + "1", "2" + "-" * 20 + "2")[1] == "\x1b[1H2\x1b[20C2"


def test_a_rest_of_blanks_is_erased():
    assert sent("a" * 20, "b")[1] == "\x1b[1Hb\x1b[K"


def test_nothing_is_known_of_a_terminal_that_was_forgotten():
    frame = Frame(ColorSystem.STANDARD)
    for _ in range(2):
        frame.forget()
        frame.begin(WIDTH, 1)
        frame.put(0, 0, [Segment("here".ljust(WIDTH))])
        assert "here" in frame.end()


def test_another_size_is_a_new_beginning():
    frame = Frame(ColorSystem.STANDARD)
    frame.begin(WIDTH, 1)
    frame.put(0, 0, [Segment("here")])
    frame.end()
    frame.begin(WIDTH, 2)
    frame.put(0, 0, [Segment("here")])
    assert "\x1b[2J" in (text := frame.end()) and "here" in text


@pytest.mark.parametrize(
    ("style", "codes"),
    [
        (Style(color="default", bgcolor="default"), ""),
        (Style(bold=True, bgcolor="default"), "1"),
        (Style(color="color(39)"), "38;5;39"),
        (Style(color="rgb(39,49,1)"), "38;2;39;49;1"),
    ],
)
def test_the_terminals_own_colours_need_no_numbers(style, codes):
    assert style_codes(style, ColorSystem.TRUECOLOR) == codes


def test_a_column_of_digits_is_drawn_downwards():
    frame = Frame(ColorSystem.STANDARD)
    found = []
    for first in "12":
        frame.begin(WIDTH, HEIGHT)
        for y in range(HEIGHT):
            frame.put(0, y, [Segment(f"  {first}  batch".ljust(WIDTH))])
        found.append(frame.end())
    assert found[1] == "\x1b[1;3H2" + "\x1bD\b2" * (HEIGHT - 1)


def test_what_a_style_adds_to_another_is_sent_alone():
    frame = Frame(ColorSystem.STANDARD)
    frame.begin(WIDTH, 1)
    styles = Style(bold=True), Style(bold=True, color="green"), Style(color="red")
    frame.put(0, 0, [Segment(one, style) for one, style in zip("abc", styles, strict=True)])
    assert frame.end().endswith("\x1b[1H\x1b[1ma\x1b[32mb\x1b[0;31mc\x1b[m")


def test_what_lies_beyond_the_terminal_is_not_shown():
    frame = Frame(ColorSystem.STANDARD)
    frame.begin(WIDTH, 1)
    frame.put(WIDTH + 1, 0, [Segment("batch")])
    frame.put(0, 1, [Segment("batch")])
    frame.put(WIDTH - 2, 0, [Segment("batch")])
    assert frame.end().endswith(f"\x1b[1;{WIDTH - 1}Hba")
