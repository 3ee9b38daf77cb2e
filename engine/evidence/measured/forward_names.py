"""Names of vision models in published results → models (profiles/vision/names.toml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from engine.evidence.measured.library import Library
from engine.hardware.chip import Chip
from engine.model.forward.index import named_architectures
from engine.model.kinds import ModelKind
from engine.model.model_profiles import bundled_models
from engine.sources.profile_files import read_toml
from engine.words.errors import InputError
from engine.words.text import clean
from profiles import ROOT

Resolution = tuple[int, int]


@cache
def _names() -> Mapping[str, Mapping[str, Any]]:
    return {entry["name"]: entry for entry in read_toml(ROOT / "vision" / "names.toml")["model"]}


@cache
def _architectures() -> Mapping[str, str]:
    return {spelled(name): name for name in named_architectures()}


def spelled(name: str) -> str:
    """``ResNet-50 v1.5`` as the names file writes it."""
    return name.strip().lower().replace("-", "_").replace(" ", "_")


@dataclass(frozen=True, slots=True)
class Named:
    """How ``--model`` names a published model, and the input it ran on: width and height of images,
    tokens of a sequence; None and 0 where it is the model's own."""

    reference: str
    resolution: Resolution | None = None
    tokens: int = 0


def measured_model(
    name: str, resolution: Resolution | None = None, library: Library | None = None
) -> Named:
    """The model that a published name means, at the row's resolution if it states one; else what
    the library's folder holds of that name. Raises `InputError` naming a model that is not
    known."""
    library = library or Library()
    # A slash may part the organisation from the name, or be part of it (ViT-B/16).
    for written in (spelled(name.split("/")[-1]), spelled(name.replace("/", "_"))):
        found = _known(written, library, resolution)
        if found is not None:
            return found
    found = _own(name, library, resolution)
    if found is None:
        raise InputError(f"model {clean(name, 80)!r} is no vision model that is known")
    return found


def _own(name: str, library: Library, resolution: Resolution | None) -> Named | None:
    """The user's own config or layer table."""
    stem = name.replace("/", "__")
    if library.configs is None or Path(stem).name != stem:
        return None
    for path in (library.configs / stem / "config.json", library.configs / f"{stem}.csv"):
        if path.is_file():
            return _forward(Named(str(path), resolution), library)
    return None


def _known(written: str, library: Library, resolution: Resolution | None) -> Named | None:
    entry = _names().get(written, {})
    wanted = entry.get("architecture", written.split(".")[0])
    size = resolution or _pair(entry.get("resolution"))
    if spelled(wanted) in _architectures():
        return Named(_architectures()[spelled(wanted)], size, entry.get("tokens", 0))
    reference = wanted.replace("_", "-")
    if reference in bundled_models():
        return _forward(Named(reference, size, entry.get("tokens", 0)), library)
    return None


def _forward(named: Named, library: Library) -> Named | None:
    """What is named, where it is a model of one forward pass."""
    kind = library.model(named.reference).architecture.kind
    return named if kind is ModelKind.FORWARD else None


def _pair(values: list[int] | None) -> Resolution | None:
    return (values[0], values[1]) if values else None


def measured_format(name: str, words: str, chip: Chip) -> str:
    """A row's precision, where the model's entry says that a format means another one on chips of
    this generation."""
    entry = _names().get(spelled(name.split("/")[-1]), {})
    means: dict[str, str] = entry.get("means", {}).get(chip.generation, {})
    return means.get(words.lower(), words)
