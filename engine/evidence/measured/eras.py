"""Which framework profile describes a published row (profiles/accuracy/eras.toml)."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from engine.evidence.measured.runs import Conditions, Run
from engine.hardware.builds import build_number
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import framework_ids
from engine.sources.profile_files import bundled_files, read_toml
from profiles import ROOT

GENERIC = "generic"
_NUMBER = re.compile(r"(?<![\d.])\d{1,4}(?:\.\d{1,5}){1,2}")


@cache
def _file() -> dict[str, Any]:
    return read_toml(ROOT / "accuracy" / "eras.toml")


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
def _rules() -> tuple[tuple[Conditions, str], ...]:
    return tuple((Conditions.of(rule), rule["profile"]) for rule in _file()["era"])


def profile_of(run: Run) -> str:
    """The profile's id; the generic engine for frameworks nobody has described."""
    for conditions, profile in _rules():
        if conditions.fit(run):
            return profile
    name = run.framework
    # A person's own folder is looked into only for what may be there: tables are long.
    known = bool(name) and (name in bundled_files("frameworks") or name in framework_ids())
    return name if known else GENERIC


def build_of(run: Run, framework: Framework) -> str:
    """The numbered build of ``framework``, the profile of a run, that its version says, where such
    builds are known to have differed and a number tells them apart; blank for others."""
    found = _NUMBER.search(run.version)
    if found is None or not framework.eras or framework.id != run.framework:
        return ""
    first = build_number(_file()["told_from"].get(framework.id, "0"))
    told = first <= build_number(found[0]) < framework.eras[-1].below
    return found[0] if told else ""
