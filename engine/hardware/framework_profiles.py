"""Serving frameworks as files: ``profiles/frameworks/<id>.toml`` and the user's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from engine.hardware.chip import LinkDeviation, Provenance
from engine.hardware.chip_profiles import deviations, kernel_constants
from engine.hardware.constants import read_part
from engine.hardware.framework import CONSTANTS, PARTS, Era, Framework
from engine.hardware.launch_table import read_launch
from engine.hardware.parts.forward import ForwardRuntime
from engine.sources.profile_files import (
    BUNDLED,
    FORMER,
    bundled_files,
    changed_at,
    find_profile,
    profile_ids,
    read_toml,
    user_values,
    with_base,
)
from engine.words.text import clean

FRAMEWORK_SCHEMA = "engine.hardware.schema.framework.FrameworkFile"


def framework_ids() -> tuple[str, ...]:
    """Ids of every framework that can be named: bundled and the user's."""
    return profile_ids("frameworks")


def current_engines() -> tuple[Framework, ...]:
    """The engines of today and the user's own, without former builds and variants of others."""
    bundled = bundled_files("frameworks")
    found = []
    for name in framework_ids():
        path, origin = find_profile("frameworks", name)
        is_variant = origin == BUNDLED and "base" in read_toml(path)
        if bundled.get(name, path).parent.name != FORMER and not is_variant:
            found.append(load_framework(name))
    return tuple(found)


def load_framework(name: str) -> Framework:
    """The framework called ``name``, the user's own first; raises `InputError`."""
    path, origin = find_profile("frameworks", name)
    return _load(path, origin, changed_at(path))


def framework_values(path: Path) -> dict[str, Any]:
    """Values of a bundled file; those it leaves out are those of the profile named as ``base``."""
    return with_base(path, read_toml(path), "frameworks", framework_values)


def source_values(name: str) -> dict[str, Any]:
    """What the file of a framework says, checked where it is the user's; raises `InputError`."""
    return _values(*find_profile("frameworks", name))


def _values(path: Path, origin: str) -> dict[str, Any]:
    if origin == BUNDLED:
        return framework_values(path)
    values = user_values(path, FRAMEWORK_SCHEMA, "frameworks", framework_values)
    return {**values, "launch": _stated(values["launch"])}


def _stated(value: Any) -> Any:
    """Tables without what nobody wrote in them."""
    if isinstance(value, dict):
        return {key: _stated(one) for key, one in value.items() if one is not None}
    return [_stated(one) for one in value] if isinstance(value, list) else value


@cache
def _load(path: Path, origin: str, _changed: int) -> Framework:
    file = _values(path, origin)
    parts = {name: read_part(part, file) for name, part in PARTS.items()}
    return Framework(
        id=file["id"],
        name=clean(file["name"]),
        version=clean(file["version"]),
        deviations=deviations(file),
        provenance=Provenance(file.get("provenance", "datasheet")),
        sources=tuple(clean(source) for source in file.get("sources", ())),
        launch=read_launch(file["launch"]),
        kernels={key: kernel_constants(one) for key, one in file.get("kernels", {}).items()},
        links={key: LinkDeviation(**one) for key, one in file.get("links", {}).items()},
        forward=_forward(file.get("vision")),
        eras=tuple(_era(one) for one in file.get("eras", ())),
        origin=origin,
        **parts,
    )


def _forward(values: dict[str, Any] | None) -> ForwardRuntime | None:
    if values is None:
        return None
    return replace(
        read_part(ForwardRuntime, values),
        provenance=Provenance(values.get("provenance", "datasheet")),
        source=clean(values.get("source", "")),
    )


def _era(values: dict[str, Any]) -> Era:
    """A table of ``eras``: its bounds, and constants by their keys."""
    constants = {
        CONSTANTS[key][0]: CONSTANTS[key][1].read(value)
        for key, value in values.items()
        if key in CONSTANTS and value is not None
    }
    below = tuple(int(part) for part in values["below"].split("."))
    return Era(below, date.fromisoformat(values["until"]), constants)
