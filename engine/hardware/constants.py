"""Constants of engines, declared once: key in files, unit, bounds, meaning.

A part of an engine's profile is a dataclass whose fields are made by `constant`. From these
declarations come the loader (`read_part`), the schema for users' files
(`engine.hardware.schema`), the list that ``rooftop frameworks`` prints (`written_part`) and
whatever changes constants by their key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import Enum
from typing import Any, TypeVar, cast

from engine.words.text import clean

Part = TypeVar("Part")
_SCALES = {"_ns": 1e-9, "_us": 1e-6, "_ms": 1e-3, "_gib": float(1 << 30)}
"""What a key's ending says: one of the file's units in seconds or bytes."""
_DECLARED = "constant"


@dataclass(frozen=True, slots=True)
class Declared:
    """How files write one constant: its ``key``, whose ending is the unit, and its bounds.

    ``choices`` are the modes of a constant that is one: two are what false and true of the file
    mean, more are written by their values.
    """

    key: str
    says: str
    least: float = -math.inf
    most: float = math.inf
    choices: tuple[Enum, ...] | None = None

    @property
    def scale(self) -> float:
        """The file's unit in seconds or bytes; 1 for what has no unit."""
        return next((one for end, one in _SCALES.items() if self.key.endswith(end)), 1.0)

    @property
    def is_switch(self) -> bool:
        """Whether files write it as false or true."""
        return self.choices is not None and len(self.choices) == 2

    def _named(self, written: str) -> Enum:
        return next(one for one in self.choices or () if one.value == written)

    def read(self, written: Any) -> Any:
        """The value that a file's ``written`` one stands for."""
        if self.choices is not None:
            return self.choices[bool(written)] if self.is_switch else self._named(written)
        if isinstance(written, list):
            return tuple(clean(one) for one in written)
        if isinstance(written, str):
            return clean(written)
        if isinstance(written, Mapping):
            return {name: value * self.scale for name, value in written.items()}
        return written if self.scale == 1.0 else written * self.scale

    def write(self, value: Any) -> Any:
        """The other way round: as a file would say it."""
        if self.choices is not None:
            return self.choices.index(value) == 1 if self.is_switch else value.value
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, Mapping):
            return {name: float(f"{one / self.scale:.6g}") for name, one in value.items()}
        return value if self.scale == 1.0 else float(f"{value / self.scale:.6g}")


_REQUIRED: Any = object()


def constant(
    key: str,
    says: str,
    default: Any = _REQUIRED,
    *,
    least: float = -math.inf,
    most: float = math.inf,
    choices: tuple[Enum, ...] | None = None,
) -> Any:
    """A field of a part. ``default`` is the field's own value, in seconds and bytes; without one
    every file has to say it."""
    metadata = {_DECLARED: Declared(key, says, least, most, choices)}
    if default is _REQUIRED:
        return field(metadata=metadata)
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


def declared_fields(part: type[Any]) -> Iterator[tuple[Field[Any], Declared]]:
    """The declared fields of a part with their declarations."""
    for one in fields(part):
        if _DECLARED in one.metadata:
            yield one, cast(Declared, one.metadata[_DECLARED])


def read_part(part: type[Part], file: Mapping[str, Any]) -> Part:
    """The part of a profile, from the values of its file; what the file leaves out has its
    default."""
    values = {
        one.name: declared.read(file[declared.key])
        for one, declared in declared_fields(part)
        if file.get(declared.key) is not None
    }
    return part(**values)


def written_part(part: Any) -> dict[str, Any]:
    """The constants of a part as a file would say them, by key."""
    return {
        declared.key: declared.write(getattr(part, one.name))
        for one, declared in declared_fields(type(part))
    }
