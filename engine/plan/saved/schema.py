"""Checking what a plan file says before it becomes a Scenario again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.plan.results import Choice
from engine.plan.saved.choice_schema import ChoiceFile, LayoutFile, PoolsFile
from engine.plan.saved.scenario_schema import EditFile, ObjectivesFile, ScenarioFile, WorkloadFile
from engine.scenario import (
    Client,
    LayoutLimits,
    Objectives,
    PoolChoice,
    Scenario,
    Settings,
    Workload,
)
from engine.sources.profile_files import first_problem
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

Parsed = TypeVar("Parsed", bound=BaseModel)


def parse_scenario(shown: str, values: Any) -> Scenario:
    """The ``[scenario]`` table as a Scenario; raises `InputError`."""
    file = _parsed(shown, "scenario", ScenarioFile, values)
    objectives = _parsed(shown, "scenario.objectives", ObjectivesFile, file.objectives)
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
        settings=Settings(**file.settings.model_dump()),
        workload=_workload(file.workload),
        objectives=Objectives(**objectives.model_dump()),
        limits=LayoutLimits(**{k: tuple(v) for k, v in file.limits.model_dump().items()}),
        arrangement=file.arrangement,
        pools=PoolChoice(**file.pools.model_dump()),
        max_batch=file.max_batch,
        fixed_batch=file.fixed_batch,
        best=file.best,
        certainty=file.certainty,
        counting=file.counting,
        prices=file.prices,
        benchmark_number=file.benchmark_number,
        benchmark_kind=file.benchmark_kind,
        load_imbalance=file.load_imbalance,
        instances=file.instances,
        draft=file.draft,
        draft_tokens=file.draft_tokens,
        drafts=file.drafts,
        acceptance=file.acceptance or None,
        kept=file.kept,
        task=file.task,
        assume=file.assume,
        revision=file.revision,
    )


def _workload(file: WorkloadFile) -> Workload:
    values = file.model_dump()
    if file.sequence_tokens is None:
        values |= _earlier_sequence(file)
    return Workload(**{**values, "client": Client(**values["client"])})


def _earlier_sequence(file: WorkloadFile) -> dict[str, int]:
    """What a file says that has no ``sequence_tokens``: it gave the length of an encoder's
    sequences as an image that is one pixel high."""
    if file.image_height != 1:
        return {"sequence_tokens": 0}
    return {"sequence_tokens": file.image_width, "image_width": 0, "image_height": 0}


def _json(shown: str, edit: EditFile) -> object:
    try:
        value: object = json.loads(edit.value)
    except (ValueError, RecursionError):
        raise InputError(
            say(
                "{shown}: scenario.edits {key}: found {edit!r}, expected JSON",
                shown=shown,
                key=clean(edit.key, 60),
                edit=clean(edit.value, 40),
            )
        ) from None
    return value


def parse_choice(shown: str, values: Any) -> Choice:
    """The ``[choice]`` table; raises `InputError`."""
    file = _parsed(shown, "choice", ChoiceFile, values)
    apart = any(key.startswith(("prefill_", "decode_")) for key in file.layout)
    schema: type[LayoutFile | PoolsFile] = PoolsFile if apart else LayoutFile
    layout = _parsed(shown, "choice.layout", schema, file.layout)
    return Choice(file.batch, layout.arrangement(), file.precision)


def _parsed(shown: str, section: str, schema: type[Parsed], values: Any) -> Parsed:
    if not isinstance(values, Mapping):
        raise InputError(
            say("{shown}: {section}: missing, expected a table", shown=shown, section=section)
        )
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
                say(
                    "{shown}: {key}: found {value!r}, expected text without control characters",
                    shown=shown,
                    key=key,
                    value=clean(value, 40),
                )
            )
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            _refuse_control_characters(shown, f"{key}.{clean(str(name), 60)}", inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_control_characters(shown, key, inner)
