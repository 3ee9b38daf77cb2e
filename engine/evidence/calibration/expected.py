"""What is expected of a site before its runs are seen: ``profiles/accuracy/calibration.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from engine.sources.profile_files import read_toml
from profiles import ROOT

EXPECTED = ROOT / "accuracy" / "calibration.toml"


@dataclass(frozen=True, slots=True)
class Expected:
    """Standard deviations of logarithms: ``widths`` of the constants of a site around those that
    are published, by what they are of (`constants`), and ``noise`` of TTFT and TPOT of a run around
    what the best constants explain."""

    widths: Mapping[str, float]
    noise: tuple[float, float]


@cache
def expected() -> Expected:
    """As the file has it."""
    file = read_toml(EXPECTED)
    noise = file["noise"]
    return Expected(file["widths"], (noise["ttft"], noise["tpot"]))
