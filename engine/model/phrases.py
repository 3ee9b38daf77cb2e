"""Why a value is assumed, and what is left out, in today's language: dialects say it in English,
in phrases of which some differ only in a name."""

from __future__ import annotations

import re
from functools import cache

from engine.words.messages import Said, say

PHRASES = (
    "class default of {name}",
    "default of the {name} family",
    "{number} times the hidden size",
)
"""The longest of those that could be taken for each other come first."""


def phrased(text: str) -> str:
    """``text`` in today's language, as far as it has words for it."""
    if isinstance(text, Said):
        return text
    told = say(text)
    if told != text:
        return told
    for template, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return say(template, **found.groupdict())
    return text


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (one, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(one))))
        for one in PHRASES
    )
