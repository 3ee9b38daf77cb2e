"""The clock of matrix kernels where a power limit binds (``profiles/vision/power.toml``).

Cards of one generation do a FLOP for about the same energy, so that one with fewer watts per
FLOP/s of its datasheet than a card that holds its clock must clock lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine.sources.profile_files import bundled_files, read_toml
from profiles import ROOT

LAW = ROOT / "vision" / "power.toml"
TERA = 1e12
_HALVES = ("bf16", "fp16")


def power_share(watts: float, peak_flops: Mapping[str, float], generation: str) -> float:
    """Power per FLOP/s over that of the generation's card that holds its clock; 1 where it has
    enough or nobody says."""
    card: str | None = read_toml(LAW)["holds"].get(generation)
    enough = _watts_per_flops(card) if card else 0.0
    peak = _half_peak(peak_flops)
    return min(watts / peak / enough, 1.0) if enough and peak and watts else 1.0


def held_clock(share: float) -> float:
    """Clock over that of the peak, of a chip with ``share`` of the power it would need."""
    held: float = share ** float(read_toml(LAW)["exponent"])
    return held


@cache
def _watts_per_flops(chip: str) -> float:
    file: Mapping[str, Any] = read_toml(bundled_files("chips")[chip])
    return float(file["watts"] / _half_peak(file["peak_tflops"]) / TERA)


def _half_peak(peaks: Mapping[str, float]) -> float:
    """Dense rate in 16 bits, as given; 0 where there is none."""
    return next((peaks[name] for name in _HALVES if name in peaks), 0.0)
