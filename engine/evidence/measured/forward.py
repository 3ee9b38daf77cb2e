"""Predict one measured vision row: what ran, at which batch, and what the source measured."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.evidence.measured.eras import framework_name, profile_of
from engine.evidence.measured.forward_names import measured_architecture, measured_format
from engine.evidence.measured.runs import Run
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.forward_runtime import vision_framework
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.model.precision import FORMATS, Precision
from engine.serve.forward import batch_seconds
from engine.serve.forward_memory import vision_footprint
from engine.sources.profile_files import read_toml
from engine.words.errors import InputError
from engine.words.text import clean
from engine.work.forward.work import Inventory, take_vision_inventory
from profiles import ROOT

OFFLINE_BATCHES = np.array([float(1 << power) for power in range(11)])
"""Images per stream: no published offline run uses larger batches."""
SERVER_LOAD = "poisson"
_RESOLUTION = re.compile(r"input (\d{2,4})x(\d{2,4})")


def predict_row(cells: Mapping[str, str], configs: Path | None = None) -> dict[str, float]:
    """Samples per second of all chips and latency of a batch in milliseconds.

    ``cells`` are a row's columns as text. A model that no published name means may have a config
    or a layer table in ``configs``: ``<org>__<name>/config.json`` or ``<org>__<name>.csv``.
    Raises `InputError` naming what is not understood.
    """
    chips = _count(cells.get("chips", ""))
    inventory, framework = row_inventory(cells, configs)
    batch = _batch(cells.get("concurrency_or_batch", ""))
    if batch is None:
        rate, seconds = _offline(inventory, load_framework(framework))
    else:
        seconds = float(batch_seconds(inventory, np.array([batch])).latency[0])
        rate = batch / seconds
    if cells.get("load", "").startswith(SERVER_LOAD):
        rate *= float(_loads()["server_share"])
    return {"samples_per_s": chips * rate, "latency_ms": seconds * 1e3}


def row_inventory(cells: Mapping[str, str], configs: Path | None = None) -> tuple[Inventory, str]:
    """The kernels that a row ran, and the id of the framework that describes it; raises
    `InputError`."""
    return _inventory(
        cells.get("model", ""),
        _resolution(cells.get("model_arch_note", "")),
        cells.get("chip", ""),
        cells.get("framework", ""),
        cells.get("framework_version", ""),
        cells.get("precision_weights", ""),
        configs,
    )


def _offline(inventory: Inventory, framework: Framework) -> tuple[float, float]:
    """Rate and seconds per batch at the batch with the highest throughput among powers of two
    that fit: what somebody who submits an offline result chooses."""
    instances = int(_loads()["offline_instances"])
    batches = offline_batches(inventory, framework, instances)
    seconds = batch_seconds(inventory, batches, instances).latency
    rates = instances * batches / seconds
    best = int(np.argmax(rates))
    return float(rates[best]), float(seconds[best])


def offline_batches(
    inventory: Inventory, framework: Framework, instances: int
) -> NDArray[np.float64]:
    """Batches of an offline run; the smallest even where it does not fit, since somebody ran it."""
    memory = vision_footprint(
        inventory.architecture,
        inventory.precision,
        inventory.chip,
        framework,
        instances,
        inventory.choice.activation_bytes,
    )
    most = memory.largest_batch()
    fitting = OFFLINE_BATCHES[most >= OFFLINE_BATCHES]
    return fitting if len(fitting) else OFFLINE_BATCHES[:1]


@cache
def _loads() -> Mapping[str, Any]:
    return read_toml(ROOT / "vision" / "loads.toml")


def _count(text: str) -> int:
    try:
        return max(int(float(text)), 1)
    except (ValueError, OverflowError):
        return 1


def _batch(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 1 else None


def _resolution(note: str) -> tuple[int, int] | None:
    match = _RESOLUTION.search(note)
    return (int(match[1]), int(match[2])) if match else None


@lru_cache(maxsize=512)
def _inventory(
    model: str,
    resolution: tuple[int, int] | None,
    chip_name: str,
    framework: str,
    version: str,
    precision_words: str,
    configs: Path | None,
) -> tuple[Inventory, str]:
    chip = load_chip(chip_name)
    profile = profile_of(Run(framework_name(framework, version), version, chip=chip.id))
    architecture = measured_architecture(model, resolution, configs)
    precision = _precision(measured_format(model, precision_words, chip), chip)
    runs = vision_framework(load_framework(profile), chip)[0]
    return take_vision_inventory(architecture, precision, chip, runs), runs.id


def _precision(words: str, chip: Chip) -> Precision:
    """``fp16 (AMP)``, ``int8``, ``tf32``; ``fp16 (fp8 on H100)`` where the chip has FP8."""
    lowered = words.lower()
    name = lowered.split(" ")[0] if lowered else "fp16"
    if "(fp8" in lowered and "fp8" in chip.peak_flops:
        name = "fp8"
    if name not in FORMATS:
        raise InputError(f"precision {clean(words, 40)!r} is unknown")
    return Precision(FORMATS[name], FORMATS[name], FORMATS["bf16"])
