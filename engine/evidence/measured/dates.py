"""When a published row was measured, as far as the file says: engines change within months."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any

import numpy as np

from engine.sources.profile_files import read_toml
from profiles import ROOT

_DAY = re.compile(r"\s*(\d{4})-(\d\d)(?:-(\d\d))?", re.ASCII)
CONFIGURATION = re.compile(r"\bconfig_id=(\d{1,6})\b", re.ASCII)
"""How notes number an InferenceX configuration."""


def row_date(text: str, notes: str = "", version: str = "", few: bool = False) -> date | None:
    """The day that ``text`` begins with (the middle of a month without a day), else the day on
    which the configuration that the ``notes`` number first appeared (with ``few`` requests in
    flight, when the sweeps began to hold such runs), else the one on which the ``version`` was
    released; None where nothing is said."""
    if found := _DAY.match(text):
        year, month, day = (int(part) if part else 15 for part in found.groups())
        try:
            return date(year, month, day)
        except ValueError:
            return None
    if found := CONFIGURATION.search(notes):
        numbers, days = _appearances()
        first = date.fromordinal(int(np.interp(int(found.group(1)), numbers, days)))
        return max(first, date.fromisoformat(_file()["few_requests_since"])) if few else first
    releases: dict[str, str] = _file()["releases"]
    days_of = (day for name, day in releases.items() if version.startswith(name))
    return next((date.fromisoformat(day) for day in days_of), None)


@cache
def _file() -> dict[str, Any]:
    return read_toml(ROOT / "accuracy" / "dates.toml")


@cache
def _appearances() -> tuple[list[int], list[int]]:
    table: dict[str, str] = _file()["appearances"]
    days = [date.fromisoformat(day).toordinal() for day in table.values()]
    return [int(number) for number in table], days
