"""CSV files whose column ``kind`` says what their rows are: memory of servers, pools."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.evidence.measured.reader import EXPECTED, MAXIMUM_BYTES, open_results
from engine.sources.csv_text import open_csv
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

LARGEST_FILE = 16 << 20


def first_kind(path: Path) -> str:
    """The ``kind`` of a file's first row; empty where it has none or cannot be read."""
    try:
        with open_csv(path, MAXIMUM_BYTES, say(EXPECTED)) as stream:
            first = next(csv.DictReader(stream), {})
    except InputError:
        return ""
    return _kind(first)


def read_kind(path: Path, kind: str, required: Sequence[str]) -> list[Mapping[str, str | None]]:
    """The cells of all rows of a ``kind``; raises `InputError` where the file as a whole cannot be
    read or lacks a ``required`` column."""
    shown = clean(str(path))
    with open_results(path, LARGEST_FILE) as table:
        lines = list(table)
    for column in required:
        if lines and column not in lines[0]:
            raise InputError(
                say(
                    "{shown}: column {column} is missing, expected it under kind {kind}",
                    shown=shown,
                    column=column,
                    kind=kind,
                )
            )
    return [cells for cells in lines if _kind(cells) == kind]


def _kind(cells: Mapping[str, str | None]) -> str:
    return (cells.get("kind") or "").strip().lower()
