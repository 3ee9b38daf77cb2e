"""Saved plans, past scenarios, days, traces and stocks to pick from."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say

if TYPE_CHECKING:
    from tui.session.past import Past


MOST_PLANS = 500
"""Files of a folder that are looked at."""
RATE = "rate"
"""The scenario's own requests per second, among files that say others."""


def listed_plans(scenario: Scenario) -> Sequence[str]:
    """Plan files of the folder, the newest first, then those saved or opened last elsewhere."""
    from tui.session.recent import recent_plans

    found: list[tuple[float, str]] = []
    with contextlib.suppress(OSError):
        for entry in list(os.scandir("."))[:MOST_PLANS]:
            if entry.name.endswith(".toml") and entry.is_file():
                found.append((-entry.stat().st_mtime, entry.name))
    here = Path.cwd()
    elsewhere = [one for one in recent_plans() if Path(one).parent != here]
    names = [*(name for _, name in sorted(found)), *map(_short, elsewhere)]
    return [*(name for name in names if _answer(name)), *_past(scenario)]


def _past(scenario: Scenario) -> dict[str, Past]:
    """Scenarios that were worked on before, by their names; the one in force is none of them."""
    from engine.plan.saved.plan_file import scenario_document
    from tui.session.past import past_scenarios

    now = scenario_document(scenario)
    return {one.name: one for one in past_scenarios() if one.document != now}


def _short(path: str) -> str:
    """A path with ``~`` for the home folder."""
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if path.startswith(f"{home}{os.sep}") else path


def _answer(name: str) -> str:
    """What a plan answers; nothing of a file that is no plan."""
    from engine.plan.saved.plan_file import MAXIMUM_BYTES
    from engine.sources.files import read_toml, user_path
    from engine.words.text import clean

    with contextlib.suppress(RooftopError):
        document = read_toml(user_path(name), MAXIMUM_BYTES, "a plan")
        if "schema_version" in document:
            return clean(str(document.get("answer", say("no answer"))), 400)
    return ""


def plan_facts(scenario: Scenario, value: str) -> str:
    """What a plan says, in a line."""
    from engine.sources.files import user_path

    past = _past(scenario).get(value)
    if past is not None:
        return say("{saved_at} · a scenario, not saved as a plan", saved_at=past.saved_at)
    day = time.strftime("%d %b %H:%M", time.localtime(user_path(value).stat().st_mtime))
    return f"{day} · {_answer(value).removeprefix('Serve ')}"


def is_plan_path(text: str) -> bool:
    """Whether the text is a plan's path."""
    from engine.sources.files import user_path

    return bool(text) and (text.endswith(".toml") or "/" in text or user_path(text).is_file())


def listed_fleets(scenario: Scenario) -> Sequence[str]:
    """The rate, then days, traces and stocks of the folder, the newest first."""
    found: list[tuple[float, str]] = []
    with contextlib.suppress(OSError):
        for entry in list(os.scandir("."))[:MOST_PLANS]:
            if entry.name.endswith((".csv", ".jsonl", ".toml")) and entry.is_file():
                found.append((-entry.stat().st_mtime, entry.name))
    names = (name for _, name in sorted(found))
    return [RATE, *(one for one in names if not one.endswith(".toml") or _is_stock(one))]


def _is_stock(name: str) -> bool:
    from engine.plan.stock import EXPECTED, MAXIMUM_BYTES
    from engine.sources.files import read_toml, user_path

    with contextlib.suppress(RooftopError):
        return "loads" in read_toml(user_path(name), MAXIMUM_BYTES, EXPECTED)
    return False


def is_fleet_path(text: str) -> bool:
    """Whether the text is a path of a fleet's file, or chips."""
    return bool(text) and ("/" in text or "." in text or is_of_chips(text))


def is_of_chips(text: str) -> bool:
    """Whether a fleet is asked for on several chips, as ``h100,h200``."""
    return "," in text and "/" not in text and "." not in text


def fleet_facts(scenario: Scenario, value: str) -> str:
    """What a fleet would be planned for, in a line."""
    from engine.sources.files import user_path

    if value == RATE:
        rate = scenario.workload.rate
        words = say("chips of every layout that carry {rate:g} requests/s", rate=rate)
        return words if rate else say("needs requests per second: :rate 12")
    if value.endswith(".toml"):
        from engine.plan.stock import read_stock

        stock = read_stock(user_path(value), scenario)
        named = ", ".join(f"{count} × {chip}" for chip, count in stock.chips.items())
        return say("{loads} loads on {named}", loads=len(stock.loads), named=named)
    return say("a day or a trace, {size:,} KiB", size=user_path(value).stat().st_size // 1024)
