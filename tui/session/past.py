"""Scenarios that were worked on before, in this session or another: the last of each model, chip
and number of chips, kept in the state folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.words.messages import say

MOST = 30
MAXIMUM_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Past:
    """One of them: ``document`` is the scenario as a file tells it, checked when it is wanted."""

    saved_at: str
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it is called in a list; no two are called alike."""
        from engine.words.text import clean

        model, chips, chip = (str(self.document.get(key, "")) for key in ("model", "chips", "chip"))
        told = say("{model} on {chips} × {chip}", model=model[-40:], chips=chips, chip=chip)
        return clean(told, 100)


def past_scenarios() -> tuple[Past, ...]:
    """The newest first; nothing where the file is missing or is not what we wrote."""
    from engine.sources.files import read_text
    from engine.words.errors import RooftopError
    from engine.words.text import clean
    from tui.paths import past_file

    try:
        values = json.loads(read_text(past_file(), MAXIMUM_BYTES, "past scenarios"))
    except (RooftopError, ValueError, RecursionError):
        return ()
    return tuple(
        Past(clean(str(one.get("saved_at", "")), 30), one["scenario"])
        for one in (values if isinstance(values, list) else [])[:MOST]
        if isinstance(one, dict) and isinstance(one.get("scenario"), dict)
    )


def remember_scenario(document: Mapping[str, Any], saved_at: str) -> None:
    """Put a scenario first; a full disk is not worth a complaint here."""
    from engine.sources.files import write_text
    from engine.words.errors import RooftopError
    from tui.paths import past_file

    here = Past(saved_at, document)
    kept = [here, *(one for one in past_scenarios() if _place(one) != _place(here))][:MOST]
    values = [{"saved_at": one.saved_at, "scenario": dict(one.document)} for one in kept]
    try:
        write_text(past_file(), json.dumps(values) + "\n")
    except (RooftopError, OSError):
        return


def _place(one: Past) -> tuple[object, ...]:
    return tuple(one.document.get(key) for key in ("model", "chips", "chip"))
