"""What ``rooftop validate`` prints of rows of a kind: those refused and why, and a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from engine.evidence.measured.table import as_text
from engine.words.messages import say


class Row(Protocol):
    """One row of a file."""

    @property
    def id(self) -> str:
        """Its name in the file."""
        ...


class Prediction(Protocol):
    """What was made of a row."""

    @property
    def refused(self) -> str:
        """Why nothing was; else empty."""
        ...


def refused_rows(rows: Sequence[Row], predictions: Sequence[Prediction]) -> list[tuple[str, str]]:
    """Id and reason of the rows that were not predicted."""
    pairs = zip(rows, predictions, strict=True)
    return [(row.id, one.refused) for row, one in pairs if one.refused]


def print_validated(
    head: str,
    refused: Sequence[tuple[str, str]],
    found: dict[str, object],
    table: list[list[str]],
    as_json: bool,
) -> None:
    """Print ``head``, the ``refused`` rows and the ``table``; as JSON ``found`` and those rows."""
    if as_json:
        refusals = [{"id": id, "reason": reason} for id, reason in refused]
        print(json.dumps({**found, "refusals": refusals}, indent=1, ensure_ascii=False))
        return
    print(head)
    for id, reason in refused:
        print(say("  refused {id}: {reason}", id=id, reason=say(reason)))
    print(f"\n{as_text(table)}")
