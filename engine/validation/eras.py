"""Which framework profile describes a published row (profiles/accuracy/eras.toml)."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from engine.framework_profiles import framework_ids
from profiles import ROOT

GENERIC = "generic"


@cache
def _rules() -> tuple[tuple[str, re.Pattern[str], tuple[str, ...], str], ...]:
    text = (ROOT / "accuracy" / "eras.toml").read_text(encoding="utf-8")
    return tuple(
        (
            rule["framework"],
            re.compile(rule["pattern"], re.IGNORECASE),
            tuple(rule.get("chips", ())),
            rule["profile"],
        )
        for rule in tomllib.loads(text)["era"]
    )


@cache
def profile_of(framework: str, version: str, chip: str = "") -> str:
    """The profile's id; the generic engine for frameworks nobody has described."""
    for name, pattern, chips, profile in _rules():
        if name == framework and pattern.search(version) and (not chips or chip in chips):
            return profile
    return framework if framework in framework_ids() else GENERIC
