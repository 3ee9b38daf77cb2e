"""What is expected of a key, and why a value is assumed, in today's language: dialects say it in
English, in phrases of which many differ only in a number or a name."""

from __future__ import annotations

import re
from functools import cache

from engine.words.messages import say

PHRASES = (
    "a divisor of the {number} attention heads",
    "a divisor of the {number} experts",
    "a divisor of the {number} channels",
    "a divisor of the {number} heads",
    "a divisor of {number} heads",
    "a divisor of {number}, a multiple of {other}",
    "a divisor of {number}",
    "a multiple of the {number} attention heads",
    "a multiple of the {number} key heads",
    "a multiple of {number} KV heads",
    "at most the {number} experts there are",
    "at most the {number} groups there are",
    "at most the {number} layers there are",
    "at most the {number} experts of {other} of {groups} groups",
    "at least 1 of the {number} groups",
    "{number} layers in all",
    "{number} entries",
    "{number} flags",
    "{number}, one per layer",
    "class default of {name}",
    "one of {names}",
    "divisors of {number}",
    "the tower {name} is",
    "{part} with projector {name} is",
)
"""The longest of those that could be taken for each other come first."""


def phrased(text: str) -> str:
    """``text`` in today's language, as far as it has words for it."""
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
