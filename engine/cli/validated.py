"""What ``rooftop validate`` prints of rows of a kind: those refused and why, and a table."""

from __future__ import annotations

import json
from collections.abc import Iterable

from engine.evidence.measured.table import as_text


def print_validated(
    kind: str,
    outcomes: Iterable[tuple[str, str]],
    found: dict[str, object],
    table: list[list[str]],
    as_json: bool,
) -> None:
    """Print the ``table``, or ``found`` as JSON, after the refused rows. ``outcomes`` are the id of
    every row and why it was refused, empty where it was not."""
    outcomes = list(outcomes)
    refused = [(id, reason) for id, reason in outcomes if reason]
    if as_json:
        refusals = [{"id": id, "reason": reason} for id, reason in refused]
        print(json.dumps({**found, "refusals": refusals}, indent=1, ensure_ascii=False))
        return
    print(f"{kind}: {len(outcomes) - len(refused)} of {len(outcomes)} rows predicted")
    for id, reason in refused:
        print(f"  refused {id}: {reason}")
    print(f"\n{as_text(table)}")
