"""The model's config as rows: grouped by the glossary, every key with its value."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from engine.words.text import clean
from engine.words.units import parse_quantity

if TYPE_CHECKING:
    from engine.model.architecture import Assumption
    from engine.model.document_order import Block

OTHER = "other"
ASSUMED = "assumed"
"""The group of what the file does not say."""


class TreeOrder(Enum):
    """How keys are grouped and ordered."""

    GROUPS = "groups"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A heading (empty ``key``) or one config key.

    ``original`` is the file's value of an edited key, None where the file has no such key.
    ``reason`` says where an assumed value comes from; a ``note`` is words that are no key; an
    ``absent`` key is one that the document names and the file lacks.
    """

    group: str
    key: str
    value: object
    edited: bool = False
    original: object = None
    reason: str = ""
    note: bool = False
    absent: bool = False

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
    edited: Mapping[str, object],
) -> list[TreeRow]:
    """Rows by group in the glossary's order; keys it does not know come last. ``edited`` are the
    what-ifs with the file's own values."""
    groups: dict[str, list[TreeRow]] = {}
    for key, value in flattened(config):
        group = group_of.get(key, OTHER)
        row = TreeRow(group, key, value, key in edited, edited.get(key))
        groups.setdefault(group, []).append(row)
    rows: list[TreeRow] = []
    for group in (*order, OTHER):
        if group in groups:
            rows.append(TreeRow(group, "", None))
            rows.extend(groups.pop(group))
    return rows


def document_rows(
    config: Mapping[str, Any], blocks: Sequence[Block], edited: Mapping[str, object]
) -> list[TreeRow]:
    """Rows in the blocks of a document, with the keys that it names and the file lacks."""
    values = dict(flattened(config))
    rows: list[TreeRow] = []
    for block in blocks:
        rows.append(TreeRow(block.name, "", None))
        rows += [
            TreeRow(
                block.name,
                key,
                values.get(key),
                key in edited,
                edited.get(key),
                absent=key in block.missing,
            )
            for key in block.keys
        ]
    return rows


def assumed_rows(
    assumptions: Sequence[Assumption | str], warnings: Sequence[str], config: Mapping[str, Any]
) -> list[TreeRow]:
    """What the file does not say and was taken from elsewhere, and what is odd about it."""
    given = {key for key, _ in flattened(config)}
    rows = []
    for one in assumptions:
        if isinstance(one, str):
            rows.append(TreeRow(ASSUMED, "assumed", one, note=True))
        elif one.key not in given:
            value = parse_value(one.value.strip("'"))
            rows.append(TreeRow(ASSUMED, one.key, value, reason=one.reason))
    rows += [TreeRow(ASSUMED, "warning", text, note=True) for text in warnings]
    return [TreeRow(ASSUMED, "", None), *rows] if rows else []


def stepped(value: object, direction: int) -> object:
    """One step up or down: a switch turns over, a power of two doubles or halves, another whole
    number moves by the largest power of two that divides it (7168 by 1024, 61 by 1), a fraction
    by a tenth. What is no number stays."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, float):
        return float(f"{value * (1.1 if direction > 0 else 1 / 1.1):.3g}")
    if not isinstance(value, int) or value <= 0:
        return value
    size = value & -value
    if size == value:
        return value * 2 if direction > 0 else max(value // 2, 1)
    return value + size * direction


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
    """What a person typed as a JSON value: numbers (``4K``, ``70B`` too), true, false, null, or
    text."""
    stripped = text.strip()
    try:
        value: object = json.loads(stripped)
    except (ValueError, RecursionError):
        quantity = parse_quantity(stripped)
        return stripped if quantity is None else quantity
    return value
