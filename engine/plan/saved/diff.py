"""What differs between two plans as documents: the keys with other values, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_LIST_KEYS = ("phase", "name", "key")
"""What tells the tables of a list apart: edits by key, operators by phase and name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One key whose value differs; None stands for a key that is absent."""

    key: str
    before: object
    after: object

    @property
    def ratio(self) -> float | None:
        """After over before, for two numbers."""
        if isinstance(self.before, bool) or isinstance(self.after, bool):
            return None
        if isinstance(self.before, int | float) and isinstance(self.after, int | float):
            return float(self.after) / float(self.before) if self.before else None
        return None


def flattened(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf of a plan with its dotted path; tables in lists by their names, empty
    lists as if absent."""
    for key, value in document.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from flattened(value, path)
        elif _is_tables(value):
            for one in value:
                name = " ".join(str(one[part]) for part in _LIST_KEYS if part in one)
                rest = {part: inner for part, inner in one.items() if part not in _LIST_KEYS}
                yield from flattened(rest, f"{path}[{name}]")
        elif value != []:
            yield path, value


def _is_tables(value: object) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(one, Mapping) for one in value)
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """The keys that differ between two documents, in the order of the first."""
    old, new = dict(flattened(before)), dict(flattened(after))
    keys = [*old, *(key for key in new if key not in old)]
    return tuple(
        Difference(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)
    )
