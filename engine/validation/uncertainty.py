"""How far off predictions of a kind have been: ranges from published error, not from belief.

``profiles/accuracy/ranges.toml`` holds the median relative error measured on held-out (model,
chip) pairs for each kind of case. A case is the better known, the more of it has been measured:
the chip's generation, the kernels of the model's precision on it, the framework.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.chip import Provenance
from profiles import ROOT

if TYPE_CHECKING:
    from engine.sweep import Prepared


@dataclass(frozen=True, slots=True)
class RelativeRange:
    """Relative errors to show as ±: half of the measured cases of this kind were off by less."""

    ttft: float
    tpot: float
    throughput: float


@cache
def _ranges() -> dict[str, Any]:
    text = (ROOT / "accuracy" / "ranges.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def badge(prepared: Prepared) -> str:
    """How well the case is known: ``measured`` when runs of this chip generation under this
    framework were fitted, ``fitted`` when kernels or neighbours were, else ``datasheet``."""
    return _badge(prepared.chip.id, prepared.framework.id, prepared.chip.provenance)


def _badge(chip: str, framework: str, provenance: Provenance) -> str:
    covered = _ranges()["covered"]
    if chip in covered["chips"] and framework in covered["frameworks"]:
        return "measured"
    if chip in covered["chips"] or provenance in (Provenance.MEASURED, Provenance.FITTED):
        return "fitted"
    return "datasheet"


def range_for(prepared: Prepared, kind: str = "serving") -> RelativeRange:
    """The range of a prediction; ``kind`` is ``serving``, ``static`` or ``vision``."""
    table = _ranges()
    found = table["error"].get(kind, table["error"]["serving"])[badge(prepared)]
    return RelativeRange(found["ttft"], found["tpot"], found["throughput"])
