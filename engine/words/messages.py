"""Words for people, in the language that they chose.

English stands in the code and is each message's id: ``say("{layout}, batch {batch}", …)``. Another
language is a folder of TOML files in ``profiles/languages/`` from template to template; what it
lacks is said in English. What machines read (JSON, CSV, plan files, launch scripts) is English
whatever the language: it is made within `speaking`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from profiles import ROOT

ENGLISH = "en"
FOLDER = ROOT / "languages"

_chosen = ENGLISH
"""The language of this process; threads share it."""
_for_now: ContextVar[str | None] = ContextVar("language", default=None)


class Said(str):
    """A message in the language of its making, with what is needed to say it in another."""

    template: str
    values: Mapping[str, Any]

    def __new__(
        cls, text: str, template: str = "", values: Mapping[str, Any] | None = None
    ) -> Said:
        """``text`` is ``template`` in some language, with its ``values`` put in."""
        made = super().__new__(cls, text)
        made.template, made.values = template, values or {}
        return made


def use_language(code: str) -> None:
    """Speak another language from now on."""
    global _chosen
    _chosen = code


def language() -> str:
    """The code of the language that is spoken here and now."""
    return _for_now.get() or _chosen


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Another language for a while, in this thread alone."""
    before = _for_now.set(code)
    try:
        yield
    finally:
        _for_now.reset(before)


def say(template: str, **values: Any) -> str:
    """A message in today's language. ``template`` is its English, with values in braces as
    `str.format` has them; without values it is taken as it stands."""
    code = language()
    words = template if code == ENGLISH else _messages(code).get(template, template)
    if code == ENGLISH:
        words = _singular(words, tuple(name for name, one in values.items() if _is_one(one)))
    return Said(words.format(**values) if values else words, template, values)


_COUNTED = (
    "candidates|chips|hours|instances|layers|loads|models|nodes|points|replicas|requests|rows|runs"
    "|sequences|tokens"
)
"""What English counts with an s where there are several."""


def _is_one(value: object) -> bool:
    return value == "1" or (isinstance(value, int) and value is not True and value == 1)


@cache
def _singular(words: str, ones: tuple[str, ...]) -> str:
    """An English template whose nouns behind a count of one stand for one."""
    import re

    for name in ones:
        counted = rf"(\{{{re.escape(name)}(?::,)?\}} (?:{_COUNTED}))\b"
        words = re.sub(counted, lambda found: found[1][:-1], words)
    return words


def retold(text: str, code: str | None = None) -> str:
    """A message once more, in the language ``code`` or today's; other text as it is."""
    if not isinstance(text, Said):
        return text
    with speaking(code or language()):
        values = {name: _retold_value(value) for name, value in text.values.items()}
        return say(text.template, **values)


def error_text(error: BaseException) -> str:
    """What an error says, in today's language where it was made of one message."""
    told = error.args[0] if error.args else ""
    return retold(told) if isinstance(told, Said) else str(error)


def listed(parts: list[str] | tuple[str, ...]) -> str:
    """Parts of one kind as a list within a sentence."""
    return say(", ").join(parts)


def _retold_value(value: Any) -> Any:
    return retold(value) if isinstance(value, Said) else value


@cache
def _messages(code: str) -> Mapping[str, str]:
    """Every message of a language by its English."""
    import tomllib

    found: dict[str, str] = {}
    for path in sorted((FOLDER / code).glob("*.toml")):
        found.update(tomllib.loads(path.read_text(encoding="utf-8")))
    return found
