"""The glossary: what every config key is, and what it does to speed, memory or traffic.

Entries live in ``profiles/glossary/*.toml``, one file a group, in English and Chinese.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.sources.profile_files import read_toml
from profiles import ROOT


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: what it is (``english``), what it does (``effect_english``), and both in Chinese."""

    key: str
    group: str
    english: str
    effect_english: str
    chinese: str
    effect_chinese: str


@dataclass(frozen=True, slots=True)
class _Glossary:
    entries: Mapping[str, Entry]
    titles: Mapping[str, tuple[str, str]]


@cache
def _load() -> _Glossary:
    entries: dict[str, Entry] = {}
    titles: list[tuple[int, str, str, str]] = []
    for path in sorted((ROOT / "glossary").glob("*.toml")):
        file = read_toml(path)
        titles.append((file["order"], path.stem, file["english"], file["chinese"]))
        for key, values in file["keys"].items():
            entry = Entry(key, path.stem, *(values[name] for name in _TEXTS))
            for name in (key, *values.get("aliases", ())):
                entries[name] = entry
    ordered = {stem: (english, chinese) for _, stem, english, chinese in sorted(titles)}
    return _Glossary(entries, ordered)


_TEXTS = ("english", "effect_english", "chinese", "effect_chinese")


def group_order() -> tuple[str, ...]:
    """Groups in the order of the tree."""
    return tuple(_load().titles)


def group_title(group: str, *, chinese: bool = False) -> str:
    """A group's title."""
    return _load().titles[group][1 if chinese else 0]


def lookup(path: str) -> Entry | None:
    """The entry of a config key by its dotted path: the whole path first, then ever shorter
    ends of it (``text_config.hidden_size`` is ``hidden_size``)."""
    entries = _load().entries
    parts = path.split(".")
    for start in range(len(parts)):
        found = entries.get(".".join(parts[start:]))
        if found is not None:
            return found
    for part in reversed(parts[:-1]):
        if part in entries:
            return entries[part]
    return None


def groups_of_keys(config: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """The group of every leaf of a config that the glossary knows."""
    found: dict[str, str] = {}
    for key, value in config.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            found.update(groups_of_keys(value, path))
        else:
            entry = lookup(path)
            if entry is not None:
                found[path] = entry.group
    return found
