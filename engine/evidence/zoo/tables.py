"""Tables of independent counts, and the verdict on one row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from os.path import isdir, lexists
from pathlib import Path
from typing import Literal

from engine.sources.files import read_text
from engine.words.errors import InputError
from engine.words.system_errors import system_reason
from engine.words.text import clean
from engine.words.units import parse_decimal

Verdict = Literal["matched", "convention", "differing", "refused", "uncounted"]
VERDICTS: tuple[Verdict, ...] = ("matched", "convention", "differing", "refused", "uncounted")

MAXIMUM_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Comparison:
    """One config against a row of a table.

    ``convention``: equal once a difference of convention, which ``reason`` names, is taken out.
    ``uncounted``: read, but the table has no figure for it. ``total`` and ``expected_total`` are
    in the unit of the ``subject``: parameters, bytes or FLOPs.
    """

    name: str
    verdict: Verdict
    reason: str = ""
    total: float = 0
    expected_total: float = 0
    active: int = 0
    expected_active: int = 0
    subject: str = "parameters"


def read_table(path: Path, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of a CSV table that must have the columns ``needed``; raises `InputError`."""
    text = read_text(path, MAXIMUM_BYTES, "a CSV table of counts")
    try:
        rows = list(csv.DictReader(StringIO(text)))
    except csv.Error as error:
        reason = clean(str(error), 100)
        raise InputError(f"{clean(str(path))}: not a CSV table: {reason}") from None
    if not rows or not set(needed) <= rows[0].keys():
        raise InputError(f"{clean(str(path))}: expected columns {', '.join(needed)}")
    return rows


def config_folders(folder: Path) -> Iterator[Path]:
    """Every sub-folder with a config.json, sorted; raises `InputError`."""
    if not isdir(folder):
        raise InputError(f"{clean(str(folder))}: no such folder; expected one folder per config")
    try:
        inner = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{clean(str(folder))}: {system_reason(error)}") from None
    yield from (path for path in inner if lexists(path / "config.json"))


def number(row: dict[str, str], column: str, name: str) -> float | None:
    """The number in a column, None when it is empty or absent; raises `InputError`."""
    text = row.get(column) or ""
    if not text:
        return None
    value = parse_decimal(text)
    if math.isnan(value):
        raise InputError(f"oracle row {name}: {clean(text, 40)!r} is not a number")
    return value


def whole(row: dict[str, str], column: str, name: str) -> int:
    """The whole number from 1 in a column; raises `InputError`."""
    value = number(row, column, name)
    if value is None or value < 1 or value != int(value):
        found = clean(row.get(column) or "", 40)
        raise InputError(f"oracle row {name}: {column}: found {found!r}, expected a whole number")
    return int(value)
