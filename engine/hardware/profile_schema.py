"""What a chip, generation or framework file may hold: the schemas for files that users write.

Bundled profiles obey them too (a test reads every one), so that loading those needs no
validation and no pydantic at start-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from datetime import date
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    create_model,
    field_validator,
)

from engine.hardware.chip import Provenance
from engine.hardware.constants import Declared, declared_fields
from engine.hardware.framework import PARTS
from engine.hardware.framework_parts import ForwardRuntime


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def _ascii_digits(key: object) -> object:
    """Keys of TOML tables are text; of Python's ways to write a number in one, only the plain."""
    if isinstance(key, str) and not (key.isascii() and key.isdecimal()):
        raise ValueError("a whole number")
    return key


def _none_or(least: float) -> Callable[[float], float]:
    """A check of figures that are 0 where there is none."""

    def check(value: float) -> float:
        if 0 < value < least:
            raise ValueError(f"0 or at least {least:g}")
        return value

    return check


Ranks = Annotated[int, BeforeValidator(_ascii_digits), Field(gt=0, le=1 << 20, strict=False)]
Identity = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}$")]
"""Names are names: nothing that leads to another folder, nothing that a table cannot hold."""
Title = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=1e-3)]
"""Of what a datasheet promises. Constants are bounded by what a machine can be, with room: from
figures beyond that come others that are no numbers any more."""
Bandwidth = Annotated[float, Field(ge=1e-3, le=1e8)]
"""GB/s, from a serial line to a wafer of memory."""
Micros = Annotated[float, Field(ge=0, le=10_000)]


PLAIN_PRODUCTS = "gemm.bf16"

Rate = Literal["fp32", "tf32", "bf16", "fp16", "int8", "fp8", "fp6", "fp4"]


class KernelFile(_Strict):
    """Constants of one kernel class as written in a file."""

    compute: Share = Field(le=1.5)
    memory: Share = Field(le=1.5)
    floor_us: float = Field(ge=0, le=2000)
    order: float = Field(2.0, ge=1, le=64)
    half_size: float = Field(0.0, ge=0, le=1e9)
    per_item_ns: float = Field(0.0, ge=0, le=1e9)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class DeviationFile(_Strict):
    """Factors on the efficiencies of a generation's kernels, of one class or family."""

    compute: Share = Field(1.0, le=3)
    memory: Share = Field(1.0, le=3)
    item_share: float = Field(0.0, ge=0, le=1)
    source: str = ""


class CollectiveFile(_Strict):
    """A collective at one rank count; bandwidth as a share of the scale-up link."""

    alpha_us: Micros
    link_share: Share = Field(le=2)
    small_alpha_us: Micros = 0.0
    small_link_share: Annotated[float, AfterValidator(_none_or(1e-3))] = Field(0.0, ge=0, le=2)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class ClockFile(_Strict):
    """How clocks follow the power limit: seconds of arithmetic and launches go with
    ``(reference_watts/watts)^exponent``."""

    reference_watts: float = Field(ge=0.1, le=1e6)
    exponent: float = Field(ge=0, le=1)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class GenerationFile(_Strict):
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


class CacheFile(_Strict):
    """What activations in the last-level cache save."""

    byte_cost: Share = Field(le=1)
    reach: Share = Field(le=10)


class ForwardKernelsFile(_Strict):
    """Constants of vision kernels that the chips of one generation share."""

    id: str
    kernels: dict[str, KernelFile] = {}
    cache: CacheFile | None = None
    sustained: dict[str, Annotated[float, Field(ge=0.01, le=10)]] = {}


class LinkFile(_Strict):
    """A fabric: GB/s per chip and direction."""

    name: Title
    bandwidth_gbs: Bandwidth
    domain: PositiveInt = Field(1 << 16, le=1 << 30)
    alpha_us: Micros = 10.0
    achieved: Share = Field(0.9, le=1)
    assumed: bool = False


class ChipFile(_Strict):
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
    watts: Annotated[float, AfterValidator(_none_or(0.1))] = Field(0.0, ge=0, le=1e6)
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


def _bounds(declared: Declared) -> dict[str, Any]:
    given = {"ge": declared.least, "le": declared.most}
    return {name: bound for name, bound in given.items() if math.isfinite(bound)}


def _of_constant(annotation: Any, declared: Declared) -> Any:
    """The type of a constant in a file: numbers within their bounds, modes as true or false, or by
    name where there are more than two."""
    if declared.choices is not None:
        if declared.is_switch:
            return bool
        return Literal[tuple(one.value for one in declared.choices)]
    if annotation in {int, float}:
        return Annotated[annotation, Field(**_bounds(declared))]
    if annotation == Mapping[str, float]:
        return dict[str, Annotated[float, Field(**_bounds(declared))]]
    return list[str] if annotation == tuple[str, ...] else annotation


def _constants(*parts: type[Any]) -> dict[str, Any]:
    """Fields of a schema for the declared constants of ``parts``, by the keys of files."""
    found: dict[str, Any] = {}
    for part in parts:
        annotations = get_type_hints(part)
        for one, declared in declared_fields(part):
            kind = _of_constant(annotations[one.name], declared)
            if one.default_factory is not MISSING:
                found[declared.key] = (kind, Field(default_factory=one.default_factory))
            elif one.default is MISSING:
                found[declared.key] = (kind, ...)
            else:
                found[declared.key] = (kind, declared.write(one.default))
    return found


class _ForwardFile(_Strict):
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


ForwardFile = create_model(
    "ForwardFile",
    __base__=_ForwardFile,
    __doc__="How a framework runs models of one forward pass, as written in a file.",
    **_constants(ForwardRuntime),
)


class FormerFile(_Strict):
    """Which builds of another engine a profile describes."""

    of: str
    build: str
    since: str = ""
    until: str = ""
    chips: list[str] = []


class _EraFile(_Strict):
    below: str = Field(pattern=r"^\d+(\.\d+)*$")
    until: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


_ERA_FIELDS: dict[str, Any] = {
    key: (kind | None, None) for key, (kind, _) in _constants(*PARTS.values()).items()
}

EraFile = create_model(
    "EraFile",
    __base__=_EraFile,
    __doc__="Constants in which builds of one era differed from the newest.",
    **_ERA_FIELDS,
)


class SpellingFile(_Strict):
    """An entry of a launch table that only some versions know."""

    text: str
    since: str = ""
    until: str = ""


Spelled = str | SpellingFile


class LaunchFileFile(_Strict):
    """A file that an engine reads beside its command."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    flag: str
    lines: list[Spelled]


class LaunchRoleFile(_Strict):
    """What the workers of one role are told besides."""

    flags: list[Spelled] = []
    environment: list[Spelled] = []
    lines: list[Spelled] = []


Width = Literal["any", "all", "none"]


class LaunchLimitsFile(_Strict):
    """What an engine refuses."""

    generations: list[str] = []
    pipeline: Literal["any", "none"] = "any"
    expert: Width = "any"
    attention_data: Width = "any"
    sequences_within_budget: bool = False
    prefill_multiple: bool = False


class LaunchTableFile(_Strict):
    """How an engine is told what a prediction assumed (`engine.hardware.launch_table`)."""

    command: str = Field(min_length=1)
    version: str
    oldest: str = ""
    flags: list[Spelled]
    extra: list[Spelled] = []
    node_flags: list[Spelled] = []
    environment: list[Spelled] = []
    holds: list[str] = []
    kv: dict[str, Spelled] = {}
    online: dict[str, Spelled] = {}
    limits: LaunchLimitsFile = LaunchLimitsFile()
    file: LaunchFileFile | None = None
    roles: dict[Literal["prefill", "decode"], LaunchRoleFile] = {}
    router: list[str] = []
    pools_router: list[str] = []
    router_file: LaunchFileFile | None = None
    replicas_file: LaunchFileFile | None = None
    defaults: dict[str, str] = {}
    across: str = ""
    runtimes: dict[str, list[str]] = {}
    runtime_flags: dict[str, list[Spelled]] = {}
    connectors: dict[str, str] = {}
    refuses: list[str] = []
    notes: list[str] = []
    sources: list[str] = []


class _FrameworkFile(_Strict):
    id: Identity
    name: Title
    version: str = Field(max_length=200)
    deviations: dict[str, DeviationFile] = {}
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    sources: list[str] = []
    launch: str | LaunchTableFile
    kernels: dict[str, KernelFile] = {}
    former: FormerFile | None = None
    vision: ForwardFile | None = None  # type: ignore[valid-type]
    eras: list[EraFile] = []  # type: ignore[valid-type]

    @field_validator("newest_build", check_fields=False)
    @classmethod
    def _is_a_day(cls, day: str) -> str:
        try:
            return day and date.fromisoformat(day).isoformat()
        except ValueError:
            raise ValueError("a day as 2026-07-20") from None


FrameworkFile = create_model(
    "FrameworkFile",
    __base__=_FrameworkFile,
    __doc__="One framework as written in a file: its declared constants and what stands beside.",
    **_constants(*PARTS.values()),
)
