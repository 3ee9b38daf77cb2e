"""Chips as files: ``profiles/chips/<id>.toml`` and the user's own.

A chip file holds the facts of one accelerator; the constants of its kernels and collectives come
from its generation (``profiles/chips/generations/``) unless the file brings its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from engine.hardware.chip import (
    CacheTraits,
    Chip,
    Collective,
    Deviation,
    KernelConstants,
    Link,
    Provenance,
)
from engine.hardware.held_clock import TERA, held_clock, power_share
from engine.sources.profile_files import (
    BUNDLED,
    bundled_files,
    find_profile,
    own_files_changed_at,
    profile_ids,
    read_names,
    read_toml,
    user_files,
    user_values,
)
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.quantities import GIB
from engine.words.text import clean
from profiles import ROOT

CHIP_SCHEMA = "engine.hardware.schema.chip.ChipFile"
GENERATION_SCHEMA = "engine.hardware.schema.chip.GenerationFile"
GENERATIONS = "chips/generations"
VISION = ROOT / "chips" / "vision"
"""Constants of the kernels of vision models: ``default.toml`` and one file per generation that
has been measured."""

Values = Mapping[str, Any]


def kernel_constants(values: Values) -> KernelConstants:
    """One kernel class of a file, in seconds."""
    return KernelConstants(
        compute=values["compute"],
        memory=values["memory"],
        floor_seconds=values["floor_us"] * 1e-6,
        order=values.get("order", 2.0),
        half_size=values.get("half_size", 0.0),
        per_item_seconds=values.get("per_item_ns", 0.0) * 1e-9,
        provenance=Provenance(values.get("provenance", "datasheet")),
        source=clean(values.get("source", "")),
    )


def deviations(file: Values) -> dict[str, Deviation]:
    """The deviations of a chip's or framework's file."""
    return {
        name: Deviation(
            values.get("compute", 1.0),
            values.get("memory", 1.0),
            values.get("item_share", 0.0),
            values.get("item_split", 1.0),
        )
        for name, values in file.get("deviations", {}).items()
    }


def _collective(values: Values, link_bytes: float) -> Collective:
    return Collective(
        alpha_seconds=values["alpha_us"] * 1e-6,
        bandwidth_bytes=values["link_share"] * link_bytes,
        small_alpha_seconds=values.get("small_alpha_us", 0.0) * 1e-6,
        small_bandwidth_bytes=values.get("small_link_share", 0.0) * link_bytes,
        provenance=Provenance(values.get("provenance", "datasheet")),
        source=clean(values.get("source", "")),
    )


def _link(values: Values) -> Link:
    return Link(
        name=clean(values["name"]),
        bandwidth_bytes=values["bandwidth_gbs"] * 1e9,
        domain=values.get("domain", 1 << 16),
        alpha_seconds=values.get("alpha_us", 10.0) * 1e-6,
        achieved=values.get("achieved", 0.9),
    )


def chip_ids() -> tuple[str, ...]:
    """Ids of every chip that can be named: bundled and the user's."""
    return profile_ids("chips")


@cache
def chip_aliases() -> Mapping[str, str]:
    """Other names of bundled chips in small letters, short (``h100``) and full, and the ids they
    stand for."""
    found: dict[str, str] = {}
    for identity, path in bundled_files("chips").items():
        said = read_names(path)
        for alias in (*said.get("aliases", ()), said["name"].lower()):
            found.setdefault(alias, identity)
    return {alias: identity for alias, identity in found.items() if alias != identity}


def load_chip(name: str) -> Chip:
    """The chip called ``name`` (an id or alias), the user's own first; raises `InputError`."""
    path, origin = find_profile("chips", name, chip_aliases)
    changed = () if origin == BUNDLED else own_files_changed_at("chips")
    return _load(path, origin, changed)


@cache
def _load(path: Path, origin: str, _changed: tuple[tuple[str, int], ...]) -> Chip:
    file: Values = read_toml(path) if origin == BUNDLED else user_values(path, CHIP_SCHEMA)
    generation, family = _generation(file["generation"], path, is_own=origin != BUNDLED)
    up = _link(file["scale_up"])
    vision = _vision(family)
    kernels = {**vision["kernels"], **generation["kernels"], **file.get("kernels", {})}
    return Chip(
        id=file["id"],
        name=clean(file["name"]),
        vendor=clean(file["vendor"]),
        generation=file["generation"],
        memory_bytes=file["memory_bytes"],
        bandwidth_bytes=file["bandwidth_gbs"] * 1e9,
        peak_flops={name: value * 1e12 for name, value in file["peak_tflops"].items()},
        cache_bytes=round(file.get("cache_mb", 0) * 1e6),
        core_count=file.get("core_count", 0),
        scale_up=up,
        scale_out=_link(file["scale_out"]),
        kernels={name: kernel_constants(kernel) for name, kernel in kernels.items()},
        all_reduce=_collectives(generation, file, "all_reduce", up),
        all_to_all=_collectives(generation, file, "all_to_all", up),
        provenance=Provenance(kernels["gemm.bf16"].get("provenance", "datasheet")),
        sources=tuple(clean(source) for source in file.get("sources", ())),
        notes=clean(file.get("notes", "")),
        cache=CacheTraits(**vision["cache"]),
        watts=file.get("watts", 0.0),
        reported_bytes=file.get("reported_gib", 0.0) * GIB,
        reported_source=clean(file.get("reported_source", "")),
        host_bytes=file.get("host_gib", 0.0) * GIB,
        own_host_bytes=file.get("own_host_gib", 0.0) * GIB,
        devices=file.get("devices", 1),
        server_chips=file.get("server_chips", 8),
        pace=_pace(file, generation),
        sustained=_sustained(file, family, vision),
        host=_link(file["host"]) if file.get("host") else None,
        origin=origin,
        deviations=deviations(file),
    )


def clock_pace(watts: float, reference_watts: float, exponent: float) -> float:
    """Seconds of a chip's arithmetic and launches over those of its generation's reference: clocks
    follow the power limit, as its ``exponent``-th power; as the reference where ``watts`` is 0."""
    return float((reference_watts / (watts or reference_watts)) ** exponent)


def _sustained(file: Values, family: str, vision: Values) -> float:
    """By its power limit, times its own measured deviation."""
    peaks = {name: value * TERA for name, value in file["peak_tflops"].items()}
    share = power_share(file.get("watts", 0.0), peaks, family)
    return held_clock(share) * float(vision["sustained"].get(file["id"], 1.0))


def _pace(file: Values, generation: Values) -> float:
    clock = generation.get("clock")
    if clock is None:
        return 1.0
    return clock_pace(file.get("watts", 0.0), clock["reference_watts"], clock["exponent"])


def _collectives(generation: Values, file: Values, kind: str, up: Link) -> dict[int, Collective]:
    merged = {**generation[kind], **file.get(kind, {})}
    by_ranks = {int(ranks): values for ranks, values in merged.items()}
    return {ranks: _collective(by_ranks[ranks], up.bandwidth_bytes) for ranks in sorted(by_ranks)}


def _generation(name: str, chip_file: Path, is_own: bool) -> tuple[Values, str]:
    """The constants of a generation, and the bundled one whose further constants hold for it. A
    person's chips may be of a generation of their own, in ``chips/generations/`` of their folder;
    bundled chips are what they were validated as."""
    own = user_files(GENERATIONS) if is_own else {}
    if name in own:
        values = user_values(own[name], GENERATION_SCHEMA, GENERATIONS, _read_generation)
        return values, str(read_toml(own[name]).get("base", name))
    bundled = bundled_files(GENERATIONS)
    if name not in bundled:
        known = ", ".join(sorted({*bundled, *own}))
        raise InputError(
            say(
                "{chip_file}: generation: found {name!r}, expected one of {known}",
                chip_file=clean(str(chip_file)),
                name=clean(name, 40),
                known=known,
            )
        )
    return _read_generation(bundled[name]), name


@cache
def _read_generation(path: Path) -> Values:
    return read_toml(path)


@cache
def _vision(generation: str) -> Values:
    """Constants of vision models: the common ones with what the generation's own file says."""
    own = VISION / f"{generation}.toml"
    common: Values = read_toml(VISION / "default.toml")
    values: Values = read_toml(own) if own.is_file() else {}
    return {
        "kernels": {**common["kernels"], **values.get("kernels", {})},
        "cache": common["cache"],
        "sustained": values.get("sustained", {}),
    }
