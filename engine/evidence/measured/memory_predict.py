"""Predict start-up logs: each row is a scenario on one layout, as anybody can ask it."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.evidence.measured.library import Library
from engine.evidence.measured.memory_rows import MemoryRow
from engine.hardware.builds import build_number
from engine.hardware.framework_profiles import framework_ids
from engine.model.dialects.classes import pooling
from engine.scenario import Scenario, Settings
from engine.serve.startup import Startup, startup
from engine.serve.system import System
from engine.words.errors import InputError
from engine.work.layout import Layout

_WEIGHTS = {"w4a8": "int4/int8"}
"""Words of such files for what ``--weights`` calls otherwise."""
_ALL_LINEAR = frozenset({"int4_awq", "int4_gptq", "int4_woq"})
_BUILD = re.compile(r"\d{4}-\d\d(-\d\d)?|\d{1,4}(\.\d{1,5}){1,2}")


@dataclass(frozen=True, slots=True)
class MemoryPrediction:
    """What the server of a row prints, or why that is not known."""

    startup: Startup | None
    starts: bool = False
    era: str = ""
    """Which builds of the engine it was judged as."""
    refused: str = ""


def predict_memory(
    rows: Sequence[MemoryRow], configs: Path | None = None
) -> list[MemoryPrediction]:
    """Predict every row."""
    library = Library(configs)
    return [_predict(row, library) for row in rows]


def _predict(row: MemoryRow, library: Library) -> MemoryPrediction:
    try:
        if row.problem:
            raise InputError(row.problem)
        scenario = memory_scenario(row, library)
        system = _of_device(library.system(scenario))
        if row.pools:
            system = replace(system, model=pooling(system.tokens_model))
        found = startup(system, memory_layout(row), scenario.draft_tokens)
        # Who does not say how long requests may be may have said it to the engine.
        starts = found.starts if row.max_context else found.pool_bytes > 0
        return MemoryPrediction(found, starts, _era(row, library))
    except InputError as error:
        return MemoryPrediction(None, refused=str(error))


def _of_device(system: System) -> System:
    """The system on one device of its chip: rows count those that engines find (the dies of an
    Ascend 910C)."""
    chip, devices = system.chip, system.chip.devices
    if devices == 1:
        return system
    die = replace(
        chip,
        memory_bytes=chip.memory_bytes // devices,
        reported_bytes=chip.reported_bytes / devices,
    )
    return replace(system, chip=die)


def memory_scenario(row: MemoryRow, library: Library) -> Scenario:
    """The scenario that a row's server ran; raises `InputError`."""
    if row.engine not in framework_ids():
        raise InputError(f"engine {row.engine or 'without a name'} is not described")
    fraction = None if math.isnan(row.memory_fraction) else row.memory_fraction
    return Scenario(
        model=library.reference(row.config or row.model),
        chip=row.chip,
        chips=row.chips,
        framework=row.engine,
        weights=_weights(row),
        kv="bf16" if row.kv == "fp16" else row.kv,
        draft=row.draft,
        draft_tokens=1 if row.draft else 0,
        settings=Settings(
            memory_fraction=fraction,
            prefill_tokens=row.prefill_tokens or None,
            max_sequences=row.max_sequences or None,
            max_context=row.max_context or None,
            dp_lm_head=row.dp_lm_head,
            build=_build(row, library),
        ),
    )


def _weights(row: MemoryRow) -> str:
    """As ``--weights`` says it: AWQ, GPTQ and TensorRT-LLM's own quantise every linear layer."""
    if row.weights == "int4" and row.tool in _ALL_LINEAR:
        return "int4/int4"
    return _WEIGHTS.get(row.weights, row.weights)


def _build(row: MemoryRow, library: Library) -> str:
    """The build that a version text names, where the engine tells such builds apart."""
    if re.fullmatch(r"\d{4}", row.version):
        return f"{row.version}-07"
    found = _BUILD.match(row.version)
    if found is None:
        return ""
    try:
        library.built(row.engine, row.chip, found[0])
    except InputError:
        return ""
    return found[0]


def _era(row: MemoryRow, library: Library) -> str:
    """The builds that share a rule: below a number, or the newest."""
    number = build_number(row.version)
    for era in library.framework(row.engine).eras:
        if number and number < era.below:
            return f"below {'.'.join(map(str, era.below))}"
    return "newest"


def memory_layout(row: MemoryRow) -> Layout:
    """The layout of one replica: ``tp`` is the degree of the attention; raises `InputError`."""
    ranks = row.tensor * row.attention_data
    if ranks % row.expert:
        raise InputError(f"ep {row.expert}: expected a divisor of {ranks} ranks")
    return Layout(row.tensor, row.pipeline, row.expert, row.attention_data)
