"""Writes numbers into TOML files without touching their comments and order."""

from __future__ import annotations

import re
from pathlib import Path


def patch(path: Path, table: str, values: dict[str, str]) -> None:
    """Set ``values`` (already TOML) in ``table`` ("" is the top of the file), adding what is
    missing."""
    lines = path.read_text(encoding="utf-8").splitlines()
    header = f"[{table}]" if table else ""
    start = 0
    if header:
        if header not in lines:
            lines += ["", header]
        start = lines.index(header) + 1
    end = next((i for i in range(start, len(lines)) if lines[i].startswith("[")), len(lines))
    for key, value in values.items():
        line = f"{key} = {value}"
        for place in range(start, end):
            if re.match(rf"{re.escape(key)}\s*=", lines[place]):
                lines[place] = line
                break
        else:
            while end > start and not lines[end - 1].strip():
                end -= 1
            lines.insert(end, line)
            end += 1
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def drop(path: Path, tables: list[str]) -> None:
    """Remove whole tables."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept: list[str] = []
    skipping = False
    for line in lines:
        if line.startswith("["):
            skipping = line.strip("[] ") in tables
        if not skipping:
            kept.append(line)
    path.write_text("\n".join(kept).rstrip() + "\n", encoding="utf-8")
