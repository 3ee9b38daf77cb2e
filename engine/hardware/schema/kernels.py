"""What a file may say of kernels and collectives."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from engine.hardware.chip import Provenance
from engine.hardware.schema.values import Micros, Share, none_or
from engine.sources.strict import Strict


class KernelFile(Strict):
    """Constants of one kernel class as written in a file."""

    compute: Share = Field(le=1.5)
    memory: Share = Field(le=1.5)
    floor_us: float = Field(ge=0, le=2000)
    order: float = Field(2.0, ge=1, le=64)
    half_size: float = Field(0.0, ge=0, le=1e9)
    per_item_ns: float = Field(0.0, ge=0, le=1e9)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


class DeviationFile(Strict):
    """Factors on the efficiencies of a generation's kernels, of one class or family."""

    compute: Share = Field(1.0, le=3)
    memory: Share = Field(1.0, le=3)
    item_share: float = Field(0.0, ge=0, le=1)
    item_split: float = Field(1.0, ge=1, le=1000)
    source: str = ""


class LinkDeviationFile(Strict):
    """Factors on the start and the bandwidth of collectives."""

    start: Share = Field(1.0, le=100)
    bandwidth: Share = Field(1.0, le=100)


class CollectiveFile(Strict):
    """A collective at one rank count; bandwidth as a share of the scale-up link."""

    alpha_us: Micros
    link_share: Share = Field(le=2)
    small_alpha_us: Micros = 0.0
    small_link_share: Annotated[float, AfterValidator(none_or(1e-3))] = Field(0.0, ge=0, le=2)
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""
