"""What an engine's file may hold."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, create_model, field_validator

from engine.hardware.chip import Provenance
from engine.hardware.framework import PARTS
from engine.hardware.parts.forward import ForwardRuntime
from engine.hardware.schema.constants import constant_fields
from engine.hardware.schema.kernels import DeviationFile, KernelFile, LinkDeviationFile
from engine.hardware.schema.launch import LaunchTableFile
from engine.hardware.schema.values import Identity, Title
from engine.sources.strict import Strict


class _ForwardFile(Strict):
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    source: str = ""


ForwardFile = create_model(
    "ForwardFile",
    __base__=_ForwardFile,
    __doc__="How a framework runs models of one forward pass, as written in a file.",
    **constant_fields(ForwardRuntime),
)


class FormerFile(Strict):
    """Which builds of another engine a profile describes."""

    of: str
    build: str
    since: str = ""
    until: str = ""
    chips: list[str] = []


LinkKey = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,60}/[1-9][0-9]{0,6}$")]
"""A chip and how many of it."""


class _EraFile(Strict):
    below: str = Field(pattern=r"^\d+(\.\d+)*$")
    until: str = Field(pattern=r"^\d{4}-\d\d-\d\d$")


_ERA_FIELDS: dict[str, Any] = {
    key: (kind | None, None) for key, (kind, _) in constant_fields(*PARTS.values()).items()
}

EraFile = create_model(
    "EraFile",
    __base__=_EraFile,
    __doc__="Constants in which builds of one era differed from the newest.",
    **_ERA_FIELDS,
)


class _FrameworkFile(Strict):
    id: Identity
    name: Title
    version: str = Field(max_length=200)
    deviations: dict[str, DeviationFile] = {}
    provenance: Provenance = Field(Provenance.DATASHEET, strict=False)
    sources: list[str] = []
    launch: str | LaunchTableFile
    kernels: dict[str, KernelFile] = {}
    links: dict[LinkKey, LinkDeviationFile] = {}
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
    **constant_fields(*PARTS.values()),
)
