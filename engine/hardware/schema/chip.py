"""What a chip's or generation's file may hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, field_validator

from engine.hardware.chip import Provenance
from engine.hardware.schema.kernels import CollectiveFile, DeviationFile, KernelFile
from engine.hardware.schema.values import Bandwidth, Identity, Micros, Ranks, Share, Title, none_or
from engine.sources.strict import Strict

PLAIN_PRODUCTS = "gemm.bf16"

Rate = Literal["fp32", "tf32", "bf16", "fp16", "int8", "fp8", "fp6", "fp4"]


class ClockFile(Strict):
    """How clocks follow the power limit: seconds of arithmetic and launches go with
    ``(reference_watts/watts)^exponent``."""

    reference_watts: float = Field(ge=0.1, le=1e6)
    exponent: float = Field(ge=0, le=1)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class GenerationFile(Strict):
    """Constants that the chips of one generation share."""

    id: Identity
    clock: ClockFile | None = None
    kernels: dict[str, KernelFile]
    all_reduce: dict[Ranks, CollectiveFile] = Field(min_length=1)
    all_to_all: dict[Ranks, CollectiveFile] = Field(min_length=1)

    @field_validator("kernels")
    @classmethod
    def _has_plain_products(cls, kernels: dict[str, KernelFile]) -> dict[str, KernelFile]:
        """What every model needs, and what stands in for classes that are not there."""
        if PLAIN_PRODUCTS not in kernels:
            raise ValueError(f"constants of {PLAIN_PRODUCTS} among them, or a base that has them")
        return kernels


class CacheFile(Strict):
    """What activations in the last-level cache save."""

    byte_cost: Share = Field(le=1)
    reach: Share = Field(le=10)


class ForwardKernelsFile(Strict):
    """Constants of vision kernels that the chips of one generation share."""

    id: str
    kernels: dict[str, KernelFile] = {}
    cache: CacheFile | None = None
    sustained: dict[str, Annotated[float, Field(ge=0.01, le=10)]] = {}


class LinkFile(Strict):
    """A fabric: GB/s per chip and direction."""

    name: Title
    bandwidth_gbs: Bandwidth
    domain: PositiveInt = Field(1 << 16, le=1 << 30)
    alpha_us: Micros = 10.0
    achieved: Share = Field(0.9, le=1)
    assumed: bool = False


class ChipFile(Strict):
    """One accelerator as written in a file."""

    id: Identity
    name: Title
    vendor: Title
    generation: Identity
    aliases: list[str] = []
    memory_bytes: int = Field(ge=1 << 20, le=1 << 50)
    reported_gib: float = Field(0.0, ge=0, le=1 << 20)
    reported_source: str = ""
    host_gib: float = Field(0.0, ge=0, le=1 << 20)
    own_host_gib: float = Field(0.0, ge=0, le=1 << 20)
    bandwidth_gbs: Bandwidth
    devices: PositiveInt = Field(1, le=16)
    server_chips: PositiveInt = Field(8, le=4096)
    cache_mb: float = Field(0.0, ge=0, le=1e6)
    core_count: int = Field(0, ge=0, le=1 << 30)
    core_unit: str = ""
    watts: Annotated[float, AfterValidator(none_or(0.1))] = Field(0.0, ge=0, le=1e6)
    confidence: str = ""
    sources: list[str] = []
    notes: str = ""
    peak_tflops: dict[Rate, Annotated[float, Field(ge=1e-3, le=1e8)]]
    scale_up: LinkFile
    scale_out: LinkFile
    host: LinkFile | None = None
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
