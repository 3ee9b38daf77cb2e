"""Compare a folder of configs with a table of independent counts (``oracle_params.csv``)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.architecture import Architecture
from engine.errors import InputError, RooftopError
from engine.text import clean

Verdict = Literal["matched", "differing", "refused", "uncounted"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One config against its row. ``uncounted``: read, but the table has no figure for it."""

    name: str
    verdict: Verdict
    reason: str = ""
    total: int = 0
    expected_total: int = 0
    active: int = 0
    expected_active: int = 0


def compare_folder(folder: Path, oracle: Path) -> Iterator[Comparison]:
    """Compare every sub-folder of ``folder`` that holds a config.json.

    ``oracle`` is a CSV with the columns name, total_params, active_params_per_token and, where a
    figure was corrected, total_corrected. Raises `InputError` when either cannot be read.
    """
    rows = read_oracle(oracle)
    if not folder.is_dir():
        raise InputError(f"{clean(str(folder))}: no such folder; expected one folder per config")
    for path in sorted(folder.iterdir()):
        if (path / "config.json").is_file():
            yield compare(path, rows.get(path.name, {}))


def read_oracle(oracle: Path) -> dict[str, dict[str, str]]:
    """Rows by name; raises `InputError`."""
    try:
        with oracle.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "not a CSV table"
        raise InputError(f"{clean(str(oracle))}: {reason}") from None
    if not rows or not {"name", "total_params"} <= rows[0].keys():
        raise InputError(
            f"{clean(str(oracle))}: expected columns name, total_params, active_params_per_token"
        )
    return {row["name"]: row for row in rows}


def compare(path: Path, row: dict[str, str]) -> Comparison:
    """One config folder against its row of the table."""
    from engine.config import load_architecture

    name = clean(path.name)
    try:
        architecture = load_architecture(str(path)).architecture
        if not isinstance(architecture, Architecture):
            raise InputError("a vision model, expected a language model")
    except RooftopError as error:
        return Comparison(name, "refused", str(error))
    total, active = architecture.total_parameters, architecture.active_parameters
    expected = row.get("total_corrected") or row.get("total_params") or ""
    if not expected:
        return Comparison(name, "uncounted", "the table has no count", total, active=active)
    expected_total = _whole(expected, name)
    expected_active = _whole(row.get("active_params_per_token") or str(active), name)
    reasons = []
    if total != expected_total:
        reasons.append(f"total {total:,}, expected {expected_total:,}")
    if active != expected_active:
        reasons.append(f"active {active:,}, expected {expected_active:,}")
    return Comparison(
        name,
        "differing" if reasons else "matched",
        "; ".join(reasons),
        total,
        expected_total,
        active,
        expected_active,
    )


def _whole(text: str, name: str) -> int:
    try:
        return int(float(text)) if "." in text or "e" in text.lower() else int(text)
    except ValueError:
        raise InputError(f"oracle row {name}: {clean(text, 40)!r} is not a count") from None
