"""The languages that rooftop speaks: one folder each in ``profiles/glossary/``, and another of
the same name in ``profiles/languages/`` for the messages (`engine.words.messages`).

The folder's name is the language's code. Its ``language.toml`` holds the language's own name,
whether plain ASCII can carry it, and the words around the explanations; every other file explains
the config keys of one group. What a language lacks is said in English.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from engine.sources.profile_files import read_toml
from engine.words.messages import ENGLISH
from profiles import ROOT

FOLDER = ROOT / "glossary"
_ABOUT = "language"


def languages() -> tuple[str, ...]:
    """The codes of all languages: English, then the others by code."""
    found = {path.parent.name for path in FOLDER.glob(f"*/{_ABOUT}.toml")}
    return (ENGLISH, *sorted(found - {ENGLISH}))


def language_of(locale: str) -> str:
    """The language for a locale's name (``zh_CN.UTF-8``), English where there is none."""
    code = locale.partition(".")[0]
    known = (one for one in (code, code.partition("_")[0]) if one in languages())
    return next(known, ENGLISH)


def environment_language() -> str:
    """The language that the environment asks for, in the order of POSIX."""
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return language_of(next((os.environ[one] for one in names if os.environ.get(one)), ""))


def can_be_written(code: str, encoding: str | None) -> bool:
    """Whether an output of that ``encoding`` can carry the language."""
    try:
        language_name(code).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return is_ascii(code)
    return True


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
