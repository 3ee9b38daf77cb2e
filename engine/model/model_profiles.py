"""Models by a short name: bundled ones and those in a person's own folder, which come first."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from engine.words.text import clean
from profiles import ROOT


@cache
def bundled_models() -> tuple[str, ...]:
    """Names of the bundled model profiles, sorted."""
    return tuple(sorted(path.stem for path in (ROOT / "models").glob("*.json")))


def own_models() -> Mapping[str, Path]:
    """A person's own models by name in lower case: ``models/<name>.json`` in the configuration
    folder, as a bundled profile or as a config.json is written."""
    from engine.sources.profile_files import user_folder

    folder = user_folder("models")
    if not os.path.isdir(folder):
        return {}
    return {clean(path.stem).lower(): path for path in sorted(folder.glob("*.json"))}


def model_names() -> tuple[str, ...]:
    """Every name, sorted."""
    return tuple(sorted({*bundled_models(), *own_models()}))


def spelling(name: str) -> str:
    """A name without what people spell differently: case, dashes, underscores, spaces."""
    return re.sub(r"[^a-z0-9.]", "", name.lower())


def model_spelt(name: str) -> str:
    """The only known name that differs from ``name`` by its spelling alone, or ""."""
    found = [one for one in model_names() if spelling(one) == spelling(name)]
    return found[0] if len(found) == 1 else ""


def model_file(name: str) -> tuple[Path, bool] | None:
    """The profile called ``name`` in any case, and whether it is a person's own."""
    lowered = name.lower()
    own = own_models().get(lowered)
    if own is not None:
        return own, True
    if lowered in bundled_models():
        return ROOT / "models" / f"{lowered}.json", False
    return None
