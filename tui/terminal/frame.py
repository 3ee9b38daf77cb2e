"""What the terminal shows, cell by cell, so that a frame sends only the cells that changed.

Textual repaints whole regions: a page on top, or a pane of another height, is the whole screen
again. Over a slow line that is seconds; what changed is a part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

GAP = 6
"""Unchanged cells that cost less sent again than stepped over."""
ERASED = 5
"""Blanks at the end of a line from which on they are erased instead of sent."""
SKIPPED = 12
"""Blanks within a line from which on they are erased and stepped over (ECH, as terminals since the
VT220 know it)."""
_CLEAR, _RESET, _ERASE = "\x1b[2J", "\x1b[m", "\x1b[K"
_PLAIN = ""
_COLOURS, _OWN_COLOURS = ("38", "48"), ("39", "49")


class Frame:
    """The cells of a terminal: a character and the codes of its style each. The second cell of a
    wide character holds nothing."""

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._size = (0, 0)
        self._known = False
        self._characters: list[list[str]] = []
        self._codes: list[list[str]] = []
        self._out: list[str] = []
        self._current = _PLAIN

    def forget(self) -> None:
        """Nothing is known of what the terminal shows: the next frame is sent whole."""
        self._known = False

    def begin(self, width: int, height: int) -> None:
        """Start a frame; of another size than the one before it is a new beginning."""
        self._out, self._current = [], _PLAIN
        if self._known and self._size == (width, height):
            return
        self._out.append(f"{_RESET}{_CLEAR}")
        self._size, self._known = (width, height), True
        self._characters = [[" "] * width for _ in range(height)]
        self._codes = [[_PLAIN] * width for _ in range(height)]

    def put(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Show ``segments`` from a cell on."""
        width, height = self._size
        if not 0 <= y < height:
            return
        characters, codes = self._cells(segments)
        end = min(x + len(characters), width)
        characters, codes = characters[: end - x], codes[: end - x]
        old_characters, old_codes = self._characters[y], self._codes[y]
        if characters == old_characters[x:end] and codes == old_codes[x:end]:
            return
        before = (old_characters[:], old_codes[:])
        old_characters[x:end], old_codes[x:end] = characters, codes
        self._send(y, before, x, end)

    def end(self) -> str:
        """What the frame sends; empty where nothing changed."""
        self._style(_PLAIN)
        return "".join(self._out)

    def _cells(self, segments: Iterable[Segment]) -> tuple[list[str], list[str]]:
        characters: list[str] = []
        codes: list[str] = []
        for text, style, control in segments:
            if control or not text:
                continue
            code = style_codes(style, self._colours) if style is not None else _PLAIN
            if text.isascii():
                characters.extend(text)
            else:
                for character in text:
                    cells = get_character_cell_size(character)
                    if cells == 0 and characters:
                        characters[-1] += character
                    elif cells:
                        characters.append(character)
                        characters.extend([""] * (cells - 1))
            codes.extend([code] * (len(characters) - len(codes)))
        return characters, codes

    def _send(self, y: int, before: tuple[list[str], list[str]], x: int, end: int) -> None:
        """The cells of a row that are not as before, in as few runs as that takes."""
        characters, codes = self._characters[y], self._codes[y]
        old_characters, old_codes = before
        changed = [
            place
            for place in range(x, end)
            if characters[place] != old_characters[place] or codes[place] != old_codes[place]
        ]
        start = last = changed[0]
        at = -1
        for place in (*changed[1:], len(characters) + GAP + 1):
            if place - last - 1 > GAP:
                at = self._run(y, start, last + 1, at)
                start = place
            last = place

    def _run(self, y: int, start: int, end: int, at: int) -> int:
        """Send the cells from ``start`` to ``end``; the cursor stands ``at`` a cell of the row, -1
        where it is elsewhere. Gives where it stands then."""
        characters, codes = self._characters[y], self._codes[y]
        width = len(characters)
        while start > 0 and characters[start] == "":
            start -= 1
        while end < width and characters[end] == "":
            end += 1
        self._out.append(f"\x1b[{y + 1};{start + 1}H" if at < 0 else f"\x1b[{start - at}C")
        blank = end
        while blank > start and characters[blank - 1] == " " and codes[blank - 1] == _PLAIN:
            blank -= 1
        bare = not "".join(characters[end:]).strip(" ") and not any(codes[end:])
        erases = bare and end - blank >= ERASED
        self._text(characters, codes, start, blank if erases else end)
        if erases:
            self._style(_PLAIN)
            self._out.append(_ERASE)
        # After the last column the cursor waits at the edge of it: nothing counts from there.
        return -1 if erases or end == width else end

    def _text(self, characters: list[str], codes: list[str], start: int, end: int) -> None:
        place = start
        while place < end:
            code, first = codes[place], place
            while place < end and codes[place] == code:
                place += 1
            text = "".join(characters[first:place])
            if code == _PLAIN and " " * SKIPPED in text:
                text = _LONG_BLANKS.sub(_erased, text)
            self._style(code)
            self._out.append(text)

    def _style(self, code: str) -> None:
        if code != self._current:
            self._out.append(f"\x1b[0;{code}m" if code else _RESET)
            self._current = code


_LONG_BLANKS = re.compile(f" {{{SKIPPED},}}")


def _erased(blanks: re.Match[str]) -> str:
    cells = len(blanks[0])
    return f"\x1b[{cells}X\x1b[{cells}C"


@cache
def style_codes(style: Style, colours: ColorSystem) -> str:
    """The numbers that a terminal is sent for a style after those of the one before are taken
    back, ``1;32``; empty for none, and for the terminal's own colours."""
    sent = style.render("x", color_system=colours)
    if not sent.startswith("\x1b["):
        return _PLAIN
    kept: list[str] = []
    numbers = iter(sent[2 : sent.index("m")].split(";"))
    for number in numbers:
        if number in _COLOURS:
            kind = next(numbers)
            kept += [number, kind, *(next(numbers) for _ in range(1 if kind == "5" else 3))]
        elif number not in _OWN_COLOURS:
            kept.append(number)
    return ";".join(kept)
