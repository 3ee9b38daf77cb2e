"""What-ifs on a config, applied before anyone interprets it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from engine.model.config.loaded import Edits, RawConfig
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


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


def _plain(value: object) -> object:
    """A what-if's value as a file's would be: every text in it made safe to show."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Iterable):
        return [_plain(inner) for inner in value]
    return value
