"""Refusals in Chinese hold no English: no words but those of the file, and names."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError
from engine.words.messages import speaking

FACTS = Path(__file__).parents[2] / "data" / "zoo_facts.csv"
BROKEN = (0, 7, 10**9, 1.5, "word", [], [1], {"a": 1}, True, None)
EVERY = 9
"""One of so many configs of the zoo, and of their keys."""
NAMES = {"architectures", "assume", "config", "json", "llama", "rooftop"}
NAMES |= {"true", "false", "null"}
"""Names, options and values that Chinese keeps."""


def configs() -> list[dict[str, Any]]:
    with FACTS.open(encoding="utf-8", newline="") as stream:
        rows = [row["config"] for row in csv.DictReader(stream) if row["config"]]
    return [json.loads(one) for one in rows[::EVERY]]


def words_of(value: object) -> set[str]:
    """Every name and text of a file."""
    if isinstance(value, dict):
        return set().union(*(words_of(one) for pair in value.items() for one in pair), set())
    if isinstance(value, list):
        return set().union(*(words_of(one) for one in value), set())
    return {str(value)}


def refusals(values: dict[str, Any]) -> list[tuple[str, set[str]]]:
    """What is said of ``values`` with one key after the other broken."""
    found = []
    for name in list(values)[::2]:
        for broken in BROKEN:
            changed = {**values, name: broken}
            try:
                read_architecture(changed, "m", "m")
            except InputError as error:
                found.append((str(error), words_of(changed) | words_of(values)))
    return found


def english(text: str, own: set[str]) -> list[str]:
    """Words of ``text`` in lower case that are neither of the file nor names."""
    plain = re.sub(r"'[^']*'|\[[^\]]*\]|\{[^}]*\}", "", text)
    words = re.findall(r"(?<![\w./-])[a-z]{2,}(?![\w./-])", plain, re.ASCII)
    return [word for word in words if word not in own | NAMES]


def test_an_english_fragment_is_found() -> None:
    assert english("m：head_dim 为 5，应为 a divisor of the 16 heads", {"head_dim"}) == [
        "divisor",
        "of",
        "the",
        "heads",
    ]


@pytest.mark.parametrize("index", range(len(configs())))
def test_a_refusal_holds_no_english_phrase(index: int) -> None:
    with speaking("zh"):
        told = refusals(configs()[index])
    assert {text: found for text, own in told if (found := english(text, own))} == {}
