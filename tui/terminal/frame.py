"""What the terminal shows, cell by cell, so that a frame sends only the cells that changed.

Textual repaints whole regions: a page on top, or a pane of another height, is the whole screen
again. Over a slow line that is seconds; what changed is a part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from rich.cells import get_character_cell_size
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tui.terminal.pen import PLAIN, RESET, SKIPPED, Pen, Piece, shows_on_blanks

ERASED = 4
"""Blanks at the end of a line from which on they are erased instead of sent."""
SCROLLED = 4
"""Rows from which on it is tried whether a frame is shorter in another order than row by row."""
MOST_PIECES = 160
"""A frame of more pieces is another screen, and not tried twice."""
BELOW = 2
"""How many rows down the next piece is looked for."""
FAR_BYTES = 6
"""A move of so many bytes goes anywhere."""
_CLEAR = "\x1b[2J"
_COLOURS, _OWN_COLOURS = ("38", "48"), ("39", "49")
Cells = tuple[list[str], list[str]]
"""Characters and the codes of their styles; the second cell of a wide character holds nothing,
and blanks that look like any others have no codes."""


class Frame:
    """The cells of a terminal."""

    def __init__(self, colours: ColorSystem) -> None:
        self._colours = colours
        self._size = (0, 0)
        self._known = self._cleared = False
        self._characters: list[list[str]] = []
        self._codes: list[list[str]] = []
        self._before: dict[int, Cells] = {}
        """Rows as they were before this frame touched them."""

    def forget(self) -> None:
        """Nothing is known of what the terminal shows: the next frame is sent whole."""
        self._known = False

    def begin(self, width: int, height: int) -> None:
        """Start a frame; of another size than the one before it is a new beginning."""
        self._before = {}
        self._cleared = not self._known or self._size != (width, height)
        if not self._cleared:
            return
        self._size, self._known = (width, height), True
        self._characters = [[" "] * width for _ in range(height)]
        self._codes = [[PLAIN] * width for _ in range(height)]

    def put(self, x: int, y: int, segments: Iterable[Segment], most: int | None = None) -> None:
        """Show ``segments`` from a cell on, as far as column ``most``."""
        width, height = self._size
        if not 0 <= y < height:
            return
        characters, codes = self._cells(segments)
        end = min(x + len(characters), width if most is None else min(most, width))
        if end <= x:
            # A terminal that was made smaller meanwhile.
            return
        if end - x < len(characters) and characters[end - x] == "":
            # Half of a wide character is none.
            characters[end - x - 1] = " "
        characters, codes = characters[: end - x], codes[: end - x]
        old_characters, old_codes = self._characters[y], self._codes[y]
        if characters == old_characters[x:end] and codes == old_codes[x:end]:
            return
        if y not in self._before:
            self._before[y] = (old_characters[:], old_codes[:])
        old_characters[x:end], old_codes[x:end] = characters, codes

    def end(self) -> str:
        """What the frame sends; empty where nothing changed."""
        rows = {y: self._changed(y, *before) for y, before in sorted(self._before.items())}
        sent = self._along_rows(rows)
        if len(rows) >= SCROLLED and sum(map(len, rows.values())) <= MOST_PIECES:
            sent = min(sent, self._near_first(rows), key=len)
        return f"{RESET}{_CLEAR}{sent}" if self._cleared else sent

    def _along_rows(self, rows: dict[int, list[Piece]]) -> str:
        """Row after row."""
        pen = Pen(self._characters, self._codes)
        for y, pieces in rows.items():
            for piece in pieces:
                pen.draw(y, piece)
        return pen.text

    def _near_first(self, rows: dict[int, list[Piece]]) -> str:
        """From each piece to the one that is reached with least: digits of a table that scrolls
        stand below each other."""
        pen = Pen(self._characters, self._codes)
        left = {y: list(pieces) for y, pieces in rows.items()}
        for top in left:
            while left[top]:
                y = top
                piece: Piece | None = left[top][0]
                while piece is not None:
                    left[y].remove(piece)
                    pen.draw(y, piece)
                    y, piece = _nearest(pen, left, y)
        return pen.text

    def _cells(self, segments: Iterable[Segment]) -> Cells:
        characters: list[str] = []
        codes: list[str] = []
        for text, style, control in segments:
            if control or not text:
                continue
            code = style_codes(style, self._colours) if style is not None else PLAIN
            first = len(characters)
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
            if code and " " in text and not shows_on_blanks(code):
                codes.extend([PLAIN if one == " " else code for one in characters[first:]])
            else:
                codes.extend([code] * (len(characters) - len(codes)))
        return characters, codes

    def _changed(self, y: int, old_characters: list[str], old_codes: list[str]) -> list[Piece]:
        """The cells of a row that are not as before, in pieces."""
        characters, codes = self._characters[y], self._codes[y]
        changed = [
            place
            for place, (one, other, code, old_code) in enumerate(
                zip(characters, old_characters, codes, old_codes, strict=True)
            )
            if one != other or code != old_code
        ]
        if "" in characters:
            changed = _whole_characters(changed, characters)
        pieces: list[Piece] = []
        place = 0
        while place < len(changed):
            first = changed[place]
            blank = _blanks_end(first, characters, codes)
            last = place
            while last + 1 < len(changed) and changed[last + 1] < blank:
                last += 1
            if blank == len(characters) and blank - first >= ERASED:
                return [*pieces, Piece(first, blank, blank=True)]
            if changed[last] + 1 - first >= SKIPPED:
                pieces.append(Piece(first, changed[last] + 1, blank=True))
                place = last + 1
                continue
            last = place
            while (
                last + 1 < len(changed)
                and changed[last + 1] == changed[last] + 1
                and not self._begins_blanks(changed[last + 1], characters, codes)
            ):
                last += 1
            pieces.append(Piece(first, changed[last] + 1))
            place = last + 1
        return pieces

    @staticmethod
    def _begins_blanks(place: int, characters: list[str], codes: list[str]) -> bool:
        """Whether blanks begin at a cell that are worth erasing."""
        if place and characters[place - 1] == " " and codes[place - 1] == PLAIN:
            return False
        end = _blanks_end(place, characters, codes)
        return end - place >= (ERASED if end == len(characters) else SKIPPED)


def _nearest(pen: Pen, left: dict[int, list[Piece]], y: int) -> tuple[int, Piece | None]:
    """The piece that the pen reaches with least from a row, and its row; None where it may as
    well begin elsewhere."""
    found: tuple[int, Piece | None] = (y, None)
    least = FAR_BYTES
    for row in range(y, y + BELOW + 1):
        for piece in left.get(row, ()):
            if (cost := pen.cost(row, piece)) < least:
                least, found = cost, (row, piece)
    return found


def _blanks_end(place: int, characters: list[str], codes: list[str]) -> int:
    """Where the blanks that begin at a cell end; the cell itself when none do."""
    while place < len(characters) and characters[place] == " " and codes[place] == PLAIN:
        place += 1
    return place


def _whole_characters(changed: list[int], characters: list[str]) -> list[int]:
    """Cells with the other half of wide characters."""
    found = set(changed)
    for place in changed:
        first = place
        while first > 0 and characters[first] == "":
            first -= 1
        end = place + 1
        while end < len(characters) and characters[end] == "":
            end += 1
        found.update(range(first, end))
    return sorted(found)


@cache
def style_codes(style: Style, colours: ColorSystem) -> str:
    """The numbers that a terminal is sent for a style, ``1;32``; empty for none, and for the
    terminal's own colours."""
    sent = style.render("x", color_system=colours)
    if not sent.startswith("\x1b["):
        return PLAIN
    kept: list[str] = []
    numbers = iter(sent[2 : sent.index("m")].split(";"))
    for number in numbers:
        if number in _COLOURS:
            kind = next(numbers)
            kept += [number, kind, *(next(numbers) for _ in range(1 if kind == "5" else 3))]
        elif number not in _OWN_COLOURS:
            kept.append(number)
    return ";".join(kept)
