"""Text from files is data: this is the one place that makes it safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_LIMIT = 4096
_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


_MARKS = {"Mn", "Me"}
"""Marks that take no place of their own: they pile up on the character before them."""
_MOST_MARKS = 6
"""More on one character than any living script writes (Tibetan stacks reach six)."""


def is_unsafe(character: str) -> bool:
    """Whether a terminal could act upon a character, or nobody could see it."""
    return unicodedata.category(character) in _UNSAFE


def clean(text: str, limit: int = _LIMIT) -> str:
    """``text`` without control, bidirectional and zero-width characters, at most ``limit`` long.

    Tabs and line breaks become spaces; anything else that a terminal could act on becomes
    U+FFFD, so that a reader sees that something was there; so do combining marks that pile up.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown: list[str] = []
    marks = 0
    for character in text[:limit]:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        if character in "\t\n\r":
            shown.append(" ")
        elif category in _UNSAFE or marks == _MOST_MARKS + 1:
            shown.append("\N{REPLACEMENT CHARACTER}")
        elif marks <= _MOST_MARKS:
            shown.append(character)
    return "".join(shown) + ("…" if len(text) > limit else "")


def closest(asked: str, known: Iterable[str], most: int, alike: float) -> list[str]:
    """At most so many ``known`` words that are spelt like ``asked``, the best first; ``alike`` is
    the least likeness, from 0 to 1."""
    # For people who mistyped: the others start without it.
    import difflib

    return difflib.get_close_matches(asked, list(known), most, alike)
