"""Families that are served or built by others and refused by name here, each with the reason.

``profiles/refused_families.toml`` lists model types and class names. A type that a dialect reads
is not looked for: the table is opened only when nothing else knows a config.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from engine.sources.profile_files import read_toml
from profiles import ROOT

_USUAL = "expected a model that generates token after token, or answers in one pass"


class Refused(NamedTuple):
    """What a family is, and what is expected in its place."""

    what: str
    wanted: str


@cache
def refused_families() -> Mapping[str, Refused]:
    """By model type or class: why it is refused."""
    families = read_toml(ROOT / "refused_families.toml")["family"]
    return {
        name: Refused(family["what"], family.get("wanted", _USUAL))
        for family in families
        for name in (*family["model_types"], *family.get("classes", ()))
    }


def why_refused(config: Mapping[str, Any], model_type: str) -> Refused | None:
    """Why the family of ``model_type``, or of the classes that ``config`` names, is refused; None
    when it is in no list."""
    classes = config.get("architectures")
    names = [model_type, *(classes if isinstance(classes, list) else ())]
    known = refused_families()
    return next((known[name] for name in names if isinstance(name, str) and name in known), None)
