"""The model's config as rows: grouped by the glossary, every key with its value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.text import clean
from engine.units import LARGEST_COUNT

OTHER = "other"


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A heading (empty ``key``) or one config key."""

    group: str
    key: str
    value: object
    edited: bool = False

    @property
    def is_heading(self) -> bool:
        """Whether this is a group's title."""
        return not self.key


def flattened(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf of a config with its dotted path; lists are leaves."""
    for key, value in config.items():
        path = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(value, Mapping):
            yield from flattened(value, path)
        else:
            yield path, value


def tree_rows(
    config: Mapping[str, Any],
    group_of: Mapping[str, str],
    order: tuple[str, ...],
    edited: frozenset[str],
) -> list[TreeRow]:
    """Rows by group in the glossary's order; keys it does not know come last."""
    groups: dict[str, list[TreeRow]] = {}
    for key, value in flattened(config):
        group = group_of.get(key, OTHER)
        groups.setdefault(group, []).append(TreeRow(group, key, value, key in edited))
    rows: list[TreeRow] = []
    for group in (*order, OTHER):
        if group in groups:
            rows.append(TreeRow(group, "", None))
            rows.extend(groups.pop(group))
    return rows


def rows_with(rows: list[TreeRow], text: str) -> list[TreeRow]:
    """The rows whose key or value holds ``text``, under their headings."""
    wanted = text.lower().strip()
    if not wanted:
        return rows
    found: list[TreeRow] = []
    heading: TreeRow | None = None
    for row in rows:
        if row.is_heading:
            heading = row
        elif wanted in row.key.lower() or wanted in shown_value(row.value).lower():
            if heading is not None:
                found.append(heading)
                heading = None
            found.append(row)
    return found


def shown_value(value: object) -> str:
    """A JSON value in one short line."""
    return clean(json.dumps(value, ensure_ascii=False), 200)


def parse_value(text: str) -> object:
    """What a person typed as a JSON value: numbers (``4K`` too), true, false, null, or text."""
    stripped = text.strip()
    try:
        value: object = json.loads(stripped)
    except json.JSONDecodeError:
        if stripped[:-1].isdigit() and stripped[-1:] in "kK":
            return min(int(stripped[:-1]) * 1024, LARGEST_COUNT)
        return stripped
    return value
