"""What-ifs on a config, applied before anyone interprets it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from engine.model import defaults
from engine.model.config.loaded import Edits, RawConfig
from engine.model.forward import defaults as forward_defaults
from engine.model.glossary import key_of, known_spellings
from engine.model.harmless import HARMLESS
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean, closest


def apply_edits(raw: RawConfig, edits: Edits) -> dict[str, Any]:
    """The config with each what-if applied to a copy; raises `InputError` for a bad path."""
    if not edits:
        return raw.config
    config: dict[str, Any] = copy.deepcopy(raw.config)
    for path, value in edits:
        target = config
        *parents, last = path.split(".")
        for name in parents:
            inner = target.get(name)
            if not isinstance(inner, dict):
                raise InputError(
                    say(
                        "{source}: edit {path}: {name} is no mapping",
                        source=raw.source,
                        path=clean(path, 80),
                        name=name,
                    )
                )
            target = inner
        if not last:
            raise InputError(
                say("{source}: edit {path!r} names no key", source=raw.source, path=path)
            )
        target[last] = _plain(value)
    return config


def unheard_of(raw: RawConfig, edits: Edits) -> tuple[str, ...]:
    """The paths of what-ifs on keys that neither the config nor any list of known ones has: none
    but the dialect that reads the config can say whether they mean anything."""
    return tuple(path for path, _ in edits if not _is_known(raw.config, path))


def _is_known(config: dict[str, Any], path: str) -> bool:
    *parents, name = path.split(".")
    target: Any = config
    for parent in parents:
        target = target.get(parent) if isinstance(target, dict) else None
    if isinstance(target, dict) and name in target:
        return True
    listed = key_of(name) is not None or name in HARMLESS
    return listed or defaults.is_default(name) or forward_defaults.is_default(name)


def no_such_key(source: str, path: str, others: Iterable[str] = ()) -> InputError:
    """The error for a what-if that changes nothing, with the nearest of ``others`` and of all
    known keys."""
    near = closest(path.split(".")[-1], sorted({*others, *known_spellings()}), 1, 0.6)
    hint = say(", nearest known key {near}", near=clean(near[0], 80)) if near else ""
    return InputError(
        say(
            "{source}: edit {path}: no such key{hint}",
            source=source,
            path=clean(path, 80),
            hint=hint,
        )
    )


def _plain(value: object) -> object:
    """A what-if's value as a file's would be: every text in it made safe to show."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Iterable):
        return [_plain(inner) for inner in value]
    return value
