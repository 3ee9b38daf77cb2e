"""A published row of a model of one forward pass as a question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from engine.evidence.measured.eras import profile_of
from engine.evidence.measured.forward_names import measured_format, measured_model
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import chip_aliases, load_chip
from engine.model.precision import FORMATS
from engine.scenario import Objectives, Scenario, Workload
from engine.serve.asked import load_of, requests_of
from engine.serve.call import Batch, Call
from engine.serve.forward import forward_footprint
from engine.serve.predict import predict
from engine.serve.system import System
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
_OTHERWISE = re.compile(r"\((?P<format>\w+) on (?P<chip>\w+)\)", re.ASCII)
_RESOLUTION = re.compile(r"input (\d{2,4})x(\d{2,4})", re.ASCII)


def forward_call(row: Measurement, library: Library) -> Call:
    """What a row ran, at its batch; an offline run at the batch that somebody who submits one
    chooses. Raises `InputError` naming what is not understood."""
    scenario = _scenario(row, library)
    batch = row.batch if row.batch >= 1 else _offline_batch(scenario, library)
    return Call(scenario, Aggregated(Layout(replicas=scenario.chips)), Batch(batch))


def _scenario(row: Measurement, library: Library) -> Scenario:
    chip = library.chip(row.chip)
    named = measured_model(row.model, _resolution(row.cells.get("model_arch_note", "")), library)
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


def _offline_batch(scenario: Scenario, library: Library) -> float:
    """The batch with the highest throughput among those of offline runs."""
    system = library.system(scenario)
    batches = offline_batches(system)
    arrangement = Aggregated(Layout(replicas=scenario.chips))
    requests, load = requests_of(scenario, system), load_of(scenario)
    outcome = predict(system, (arrangement,), requests, load, batches)
    return float(batches[int(np.argmax(outcome.rates["samples"][0]))])


def offline_batches(system: System) -> FloatArray:
    """Powers of two that fit; the smallest where not even that does, since somebody ran it."""
    most = forward_footprint(system).largest_batch()
    fitting: FloatArray = OFFLINE_BATCHES[most >= OFFLINE_BATCHES]
    return fitting if len(fitting) else OFFLINE_BATCHES[:1]


@cache
def _loads() -> Mapping[str, Any]:
    return read_toml(ROOT / "vision" / "loads.toml")


def _resolution(note: str) -> tuple[int, int] | None:
    match = _RESOLUTION.search(note)
    return (int(match[1]), int(match[2])) if match else None


def _format(words: str, chip: Chip) -> str:
    """``fp16 (AMP)``, ``int8``, ``tf32``; ``fp16 (fp8 on H100)`` is FP8 on chips like it."""
    lowered = words.lower()
    name = lowered.split(" ")[0] if lowered else "fp16"
    other = _OTHERWISE.search(lowered)
    like = chip_aliases().get(other["chip"]) if other else None
    if other and like and load_chip(like).generation == chip.generation:
        name = other["format"]
    if name not in FORMATS:
        raise InputError(f"precision {clean(words, 40)!r} is unknown")
    return name
