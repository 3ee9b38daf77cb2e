"""Serving frameworks as files: ``profiles/frameworks/<id>.toml`` and the user's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from engine.hardware.chip import Provenance
from engine.hardware.chip_profiles import deviations, kernel_constants
from engine.hardware.framework import Framework, VisionRuntime
from engine.sources.profile_files import (
    bundled_files,
    changed_at,
    find_profile,
    profile_ids,
    read_toml,
    user_values,
)
from engine.words.text import clean

FRAMEWORK_SCHEMA = "engine.hardware.profile_schema.FrameworkFile"


def framework_ids() -> tuple[str, ...]:
    """Ids of every framework that can be named: bundled and the user's."""
    return profile_ids("frameworks")


def load_framework(name: str) -> Framework:
    """The framework called ``name``, the user's own first; raises `InputError`."""
    path, origin = find_profile("frameworks", name, {})
    return _load(path, origin, changed_at(path))


def framework_values(path: Path) -> dict[str, Any]:
    """Values of a bundled file; those it leaves out are those of the profile named as ``base``."""
    file = read_toml(path)
    base = file.pop("base", "")
    if not base:
        return file
    values = framework_values(bundled_files("frameworks")[base])
    kernels = {**values.get("kernels", {}), **file.get("kernels", {})}
    return {**values, **file, "kernels": kernels}


def source_values(name: str) -> dict[str, Any]:
    """What the file of a framework says, checked where it is the user's; raises `InputError`."""
    return _values(*find_profile("frameworks", name, {}))


def _values(path: Path, origin: str) -> dict[str, Any]:
    return framework_values(path) if origin == "bundled" else user_values(path, FRAMEWORK_SCHEMA)


@cache
def _load(path: Path, origin: str, _changed: int) -> Framework:
    file = _values(path, origin)
    return Framework(
        id=file["id"],
        name=clean(file["name"]),
        version=clean(file["version"]),
        step_seconds=file["step_us"] * 1e-6,
        sequence_seconds=file.get("sequence_us", 0.0) * 1e-6,
        request_seconds=file.get("request_us", 0.0) * 1e-6,
        layer_seconds=file.get("layer_us", 0.0) * 1e-6,
        collective_seconds=file.get("collective_us", 0.0) * 1e-6,
        admission_steps=file.get("admission_steps", 1.0),
        aligned_prefill=file.get("aligned_prefill", False),
        warmup_seconds=file.get("warmup_ms", 0.0) * 1e-3,
        deviations=deviations(file),
        key_rereads=file.get("key_rereads", 0.0),
        fraction_of_free=file.get("fraction_of_free", False),
        prompt_layer_seconds=file.get("prompt_layer_us", 0.0) * 1e-6,
        opening_slowdown=file.get("opening_slowdown", 1.0),
        spacing_seconds=file.get("spacing_us", 0.0) * 1e-6,
        prefill_requests=file.get("prefill_requests", 1 << 20),
        graph_tokens=file.get("graph_tokens", 0),
        gathering_ranks=file.get("gathering_ranks", 0),
        shared_beside=file.get("shared_beside", False),
        fused_norms=tuple(file.get("fused_norms", ())),
        balanced_ranks=file.get("balanced_ranks", 1 << 20),
        decode_pool_pace=file.get("decode_pool_pace", 1.0),
        handover_seconds=file.get("handover_us", 0.0) * 1e-6,
        quickening=file.get("quickening", {}),
        observed_months=file.get("observed_months", {}),
        prefix_caching=file.get("prefix_caching", False),
        whole_answers=file.get("whole_answers", False),
        memory_fraction=file["memory_fraction"],
        reserve_bytes=file["reserve_gib"] * (1 << 30),
        chunk_tokens=file["chunk_tokens"],
        max_sequences=file["max_sequences"],
        chunked_prefill=file["chunked_prefill"],
        provenance=Provenance(file.get("provenance", "datasheet")),
        sources=tuple(clean(source) for source in file.get("sources", ())),
        launch=clean(file["launch"]),
        kernels={key: kernel_constants(one) for key, one in file.get("kernels", {}).items()},
        vision=_vision(file.get("vision")),
        origin=origin,
    )


def _vision(values: dict[str, Any] | None) -> VisionRuntime | None:
    if values is None:
        return None
    return VisionRuntime(
        fuses_norm=values["fuses_norm"],
        fuses_activation=values["fuses_activation"],
        fuses_elementwise=values["fuses_elementwise"],
        fuses_attention=values["fuses_attention"],
        fuses_biased_attention=values["fuses_biased_attention"],
        casts_weights=values.get("casts_weights", False),
        floor_scale=values.get("floor_scale", 1.0),
        launch_seconds=values.get("launch_us", 0.0) * 1e-6,
        batch_seconds=values.get("batch_us", 0.0) * 1e-6,
        image_seconds=values.get("image_us", 0.0) * 1e-6,
        compute_shares=values.get("compute_shares", {}),
        memory_shares=values.get("memory_shares", {}),
        launch_scale=values.get("launch_scale", {}),
        launch=clean(values["launch"]),
        provenance=Provenance(values.get("provenance", "datasheet")),
        source=clean(values.get("source", "")),
    )
