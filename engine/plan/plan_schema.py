"""Checking what a plan file says before it becomes a Scenario again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from engine.plan.results import Choice
from engine.scenario import LayoutLimits, Mode, Objectives, Scenario, Workload
from engine.sources.profile_files import first_problem
from engine.words.errors import InputError
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT
from engine.work.layout import Layout

Parsed = TypeVar("Parsed", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class WorkloadFile(_Strict):
    """What one request looks like."""

    input_tokens: PositiveInt = Field(le=LARGEST_COUNT)
    output_tokens: PositiveInt = Field(le=LARGEST_COUNT)
    mode: Literal["continuous", "static"]
    image_width: int = Field(0, ge=0, le=65_536)
    image_height: int = Field(0, ge=0, le=65_536)


class ObjectivesFile(_Strict):
    """Limits in milliseconds."""

    ttft_ms: float | None = Field(None, gt=0)
    tpot_ms: float | None = Field(None, gt=0)
    e2e_ms: float | None = Field(None, gt=0)
    latency_ms: float | None = Field(None, gt=0)


class LimitsFile(_Strict):
    """Parallel degrees that may be used."""

    tensor: list[PositiveInt] = []
    pipeline: list[PositiveInt] = []
    expert: list[PositiveInt] = []
    attention_data: list[PositiveInt] = []


class EditFile(_Strict):
    """One what-if on the model's config."""

    key: str = Field(min_length=1, max_length=300)
    value: str = Field(max_length=100_000)


class ScenarioFile(_Strict):
    """A whole scenario."""

    model: str = Field(min_length=1, max_length=4096)
    edits: list[EditFile] = []
    chip: str
    chips: PositiveInt = Field(le=LARGEST_COUNT)
    framework: str
    weights: str = ""
    activations: str = ""
    kv: str = ""
    precisions: list[str] = []
    workload: WorkloadFile
    objectives: ObjectivesFile
    limits: LimitsFile = LimitsFile()
    max_batch: PositiveInt | None = None
    load_imbalance: float = Field(1.0, ge=1, le=1000)
    instances: PositiveInt = Field(1, le=64)
    draft_tokens: int = Field(0, ge=0, le=64)
    acceptance: float = Field(0.0, ge=0, le=1)
    assume: str = ""
    revision: str = ""


class LayoutFile(_Strict):
    """Parallel degrees of the choice."""

    tensor: PositiveInt
    pipeline: PositiveInt
    expert: PositiveInt
    attention_data: PositiveInt
    replicas: PositiveInt


class ChoiceFile(BaseModel):
    """The candidate; metrics and reasons beside it are for readers."""

    batch: PositiveInt
    layout: LayoutFile
    precision: str


def parse_scenario(shown: str, values: Any) -> Scenario:
    """The ``[scenario]`` table as a Scenario; raises `InputError`."""
    file = _parsed(shown, "scenario", ScenarioFile, values)
    return Scenario(
        model=file.model,
        edits=tuple((edit.key, _json(shown, edit)) for edit in file.edits),
        chip=file.chip,
        chips=file.chips,
        framework=file.framework,
        weights=file.weights,
        activations=file.activations,
        kv=file.kv,
        precisions=tuple(file.precisions),
        workload=_workload(file.workload),
        objectives=Objectives(**file.objectives.model_dump()),
        limits=LayoutLimits(**{k: tuple(v) for k, v in file.limits.model_dump().items()}),
        max_batch=file.max_batch,
        load_imbalance=file.load_imbalance,
        instances=file.instances,
        draft_tokens=file.draft_tokens,
        acceptance=file.acceptance,
        assume=file.assume,
        revision=file.revision,
    )


def _workload(file: WorkloadFile) -> Workload:
    values = file.model_dump()
    return Workload(**{**values, "mode": Mode(values["mode"])})


def _json(shown: str, edit: EditFile) -> object:
    try:
        value: object = json.loads(edit.value)
    except (ValueError, RecursionError):
        raise InputError(
            f"{shown}: scenario.edits {clean(edit.key, 60)}: found {clean(edit.value, 40)!r}, "
            "expected JSON"
        ) from None
    return value


def parse_choice(shown: str, values: Any) -> Choice:
    """The ``[choice]`` table; raises `InputError`."""
    file = _parsed(shown, "choice", ChoiceFile, values)
    return Choice(file.batch, Layout(**file.layout.model_dump()), file.precision)


def _parsed(shown: str, section: str, schema: type[Parsed], values: Any) -> Parsed:
    if not isinstance(values, Mapping):
        raise InputError(f"{shown}: {section}: missing, expected a table")
    _refuse_control_characters(shown, section, values)
    try:
        return schema.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{shown}: {section}.{first_problem(error)}") from None


def _refuse_control_characters(shown: str, key: str, value: Any) -> None:
    """Names and formats are plain text. A path may be anything, and is made safe where shown."""
    if isinstance(value, str):
        if key != "scenario.model" and clean(value, len(value)) != value:
            raise InputError(
                f"{shown}: {key}: found {clean(value, 40)!r}, expected text without control "
                "characters"
            )
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_control_characters(shown, f"{key}.{clean(str(name), 60)}", inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_control_characters(shown, key, inner)
