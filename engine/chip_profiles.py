"""Chips as files: ``profiles/chips/<id>.toml`` and the user's own.

A chip file holds the facts of one accelerator; the constants of its kernels and collectives come
from its generation (``profiles/chips/generations/``) unless the file brings its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from engine.chip import Chip, Collective, KernelConstants, Link, Provenance
from engine.errors import InputError
from engine.profile_files import bundled_files, find_profile, profile_ids, read_toml, validated
from engine.text import clean
from profiles import ROOT

GENERATIONS = ROOT / "chips" / "generations"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KernelFile(_Strict):
    """Constants of one kernel class as written in a file."""

    compute: PositiveFloat = Field(le=1.5)
    memory: PositiveFloat = Field(le=1.5)
    floor_us: float = Field(ge=0, le=2000)
    order: float = Field(2.0, ge=1)
    half_size: float = Field(0.0, ge=0)
    per_item_ns: float = Field(0.0, ge=0)
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""

    def constants(self) -> KernelConstants:
        """The same in seconds."""
        return KernelConstants(
            compute=self.compute,
            memory=self.memory,
            floor_seconds=self.floor_us * 1e-6,
            order=self.order,
            half_size=self.half_size,
            per_item_seconds=self.per_item_ns * 1e-9,
            provenance=self.provenance,
            source=clean(self.source),
        )


class CollectiveFile(_Strict):
    """A collective at one rank count; bandwidth as a share of the scale-up link."""

    alpha_us: float = Field(ge=0, le=10_000)
    link_share: PositiveFloat = Field(le=2)
    small_alpha_us: float = Field(0.0, ge=0)
    small_link_share: float = Field(0.0, ge=0)
    provenance: Provenance = Provenance.DATASHEET
    source: str = ""

    def constants(self, link_bytes: float) -> Collective:
        """The same in seconds and bytes per second."""
        return Collective(
            alpha_seconds=self.alpha_us * 1e-6,
            bandwidth_bytes=self.link_share * link_bytes,
            small_alpha_seconds=self.small_alpha_us * 1e-6,
            small_bandwidth_bytes=self.small_link_share * link_bytes,
            provenance=self.provenance,
            source=clean(self.source),
        )


class GenerationFile(_Strict):
    """Constants that the chips of one generation share."""

    id: str
    kernels: dict[str, KernelFile]
    all_reduce: dict[PositiveInt, CollectiveFile]
    all_to_all: dict[PositiveInt, CollectiveFile]


class LinkFile(_Strict):
    """A fabric: GB/s per chip and direction."""

    name: str
    bandwidth_gbs: PositiveFloat
    domain: PositiveInt = 1 << 16
    alpha_us: float = Field(10.0, ge=0)
    achieved: PositiveFloat = Field(0.9, le=1)
    assumed: bool = False

    def link(self) -> Link:
        """The same in bytes per second."""
        return Link(
            clean(self.name),
            self.bandwidth_gbs * 1e9,
            self.domain,
            self.alpha_us * 1e-6,
            self.achieved,
        )


class ChipFile(_Strict):
    """One accelerator as written in a file."""

    id: str = Field(pattern=r"^[a-z0-9_.-]{1,60}$")
    name: str
    vendor: str
    generation: str
    aliases: list[str] = []
    memory_bytes: PositiveInt
    bandwidth_gbs: PositiveFloat
    cache_mb: float = Field(0.0, ge=0)
    core_count: int = Field(0, ge=0)
    core_unit: str = ""
    confidence: str = ""
    sources: list[str] = []
    notes: str = ""
    peak_tflops: dict[str, PositiveFloat] = Field(min_length=1)
    scale_up: LinkFile
    scale_out: LinkFile
    kernels: dict[str, KernelFile] = {}
    all_reduce: dict[PositiveInt, CollectiveFile] = {}
    all_to_all: dict[PositiveInt, CollectiveFile] = {}


def chip_ids() -> tuple[str, ...]:
    """Ids of every chip that can be named: bundled and the user's."""
    return profile_ids("chips")


@cache
def chip_aliases() -> Mapping[str, str]:
    """Short names of bundled chips (``h100``) and the ids they stand for."""
    found: dict[str, str] = {}
    for identity, path in bundled_files("chips").items():
        for alias in read_toml(path).get("aliases", ()):
            found[alias] = identity
    return found


def load_chip(name: str) -> Chip:
    """The chip called ``name`` (an id or alias), the user's own first; raises `InputError`."""
    exact = name.strip().lower() in chip_ids()
    path, origin = find_profile("chips", name, {} if exact else chip_aliases())
    return _load(path, origin, path.stat().st_mtime_ns)


@cache
def _load(path: Path, origin: str, _changed: int) -> Chip:
    file = validated(path, ChipFile, read_toml(path))
    if file.id != path.stem:
        raise InputError(f"{clean(str(path))}: id: found {file.id!r}, expected {path.stem!r}")
    generation = _generation(file.generation, path)
    up = file.scale_up.link()
    kernels = {**generation.kernels, **file.kernels}
    return Chip(
        id=file.id,
        name=clean(file.name),
        vendor=clean(file.vendor),
        generation=file.generation,
        memory_bytes=file.memory_bytes,
        bandwidth_bytes=file.bandwidth_gbs * 1e9,
        peak_flops={name: value * 1e12 for name, value in file.peak_tflops.items()},
        cache_bytes=round(file.cache_mb * 1e6),
        core_count=file.core_count,
        scale_up=up,
        scale_out=file.scale_out.link(),
        kernels={name: kernel.constants() for name, kernel in kernels.items()},
        all_reduce=_collectives(generation.all_reduce, file.all_reduce, up),
        all_to_all=_collectives(generation.all_to_all, file.all_to_all, up),
        provenance=(file.kernels.get("gemm.bf16") or generation.kernels["gemm.bf16"]).provenance,
        sources=tuple(clean(source) for source in file.sources),
        notes=clean(file.notes),
        origin=origin,
    )


def _collectives(
    shared: Mapping[int, CollectiveFile], own: Mapping[int, CollectiveFile], up: Link
) -> dict[int, Collective]:
    merged = {**shared, **own}
    return {ranks: merged[ranks].constants(up.bandwidth_bytes) for ranks in sorted(merged)}


def _generation(name: str, user: Path) -> GenerationFile:
    path = GENERATIONS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(one.stem for one in GENERATIONS.glob("*.toml")))
        raise InputError(
            f"{clean(str(user))}: generation: found {clean(name, 40)!r}, expected one of {known}"
        )
    return _load_generation(path)


@cache
def _load_generation(path: Path) -> GenerationFile:
    return validated(path, GenerationFile, read_toml(path))
