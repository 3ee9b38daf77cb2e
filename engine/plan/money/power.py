"""Watts of a chip that serves: by how much of its arithmetic is used (`profiles/power.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.sources.profile_files import read_toml
from engine.words.arrays import FloatArray
from profiles import ROOT


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """Shares of the power limit; ``range`` is how far off it may be, as a share."""

    idle: float
    saturating_mfu: float
    exponent: float
    range: float
    source: str

    def share(self, mfu: FloatArray) -> FloatArray:
        """Of the power limit, at so much of the peak arithmetic."""
        busy = np.minimum(np.maximum(mfu, 0.0) / self.saturating_mfu, 1.0)
        share: FloatArray = self.idle + (1.0 - self.idle) * busy**self.exponent
        return share


@cache
def power_law() -> PowerLaw:
    """The bundled law."""
    values = read_toml(ROOT / "power.toml")
    return PowerLaw(**values)
