"""One line of text as keys and pastes change it, for every place where text is typed."""

from __future__ import annotations

from textual import events

from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

LONGEST = 4096
"""Characters of a line: the longest path that systems know."""


def edited(text: str, event: events.Key) -> str | None:
    """``text`` after a key; None for a key that neither types nor deletes."""
    if event.key in {"backspace", "ctrl+h"}:
        return text[:-1]
    if event.key == "ctrl+u":
        return ""
    if event.key == "ctrl+w":
        return text.rstrip().rpartition(" ")[0]
    character = event.character or ""
    if not character or not character.isprintable():
        return None
    return text + character if len(text) < LONGEST else text


def pasted(text: str, addition: str) -> str:
    """``text`` with what was pasted behind it, made safe and without line breaks; raises
    `InputError` where that is longer than a line can be."""
    room = LONGEST - len(text)
    if len(addition) > room:
        raise InputError(
            say(
                "pasted {addition:,} characters, expected at most {room:,}: not taken",
                addition=len(addition),
                room=max(room, 0),
            )
        )
    return text + " ".join(clean(addition).split())
