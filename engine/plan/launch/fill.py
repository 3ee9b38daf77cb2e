"""Entries of launch tables filled in: written when all their fields have values, else not."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from engine.hardware.launch_table import PLACE, LaunchFile, Spelling, fields_in
from engine.words.messages import say

Fields = Mapping[str, str]


def filled(text: str, fields: Fields) -> str | None:
    """An entry with its fields; None where one of them has no value."""
    if not fields_in(text) <= fields.keys():
        return None
    return PLACE.sub(lambda found: "" if found[2] else fields[found[1]], text)


def filled_words(text: str, fields: Fields) -> list[str]:
    """An entry as words of a command: taken apart before it is filled in, so that no value becomes
    several words or none."""
    if not fields_in(text) <= fields.keys():
        return []
    words = [filled(word, fields) or "" for word in _split(text)]
    return [word for word in words if word]


def _split(text: str) -> list[str]:
    """The words of an entry, quotes as in a shell."""
    return shlex.split(text)


def known(entries: Iterable[Spelling], version: tuple[int, ...]) -> list[str]:
    """The entries that a version has."""
    return [one.text for one in entries if one.known_to(version)]


def taken(entries: Iterable[str], fields: Fields) -> set[str]:
    """The fields that written entries tell."""
    written = [fields_in(text) for text in entries]
    return {name for names in written if names <= fields.keys() for name in names}


def sentence_of(text: str) -> str:
    """An entry for the reader without the fields that it only asks for: a message's template."""
    return PLACE.sub(lambda found: "" if found[2] else found[0], text).rstrip()


def told_where(entries: Iterable[str], fields: Fields) -> list[str]:
    """The sentences of entries whose fields all have values, in today's language."""
    return [
        say(sentence_of(text), **{name: fields[name] for name in fields_in(sentence_of(text))})
        for text in entries
        if fields_in(text) <= fields.keys()
    ]


def file_text(file: LaunchFile, lines: Iterable[str], fields: Fields) -> str:
    """A file of the lines whose fields have values; empty without any."""
    whole: dict[str, Any] = {}
    for line in lines:
        text = filled(line, fields)
        if text is not None:
            key, _, value = text.partition(":")
            _put(whole, key.strip().split("."), _scalar(value.strip()))
    if not whole:
        return ""
    if file.name.endswith(".json"):
        return json.dumps(_lists(whole), indent=2) + "\n"
    return "\n".join(_yaml(whole, 0)) + "\n"


def _put(whole: dict[str, Any], path: list[str], value: object) -> None:
    for part in path[:-1]:
        whole = whole.setdefault(part, {})
    whole[path[-1]] = value


def _scalar(text: str) -> object:
    try:
        value: object = json.loads(text)
        return value
    except ValueError:
        return text


def _lists(value: Any) -> Any:
    """Tables whose keys are places as lists: ``ModelConfig.0.tp``."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(one) for key, one in value.items()}
    return [*inner.values()] if inner and all(key.isdigit() for key in inner) else inner


def _yaml(values: Mapping[str, Any], depth: int) -> list[str]:
    lines = []
    for key, value in values.items():
        start = f"{'  ' * depth}{key}:"
        if isinstance(value, dict):
            lines += [start, *_yaml(value, depth + 1)]
        else:
            plain = isinstance(value, str) and value.isidentifier() and value not in _RESERVED
            lines.append(f"{start} {value if plain else json.dumps(value)}")
    return lines


_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "True", "False", "None"}
