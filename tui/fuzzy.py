"""Finding names by a few of their letters. Pure."""

from __future__ import annotations

import re


def score(typed: str, name: str) -> float | None:
    """How well a name answers what was typed, less is better; None where it does not.

    The name itself, then names that begin with it, hold it, hold it but for dashes and dots, and
    at last names with its letters in their order, the closer together the better.
    """
    typed, name = typed.lower().strip(), name.lower()
    if not typed or typed == name:
        return 0.0
    if name.startswith(typed):
        return 1.0 + len(name) / 1000
    if typed in name:
        return 2.0 + name.index(typed) / 1000 + len(name) / 1e6
    bare, wanted = _bare(name), _bare(typed)
    if wanted and wanted in bare:
        return 3.0 + bare.index(wanted) / 1000
    width = _spread(wanted, bare)
    return None if width is None else 4.0 + width / 1000


def _spread(wanted: str, name: str) -> int | None:
    """How far apart the letters are, each taken where it first comes; None where one is missing."""
    places: list[int] = []
    for letter in wanted:
        place = name.find(letter, places[-1] + 1 if places else 0)
        if place < 0:
            return None
        places.append(place)
    return places[-1] - places[0] if places else None


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text)
