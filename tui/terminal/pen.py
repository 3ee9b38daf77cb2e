"""Puts pieces of rows on a terminal with as few bytes for moves and styles as it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

PLAIN = ""
"""The codes of the terminal's own style."""
RESET = "\x1b[m"
_INDEX, _ERASE = "\x1bD", "\x1b[K"
"""Down a line (ESC D: a line feed may go to the first column, too), erase the rest of a line."""
_NEAR = 4
"""Unchanged cells that cost no more sent again than stepped over; rows that are stepped down."""
SKIPPED = 10
"""Blanks from which on they are erased instead of sent (ECH, as terminals since the VT220 know
it)."""
_SWITCH_BYTES = 7
"""About what another style takes."""
_COLOURS = ("38", "48")
_SHOWN_ON_BLANKS = frozenset({"4", "7", "9", "21", "53", "background"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Cells of a row to send; ``blank`` ones hold nothing and may be erased."""

    start: int
    end: int
    blank: bool = False


Rows = Sequence[Sequence[str]]


class Pen:
    """Draws pieces of what rows of ``characters`` and ``codes`` hold; `text` is what that sends."""

    def __init__(self, characters: Rows, codes: Rows) -> None:
        self._characters, self._codes = characters, codes
        self._out: list[str] = []
        self._style = PLAIN
        self._x = self._y = -1
        self._sure = False
        """Whether the column is known however wide the terminal draws what is not ASCII."""

    @property
    def text(self) -> str:
        """What was sent, and the way back to the terminal's own style."""
        return "".join(self._out) + (RESET if self._style else "")

    def draw(self, y: int, piece: Piece) -> None:
        """Send a piece of a row."""
        self._go(piece.start, y)
        if piece.blank:
            self._erase(piece)
        else:
            self._write(y, piece)

    def cost(self, y: int, piece: Piece) -> int:
        """Bytes that it takes to get to a piece, in its style."""
        code = self._codes[y][piece.start]
        same = code == self._style or (code == PLAIN and self._is_bare)
        return len(self._way(piece.start, y)) + (0 if same else _SWITCH_BYTES)

    @property
    def _is_bare(self) -> bool:
        return not shows_on_blanks(self._style)

    # --- moving -----------------------------------------------------------------------------

    def _go(self, x: int, y: int) -> None:
        way = self._way(x, y)
        self._sure = self._sure or way == _anywhere(x, y)
        self._out.append(way)
        self._x, self._y = x, y

    def _way(self, x: int, y: int) -> str:
        """The shortest move to a cell."""
        ways = [_anywhere(x, y)]
        if self._x >= 0 and self._y == y:
            ways.append(self._along(x, y))
        elif self._x >= 0 and self._sure and self._y < y <= self._y + _NEAR:
            ways.append(_INDEX * (y - self._y) + self._along(x, y))
        return min(ways, key=len)

    def _along(self, x: int, y: int) -> str:
        """From the pen's column to another one of a row."""
        by = x - self._x
        if by < 0:
            ways = ["\b" * -by, _steps(-by, "D"), *(["\r"] if x == 0 else [])]
            return min(ways, key=len)
        if by <= _NEAR and (again := self._again(x, y)) is not None:
            return again
        return _steps(by, "C")

    def _again(self, x: int, y: int) -> str | None:
        """What stands between the pen's column and another one, if it can be sent as it is."""
        characters, codes = self._characters[y], self._codes[y]
        for place in range(self._x, x):
            as_it_is = codes[place] == self._style or (
                characters[place] == " " and codes[place] == PLAIN and self._is_bare
            )
            if not as_it_is or not characters[place].isascii() or not characters[place]:
                return None
        return "".join(characters[self._x : x])

    # --- drawing ----------------------------------------------------------------------------

    def _erase(self, piece: Piece) -> None:
        """Erase; the pen stays."""
        if not self._is_bare:
            self._use(PLAIN)
        to_the_edge = piece.end == len(self._characters[self._y])
        self._out.append(_ERASE if to_the_edge else f"\x1b[{piece.end - piece.start}X")

    def _write(self, y: int, piece: Piece) -> None:
        characters, codes = self._characters[y], self._codes[y]
        first = piece.start
        for place in range(piece.start, piece.end):
            code = codes[place]
            if code == self._style or (
                code == PLAIN and characters[place] == " " and self._is_bare
            ):
                continue
            self._out.append("".join(characters[first:place]))
            first = place
            self._use(code)
        self._out.append("".join(characters[first : piece.end]))
        self._sure = self._sure and all(map(str.isascii, characters[piece.start : piece.end]))
        # After the last column the cursor waits at the edge of it: nothing counts from there.
        self._x = -1 if piece.end == len(characters) else piece.end

    def _use(self, style: str) -> None:
        if style != self._style:
            self._out.append(_switch(self._style, style))
            self._style = style


def _anywhere(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H"


def _steps(by: int, letter: str) -> str:
    if by == 0:
        return ""
    return f"\x1b[{by if by > 1 else ''}{letter}"


def _slots(code: str) -> dict[str, str]:
    """The numbers of a style by what they decide: a colour takes the place of another, the rest
    is on or off."""
    found: dict[str, str] = {}
    numbers = iter(code.split(";")) if code else iter(())
    for number in numbers:
        if number in _COLOURS:
            kind = next(numbers)
            rest = [next(numbers) for _ in range(1 if kind == "5" else 3)]
            slot = "foreground" if number == "38" else "background"
            found[slot] = ";".join((number, kind, *rest))
        elif 30 <= int(number) <= 37 or 90 <= int(number) <= 97:
            found["foreground"] = number
        elif 40 <= int(number) <= 47 or 100 <= int(number) <= 107:
            found["background"] = number
        else:
            found[number] = number
    return found


@cache
def shows_on_blanks(code: str) -> bool:
    """Whether a blank in a style looks other than one in the terminal's own."""
    return not _SHOWN_ON_BLANKS.isdisjoint(_slots(code))


@cache
def _switch(before: str, after: str) -> str:
    """From one style to another: what is added, or all of it where something has to go."""
    if not after:
        return RESET
    old, new = _slots(before), _slots(after)
    if old.keys() <= new.keys():
        return f"\x1b[{';'.join(new[slot] for slot in new if old.get(slot) != new[slot])}m"
    return f"\x1b[0;{after}m"
