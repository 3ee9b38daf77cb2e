"""Which framework profile describes a published row (profiles/accuracy/eras.toml)."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from engine.framework_profiles import framework_ids
from profiles import ROOT

GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class _Rule:
    framework: str
    pattern: re.Pattern[str]
    chips: tuple[str, ...]
    below: float
    """Concurrencies under this one."""
    since: date
    until: date
    """Rows measured from the one day and before the other."""
    profile: str


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads((ROOT / "accuracy" / "eras.toml").read_text(encoding="utf-8"))


@cache
def _names() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(rule["pattern"], re.IGNORECASE), rule["framework"]) for rule in _file()["name"]
    )


def framework_name(framework: str, version: str) -> str:
    """The short name of a framework, however it is written; from its version where blank."""
    written = framework.lower()
    if written in {name for _, name in _names()}:
        return written
    for pattern, name in _names():
        if pattern.search(framework or version):
            return name
    return written


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            rule["framework"],
            re.compile(rule["pattern"], re.IGNORECASE),
            tuple(rule.get("chips", ())),
            float(rule.get("below", math.inf)),
            date.fromisoformat(rule["since"]) if "since" in rule else date.min,
            date.fromisoformat(rule["until"]) if "until" in rule else date.max,
            rule["profile"],
        )
        for rule in _file()["era"]
    )


def _within(rule: _Rule, day: date | None) -> bool:
    if day is None:
        return rule.since == date.min and rule.until == date.max
    return rule.since <= day < rule.until


def profile_of(
    framework: str,
    version: str,
    chip: str = "",
    concurrency: float = math.nan,
    day: date | None = None,
) -> str:
    """The profile's id; the generic engine for frameworks nobody has described."""
    for rule in _rules():
        named = rule.framework == framework and rule.pattern.search(version) is not None
        here = not rule.chips or chip in rule.chips
        if named and here and _within(rule, day) and not concurrency >= rule.below:
            return rule.profile
    return framework if framework in framework_ids() else GENERIC
