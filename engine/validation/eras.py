"""Which framework profile describes a published row (profiles/accuracy/eras.toml)."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from engine.framework_profiles import framework_ids
from profiles import ROOT

GENERIC = "generic"


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
def _rules() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...], str], ...]:
    return tuple(
        (
            rule["framework"],
            re.compile(rule["pattern"], re.IGNORECASE),
            tuple(rule.get("chips", ())),
            rule["profile"],
        )
        for rule in _file()["era"]
    )


@cache
def profile_of(framework: str, version: str, chip: str = "") -> str:
    """The profile's id; the generic engine for frameworks nobody has described."""
    for name, pattern, chips, profile in _rules():
        if name == framework and pattern.search(version) and (not chips or chip in chips):
            return profile
    return framework if framework in framework_ids() else GENERIC
