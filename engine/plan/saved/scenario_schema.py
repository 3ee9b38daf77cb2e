"""What the scenario of a plan file may hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, PositiveInt, create_model

from engine.plan.metrics.table import LIMITED, USED
from engine.scenario import (
    EVEN_CERTAINTY,
    EVERY_PERCENT,
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
    USUAL_UTILISED_PERCENT,
    ArrangementKind,
    Best,
    ChipCount,
    ClientKind,
    DraftTokens,
    FirstToken,
    Lengths,
    Mode,
    NameKind,
    ReduceFormat,
    Task,
    Text,
)
from engine.sources.strict import Strict
from engine.words.units import LARGEST_COUNT

KeptShare = Annotated[float, Field(ge=0, le=1)]


class ClientFile(Strict):
    """Who sends the requests."""

    kind: ClientKind = Field(default=ClientKind.STEADY, strict=False)
    waves: PositiveInt = Field(default=10, le=LARGEST_COUNT)
    spread: float = Field(default=0.2, ge=0, le=MOST_SPREAD)
    first_token: FirstToken = Field(default=FirstToken.MEAN, strict=False)


class WorkloadFile(Strict):
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
} | {USED.id: (float, Field(default=USUAL_UTILISED_PERCENT, gt=0, le=EVERY_PERCENT))}
ObjectivesFile = create_model(
    "ObjectivesFile", __base__=Strict, __doc__="Limits, each in its metric's unit.", **_LIMITS
)


class SettingsFile(Strict):
    """What the engine is told."""

    memory_fraction: float | None = Field(default=None, gt=0, le=1)
    prefill_tokens: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    max_sequences: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    max_context: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    prefix_caching: bool | None = None
    redundant_experts: int | None = Field(default=None, ge=0, le=LARGEST_COUNT)
    batch_overlap: bool | None = None
    dp_lm_head: bool | None = None
    prefill_interval: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    rank_wait: int | None = Field(default=None, ge=0, le=MOST_RANK_WAIT)
    batch_wait: int | None = Field(default=None, ge=0, le=MOST_RANK_WAIT)
    host_cache_gib: float | None = Field(default=None, ge=0, le=MOST_HOST_GIB)
    graphs: bool | None = None
    reduce_format: ReduceFormat | None = Field(default=None, strict=False)
    build: str = Field(default="", max_length=60)


class LimitsFile(Strict):
    """Parallel degrees that may be used."""

    tensor: list[PositiveInt] = []
    pipeline: list[PositiveInt] = []
    expert: list[PositiveInt] = []
    attention_data: list[PositiveInt] = []


class PoolChoiceFile(Strict):
    """What is chosen of both pools."""

    prefill: str = Field(default="", max_length=100)
    decode: str = Field(default="", max_length=100)
    prefill_chip: str = ""
    prefill_chips: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    decode_chips: PositiveInt | None = Field(default=None, le=LARGEST_COUNT)
    prefill_precision: str = ""


class EditFile(Strict):
    """One what-if on the model's config."""

    key: str = Field(min_length=1, max_length=300)
    value: str = Field(max_length=100_000)


class ScenarioFile(Strict):
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
    counting: ChipCount = Field(default=ChipCount.GIVEN, strict=False)
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
