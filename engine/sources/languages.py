"""The languages that the explanations come in: one folder each in ``profiles/glossary/``.

The folder's name is the language's code. Its ``language.toml`` holds the language's own name,
whether plain ASCII can carry it, and the words around the explanations; every other file explains
the config keys of one group. What a language lacks is said in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from engine.sources.profile_files import read_toml
from profiles import ROOT

ENGLISH = "en"
FOLDER = ROOT / "glossary"
_ABOUT = "language"


def languages() -> tuple[str, ...]:
    """The codes of all languages: English, then the others by code."""
    found = {path.parent.name for path in FOLDER.glob(f"*/{_ABOUT}.toml")}
    return (ENGLISH, *sorted(found - {ENGLISH}))


def next_language(code: str) -> str:
    """The language after ``code``, going round."""
    known = languages()
    return known[(known.index(code) + 1) % len(known)]


def language_name(code: str) -> str:
    """What a language calls itself."""
    return str(_file(FOLDER / code / f"{_ABOUT}.toml")["name"])


def is_ascii(code: str) -> bool:
    """Whether plain ASCII can carry the language."""
    return bool(_file(FOLDER / code / f"{_ABOUT}.toml").get("ascii", False))


def words(code: str, section: str) -> Mapping[str, str]:
    """The words of one section of a language by their names."""
    found: Mapping[str, str] = texts(code, _ABOUT)[section]
    return found


def texts(code: str, name: str) -> Mapping[str, Any]:
    """The tables of a language's file ``name``; whatever they lack is English."""
    return _completed(FOLDER, code, name)


@cache
def _completed(folder: Path, code: str, name: str) -> Mapping[str, Any]:
    english = _file(folder / ENGLISH / f"{name}.toml")
    own = _file(folder / code / f"{name}.toml")
    return {
        key: {**value, **own.get(key, {})} if isinstance(value, dict) else own.get(key, value)
        for key, value in english.items()
    }


@cache
def _file(path: Path) -> Mapping[str, Any]:
    """One file, once; empty where a language has none."""
    return read_toml(path) if path.exists() else {}
