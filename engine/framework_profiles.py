"""Serving frameworks as files: ``profiles/frameworks/<id>.toml`` and the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt

from engine.chip import Provenance
from engine.chip_profiles import KernelFile
from engine.framework import Framework
from engine.profile_files import find_profile, profile_ids, read_toml, validated
from engine.text import clean


class FrameworkFile(BaseModel):
    """One framework as written in a file: costs in microseconds, memory in GiB."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9_.-]{1,60}$")
    name: str
    version: str
    step_us: float = Field(ge=0)
    sequence_us: float = Field(0.0, ge=0)
    request_us: float = Field(0.0, ge=0)
    layer_us: float = Field(0.0, ge=0)
    memory_fraction: PositiveFloat = Field(le=1)
    reserve_gib: float = Field(ge=0)
    chunk_tokens: PositiveInt
    max_sequences: PositiveInt
    chunked_prefill: bool
    provenance: Provenance = Provenance.DATASHEET
    sources: list[str] = []
    launch: str
    kernels: dict[str, KernelFile] = {}


def framework_ids() -> tuple[str, ...]:
    """Ids of every framework that can be named: bundled and the user's."""
    return profile_ids("frameworks")


def load_framework(name: str) -> Framework:
    """The framework called ``name``, the user's own first; raises `InputError`."""
    path, origin = find_profile("frameworks", name, {})
    return _load(path, origin, path.stat().st_mtime_ns)


@cache
def _load(path: Path, origin: str, _changed: int) -> Framework:
    file = validated(path, FrameworkFile, read_toml(path))
    return Framework(
        id=file.id,
        name=clean(file.name),
        version=clean(file.version),
        step_seconds=file.step_us * 1e-6,
        sequence_seconds=file.sequence_us * 1e-6,
        request_seconds=file.request_us * 1e-6,
        layer_seconds=file.layer_us * 1e-6,
        memory_fraction=file.memory_fraction,
        reserve_bytes=file.reserve_gib * (1 << 30),
        chunk_tokens=file.chunk_tokens,
        max_sequences=file.max_sequences,
        chunked_prefill=file.chunked_prefill,
        provenance=file.provenance,
        sources=tuple(clean(source) for source in file.sources),
        launch=clean(file.launch),
        kernels={key: kernel.constants() for key, kernel in file.kernels.items()},
        origin=origin,
    )
