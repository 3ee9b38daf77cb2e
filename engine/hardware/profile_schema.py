"""What a chip, generation or framework file may hold: the schemas for files that users write.

Bundled profiles obey them too (a test reads every one), so that loading those needs no
validation and no pydantic at start-up.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, field_validator

from engine.hardware.chip import Provenance


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


Ranks = Annotated[int, Field(gt=0, strict=False)]
"""Keys of TOML tables are text."""


Rate = Literal["fp32", "tf32", "bf16", "fp16", "int8", "fp8", "fp6", "fp4"]


class KernelFile(_Strict):
    """Constants of one kernel class as written in a file."""

    compute: PositiveFloat = Field(le=1.5)
    memory: PositiveFloat = Field(le=1.5)
    floor_us: float = Field(ge=0, le=2000)
    order: float = Field(2.0, ge=1)
    half_size: float = Field(0.0, ge=0)
    per_item_ns: float = Field(0.0, ge=0)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class DeviationFile(_Strict):
    """Factors on the efficiencies of a generation's kernels, of one class or family."""

    compute: PositiveFloat = Field(1.0, le=3)
    memory: PositiveFloat = Field(1.0, le=3)
    item_share: float = Field(0.0, ge=0, le=1)
    source: str = ""


class CollectiveFile(_Strict):
    """A collective at one rank count; bandwidth as a share of the scale-up link."""

    alpha_us: float = Field(ge=0, le=10_000)
    link_share: PositiveFloat = Field(le=2)
    small_alpha_us: float = Field(0.0, ge=0)
    small_link_share: float = Field(0.0, ge=0)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class ClockFile(_Strict):
    """How clocks follow the power limit: seconds of arithmetic and launches go with
    ``(reference_watts/watts)^exponent``."""

    reference_watts: PositiveFloat
    exponent: float = Field(ge=0, le=1)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class GenerationFile(_Strict):
    """Constants that the chips of one generation share."""

    id: str
    clock: ClockFile | None = None
    kernels: dict[str, KernelFile]
    all_reduce: dict[Ranks, CollectiveFile]
    all_to_all: dict[Ranks, CollectiveFile]


class CacheFile(_Strict):
    """What activations in the last-level cache save."""

    byte_cost: PositiveFloat = Field(le=1)
    reach: PositiveFloat = Field(le=10)


class VisionKernelsFile(_Strict):
    """Constants of vision kernels that the chips of one generation share."""

    id: str
    kernels: dict[str, KernelFile] = {}
    cache: CacheFile | None = None
    sustained: dict[str, PositiveFloat] = {}


class LinkFile(_Strict):
    """A fabric: GB/s per chip and direction."""

    name: str
    bandwidth_gbs: PositiveFloat
    domain: PositiveInt = 1 << 16
    alpha_us: float = Field(10.0, ge=0)
    achieved: PositiveFloat = Field(0.9, le=1)
    assumed: bool = False


class ChipFile(_Strict):
    """One accelerator as written in a file."""

    id: str = Field(pattern=r"^[a-z0-9_.-]{1,60}$")
    name: str
    vendor: str
    generation: str
    aliases: list[str] = []
    memory_bytes: PositiveInt
    bandwidth_gbs: PositiveFloat
    cache_mb: float = Field(0.0, ge=0)
    core_count: int = Field(0, ge=0)
    core_unit: str = ""
    watts: float = Field(0.0, ge=0)
    confidence: str = ""
    sources: list[str] = []
    notes: str = ""
    peak_tflops: dict[Rate, PositiveFloat]
    scale_up: LinkFile
    scale_out: LinkFile
    kernels: dict[str, KernelFile] = {}
    deviations: dict[str, DeviationFile] = {}
    all_reduce: dict[Ranks, CollectiveFile] = {}
    all_to_all: dict[Ranks, CollectiveFile] = {}

    @field_validator("peak_tflops")
    @classmethod
    def _has_sixteen_bits(cls, rates: dict[str, float]) -> dict[str, float]:
        """Whatever a chip cannot multiply is computed in 16 bits."""
        if not {"bf16", "fp16"} & rates.keys():
            raise ValueError("a rate of bf16 or fp16")
        return rates


class VisionFile(_Strict):
    """How a framework runs vision models: what it fuses, host costs in microseconds."""

    fuses_norm: bool
    fuses_activation: bool
    fuses_elementwise: bool
    fuses_attention: bool
    fuses_biased_attention: bool
    casts_weights: bool = False
    floor_scale: PositiveFloat = 1.0
    launch_us: float = Field(0.0, ge=0, le=10_000)
    batch_us: float = Field(0.0, ge=0, le=1_000_000)
    image_us: float = Field(0.0, ge=0, le=1_000_000)
    compute_shares: dict[str, PositiveFloat] = {}
    memory_shares: dict[str, PositiveFloat] = {}
    launch_scale: dict[str, PositiveFloat] = {}
    launch: str
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class FrameworkFile(_Strict):
    """One framework as written in a file: costs in microseconds, memory in GiB."""

    id: str = Field(pattern=r"^[a-z0-9_.-]{1,60}$")
    name: str
    version: str
    step_us: float = Field(ge=0)
    sequence_us: float = Field(0.0, ge=0)
    request_us: float = Field(0.0, ge=0)
    layer_us: float = Field(0.0, ge=0)
    collective_us: float = Field(0.0, ge=-100)
    """Below 0 where a calibrated fabric starts faster than the chip's file says."""
    admission_steps: float = Field(1.0, ge=0, le=100)
    memory_fraction: PositiveFloat = Field(le=1)
    reserve_gib: float = Field(ge=0)
    chunk_tokens: PositiveInt
    max_sequences: PositiveInt
    chunked_prefill: bool
    aligned_prefill: bool = False
    warmup_ms: float = Field(0.0, ge=0)
    deviations: dict[str, DeviationFile] = {}
    key_rereads: float = Field(0.0, ge=0, le=1)
    fraction_of_free: bool = False
    prompt_layer_us: float = Field(0.0, ge=0)
    opening_slowdown: float = Field(1.0, ge=1, le=20)
    spacing_us: float = Field(0.0, ge=0)
    prefill_requests: PositiveInt = 1 << 20
    graph_tokens: int = Field(0, ge=0)
    gathering_ranks: int = Field(0, ge=0)
    shared_beside: bool = False
    fused_norms: list[str] = []
    balanced_ranks: PositiveInt = 1 << 20
    decode_pool_pace: float = Field(1.0, gt=0)
    handover_us: float = Field(0.0, ge=0)
    quickening: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)
    observed_months: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    prefix_caching: bool = False
    whole_answers: bool = False
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    sources: list[str] = []
    launch: str
    kernels: dict[str, KernelFile] = {}
    vision: VisionFile | None = None
