"""A published row of a model of one forward pass as a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.evidence.measured.eras import profile_of
from engine.evidence.measured.forward_names import measured_format, measured_model
from engine.evidence.measured.reader import Measurement
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.model.precision import FORMATS
from engine.scenario import Objectives, Scenario, Workload
from engine.serve.call import Batch, Call
from engine.serve.predict import predict
from engine.serve.resolve import load_of, requests_of, resolve
from engine.sources.profile_files import read_toml
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.text import clean
from engine.work.arrangement import Aggregated
from engine.work.layout import Layout
from profiles import ROOT

OFFLINE_BATCHES = np.array([float(1 << power) for power in range(11)])
"""Images per stream: no published offline run uses larger batches."""
SERVER_LOAD = "poisson"
_RESOLUTION = re.compile(r"input (\d{2,4})x(\d{2,4})")


def forward_call(row: Measurement, configs: Path | None = None) -> Call:
    """What a row ran, at its batch; an offline run at the batch that somebody who submits one
    chooses. Raises `InputError` naming what is not understood."""
    scenario = _scenario(row, configs)
    batch = row.batch if row.batch >= 1 else _offline_batch(scenario)
    return Call(scenario, Aggregated(Layout(replicas=scenario.chips)), Batch(batch))


def _scenario(row: Measurement, configs: Path | None) -> Scenario:
    chip = load_chip(row.chip)
    named = measured_model(row.model, _resolution(row.cells.get("model_arch_note", "")), configs)
    format = _format(measured_format(row.model, row.weights, chip), chip)
    width, height = named.resolution or (0, 0)
    poisson = row.load.startswith(SERVER_LOAD)
    return Scenario(
        model=named.reference,
        chip=chip.id,
        chips=row.chips,
        framework=profile_of(row.run),
        weights=format,
        activations=format,
        workload=Workload(
            image_width=width,
            image_height=height,
            sequence_tokens=named.tokens,
            utilisation=float(_loads()["server_share"]) if poisson else 1.0,
        ),
        objectives=Objectives(),
        instances=1 if row.batch >= 1 else int(_loads()["offline_instances"]),
    )


@lru_cache(maxsize=512)
def _offline_batch(scenario: Scenario) -> float:
    """The batch with the highest throughput among powers of two that fit; the smallest where not
    even that does, since somebody ran it."""
    system = resolve(scenario).systems[0]
    arrangement = Aggregated(Layout(replicas=scenario.chips))
    sizes: FloatArray = OFFLINE_BATCHES[np.newaxis, :]
    requests, load = requests_of(scenario), load_of(scenario)
    outcome = predict(system, (arrangement,), requests, load, sizes)
    fitting = np.where(outcome.memory.memory_size >= OFFLINE_BATCHES, outcome.rates["samples"], 0.0)
    return float(OFFLINE_BATCHES[int(np.argmax(fitting[0]))])


@cache
def _loads() -> Mapping[str, Any]:
    return read_toml(ROOT / "vision" / "loads.toml")


def _resolution(note: str) -> tuple[int, int] | None:
    match = _RESOLUTION.search(note)
    return (int(match[1]), int(match[2])) if match else None


def _format(words: str, chip: Chip) -> str:
    """``fp16 (AMP)``, ``int8``, ``tf32``; ``fp16 (fp8 on H100)`` where the chip has FP8."""
    lowered = words.lower()
    name = lowered.split(" ")[0] if lowered else "fp16"
    if "(fp8" in lowered and "fp8" in chip.peak_flops:
        name = "fp8"
    if name not in FORMATS:
        raise InputError(f"precision {clean(words, 40)!r} is unknown")
    return name
