"""Text in the cells of a terminal: Chinese characters take two."""

from __future__ import annotations

import re
import unicodedata

_WIDE = {"W", "F"}
_NOTHING = {"Mn", "Me", "Cf"}
_NOT_FIRST = "，。；：、！？）》】”% "
"""What never begins a line."""
_MAY_BE_WIDE = re.compile("[\u1100-\u1fff\u2300-\U0010ffff”]")
"""What wide characters are among; no letters of alphabets, punctuation, arrows or signs."""
_AFTER_SPACES = re.compile("(?<= )(?=[^% ])")


def cells(text: str) -> int:
    """Cells that ``text`` takes; plain ASCII needs no table."""
    if text.isascii():
        return len(text)
    return sum(map(_cells_of, text))


def left(text: str, width: int) -> str:
    """``text`` at the left end of ``width`` cells, whole."""
    return text + " " * (width - cells(text))


def right(text: str, width: int) -> str:
    """``text`` at the right end of ``width`` cells, whole."""
    return " " * (width - cells(text)) + text


def wrapped(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken at spaces and between wide characters;
    a word longer than that stands alone."""
    lines: list[str] = []
    current = ""
    for word in pieces(text):
        if current and cells((current + word).rstrip()) > width:
            lines.append(current.rstrip())
            current = word.lstrip()
        else:
            current += word
    return [*lines, current.rstrip()] if current.strip() or not lines else lines


def pieces(text: str) -> list[str]:
    """``text`` cut where a line may be broken: after spaces and between wide characters, never
    before a closing mark."""
    if _MAY_BE_WIDE.search(text) is None:
        return _AFTER_SPACES.split(text) if text else []
    found: list[str] = []
    begins = True
    for character in text:
        wide = _cells_of(character) > 1
        if (begins or wide) and (character not in _NOT_FIRST or not found):
            found.append(character)
        else:
            found[-1] += character
        begins = wide or character == " "
    return found


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in _NOTHING:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
