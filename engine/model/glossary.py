"""The glossary: what every config key is, and what it does to speed, memory or traffic.

``profiles/glossary/keys.toml`` says which keys there are, in which group of the tree, and how
else they are spelt; the folder of each language explains them (`engine.sources.languages`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.sources.languages import texts, words
from engine.sources.profile_files import read_toml
from engine.words.messages import ENGLISH
from profiles import ROOT


@dataclass(frozen=True, slots=True)
class Entry:
    """One key: what it is (``meaning``) and what it does (``effect``), in one language."""

    key: str
    group: str
    meaning: str
    effect: str


@dataclass(frozen=True, slots=True)
class _Keys:
    groups: tuple[str, ...]
    known: Mapping[str, tuple[str, str]]
    """The key and its group by every spelling."""


@cache
def _keys() -> _Keys:
    groups = read_toml(ROOT / "glossary" / "keys.toml")
    known = {
        spelling: (key, group)
        for group, keys in groups.items()
        for key, spellings in keys.items()
        for spelling in (key, *spellings)
    }
    return _Keys(tuple(groups), known)


def group_order() -> tuple[str, ...]:
    """Groups in the order of the tree."""
    return _keys().groups


def group_title(group: str, language: str = ENGLISH) -> str:
    """A group's title."""
    return words(language, "groups")[group]


def key_of(path: str) -> str | None:
    """The glossary's own name of a config key by its dotted path; None for one it lacks."""
    found = _find(path)
    return None if found is None else found[0]


def known_spellings() -> Iterable[str]:
    """Every spelling of every key."""
    return _keys().known


def lookup(path: str, language: str = ENGLISH) -> Entry | None:
    """The entry of a config key by its dotted path."""
    found = _find(path)
    if found is None:
        return None
    key, group = found
    text = texts(language, group)[key]
    return Entry(key, group, text["meaning"], text["effect"])


def _find(path: str) -> tuple[str, str] | None:
    """A key and its group: as it stands in the nearest mapping around it that has words for it
    (``rope_parameters.full_attention.factor`` is ``rope_scaling.factor``), then by its own name
    alone (``text_config.hidden_size``), then as part of the nearest mapping."""
    known = _keys().known
    *around, name = path.split(".")
    around.reverse()
    owners = [known[one][0] if one in known else one for one in around]
    for candidate in (*(f"{owner}.{name}" for owner in owners), name, *around):
        if candidate in known:
            return known[candidate]
    return None


def leaves(config: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted paths of all leaves of a config; lists are leaves."""
    for key, value in config.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from leaves(value, path)
        else:
            yield path


def groups_of_keys(config: Mapping[str, Any]) -> dict[str, str]:
    """The group of every leaf of a config that the glossary knows."""
    found = {path: _find(path) for path in leaves(config)}
    return {path: known[1] for path, known in found.items() if known is not None}
