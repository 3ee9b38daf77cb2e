"""Checking what a plan file says before it becomes a Scenario again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, create_model

from engine.plan.metrics.table import LIMITED
from engine.plan.results import Choice
from engine.scenario import (
    EVEN_CERTAINTY,
    LEAST_BURSTINESS,
    MOST_BURSTINESS,
    MOST_CERTAINTY,
    MOST_HOST_GIB,
    MOST_IMAGES,
    MOST_PER_SECOND,
    MOST_RANK_WAIT,
    MOST_SPREAD,
    MOST_THINK_SECONDS,
    MOST_TURNS,
    ArrangementKind,
    Best,
    Client,
    ClientKind,
    DraftTokens,
    FirstToken,
    LayoutLimits,
    Lengths,
    Mode,
    NameKind,
    Objectives,
    PoolChoice,
    Scenario,
    Settings,
    Task,
    Text,
    Workload,
)
from engine.sources.profile_files import first_problem
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import LARGEST_COUNT
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, Pool
from engine.work.layout import Layout

Parsed = TypeVar("Parsed", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


KeptShare = Annotated[float, Field(ge=0, le=1)]


class ClientFile(_Strict):
    """Who sends the requests."""

    kind: ClientKind = Field(default=ClientKind.STEADY, strict=False)
    waves: PositiveInt = Field(default=10, le=LARGEST_COUNT)
    spread: float = Field(default=0.2, ge=0, le=MOST_SPREAD)
    first_token: FirstToken = Field(default=FirstToken.MEAN, strict=False)


class WorkloadFile(_Strict):
    """What one request looks like."""

    input_tokens: PositiveInt = Field(le=LARGEST_COUNT)
    output_tokens: PositiveInt = Field(le=LARGEST_COUNT)
    lengths: Lengths = Field(default=Lengths.CHOSEN, strict=False)
    """Files from before it was written hold lengths that are to stay."""
    mode: Mode = Field(strict=False)
    image_width: int = Field(default=0, ge=0, le=65_536)
    image_height: int = Field(default=0, ge=0, le=65_536)
    sequence_tokens: int | None = Field(default=None, ge=0, le=LARGEST_COUNT)
    """None in files from before encoders had it."""
    images: int = Field(default=0, ge=0, le=MOST_IMAGES)
    utilisation: float = Field(default=1.0, gt=0, le=1)
    rate: float = Field(default=0.0, ge=0, le=MOST_PER_SECOND)
    burstiness: float = Field(default=1.0, ge=LEAST_BURSTINESS, le=MOST_BURSTINESS)
    input_spread: float = Field(default=0.0, ge=0, le=MOST_SPREAD)
    output_spread: float = Field(default=0.0, ge=0, le=MOST_SPREAD)
    cached: float = Field(default=0.0, ge=0, le=1)
    text: Text = Field(default=Text.CHAT, strict=False)
    shared_prefix_tokens: int = Field(default=0, ge=0, le=LARGEST_COUNT)
    turns: PositiveInt = Field(default=1, le=MOST_TURNS)
    think_seconds: float = Field(default=0.0, ge=0, le=MOST_THINK_SECONDS)
    client: ClientFile = ClientFile()


_LIMITS: dict[str, Any] = {
    metric.id: (float | None, Field(default=None, gt=0)) for metric, _ in LIMITED
}
ObjectivesFile = create_model(
    "ObjectivesFile", __base__=_Strict, __doc__="Limits, each in its metric's unit.", **_LIMITS
)


class SettingsFile(_Strict):
    """What the engine is told."""

    memory_fraction: float | None = Field(default=None, gt=0, le=1)
    prefill_tokens: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    max_sequences: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    max_context: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    prefix_caching: bool | None = None
    redundant_experts: int | None = Field(default=None, ge=0, le=LARGEST_COUNT)
    batch_overlap: bool | None = None
    prefill_interval: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    rank_wait: int | None = Field(default=None, ge=0, le=MOST_RANK_WAIT)
    host_cache_gib: float | None = Field(default=None, ge=0, le=MOST_HOST_GIB)
    build: str = Field(default="", max_length=60)


class LimitsFile(_Strict):
    """Parallel degrees that may be used."""

    tensor: list[PositiveInt] = []
    pipeline: list[PositiveInt] = []
    expert: list[PositiveInt] = []
    attention_data: list[PositiveInt] = []


class PoolChoiceFile(_Strict):
    """What is chosen of both pools."""

    prefill: str = Field(default="", max_length=100)
    decode: str = Field(default="", max_length=100)
    prefill_chip: str = ""
    prefill_chips: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    decode_chips: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    prefill_precision: str = ""


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
    settings: SettingsFile = SettingsFile()
    workload: WorkloadFile
    objectives: dict[str, Any]
    """An `ObjectivesFile`."""
    limits: LimitsFile = LimitsFile()
    arrangement: ArrangementKind = Field(default=ArrangementKind.AGGREGATED, strict=False)
    pools: PoolChoiceFile = PoolChoiceFile()
    max_batch: PositiveInt | None = None
    fixed_batch: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    best: Best = Field(default=Best.THROUGHPUT, strict=False)
    certainty: float = Field(default=EVEN_CERTAINTY, ge=EVEN_CERTAINTY, le=MOST_CERTAINTY)
    prices: str = Field(default="", max_length=4096)
    benchmark_number: int = Field(default=1, ge=0, le=999)
    benchmark_kind: NameKind = Field(default=NameKind.THROUGHPUT, strict=False)
    load_imbalance: float = Field(default=1.0, ge=0.5, le=1000)
    instances: PositiveInt = Field(default=1, le=64)
    draft: str = Field(default="", max_length=4096)
    draft_tokens: int = Field(default=0, ge=0, le=64)
    drafts: DraftTokens = Field(default=DraftTokens.GIVEN, strict=False)
    acceptance: float | None = Field(default=None, ge=0, le=1)
    """0 in files from before it was known: what is known of the model."""
    kept: tuple[KeptShare, ...] = Field(default=(), max_length=64, strict=False)
    task: Task = Field(default=Task.AUTO, strict=False)
    assume: str = ""
    revision: str = ""


class LayoutFile(_Strict):
    """Parallel degrees of the choice."""

    tensor: PositiveInt
    pipeline: PositiveInt
    expert: PositiveInt
    attention_data: PositiveInt
    replicas: PositiveInt

    def arrangement(self) -> Arrangement:
        """Replicas of one layout."""
        return Aggregated(Layout(**self.model_dump()))


class PoolsFile(_Strict):
    """Parallel degrees of a choice with prefill and decode apart."""

    prefill_tensor: PositiveInt
    prefill_pipeline: PositiveInt
    prefill_expert: PositiveInt
    prefill_attention_data: PositiveInt
    prefill_workers: PositiveInt
    decode_tensor: PositiveInt
    decode_pipeline: PositiveInt
    decode_expert: PositiveInt
    decode_attention_data: PositiveInt
    decode_workers: PositiveInt

    def arrangement(self) -> Arrangement:
        """Two pools."""
        return Disaggregated(self._pool("prefill"), self._pool("decode"))

    def _pool(self, role: str) -> Pool:
        values = self.model_dump()
        degrees = ("tensor", "pipeline", "expert", "attention_data")
        layout = Layout(**{name: values[f"{role}_{name}"] for name in degrees})
        return Pool(layout, values[f"{role}_workers"])


class ChoiceFile(BaseModel):
    """The candidate; metrics and reasons beside it are for readers."""

    batch: PositiveInt
    layout: dict[str, Any]
    """A `LayoutFile` or a `PoolsFile`."""
    precision: str


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
