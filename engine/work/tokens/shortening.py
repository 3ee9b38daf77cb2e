"""All-reduces whose large messages are sent quantised (vLLM's quick all-reduce on ROCm)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.hardware.parts.capabilities import Capabilities
from engine.scenario import ReduceFormat
from engine.words.arrays import FloatArray

MIB = float(1 << 20)


@dataclass(frozen=True, slots=True)
class Shortening:
    """``share`` of its bytes that a message of ``least`` bytes or more has, by ranks."""

    share: float
    least: Mapping[int, float]

    def of(self, size: FloatArray, ranks: FloatArray) -> FloatArray:
        """Bytes that messages of ``size`` bytes (layouts × batches) have on so many ``ranks``."""
        least = np.full(np.shape(ranks), np.inf)
        for count, enough in self.least.items():
            least[ranks == count] = enough
        shortened: FloatArray = np.where(size >= least, self.share * size, size)
        return shortened


def shortening_of(able: Capabilities, generation: str) -> Shortening | None:
    """What an engine does on chips of a generation; None where messages stay as they are."""
    if able.reduce_format is ReduceFormat.NONE or generation not in able.reduce_generations:
        return None
    least = {ranks: mib * MIB for ranks, mib in able.reduces_on.items()}
    return Shortening(able.reduce_shares[able.reduce_format], least)
