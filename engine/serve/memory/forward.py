"""Bytes per chip of a vision model, and the largest batch that fits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.forward.architecture import ForwardArchitecture
from engine.model.forward.bytes import weight_bytes
from engine.model.precision import Precision
from engine.serve.memory.account import MemoryItem
from engine.sources.profile_files import read_toml
from engine.words.arrays import FloatArray
from profiles import ROOT


@cache
def live_copies() -> float:
    """Activations held at once, in inputs and outputs of the largest layer."""
    return float(read_toml(ROOT / "vision" / "memory.toml")["live_copies"])


@dataclass(frozen=True, slots=True)
class ForwardFootprint:
    """Bytes per chip: fixed ones, and those each image of a batch adds, of all instances."""

    weight_bytes: float
    activation_bytes_per_image: float
    reserve_bytes: float
    capacity_bytes: float

    def needed(self, batches: FloatArray) -> FloatArray:
        """Bytes for ``batches`` images per instance."""
        fixed = self.weight_bytes + self.reserve_bytes
        total: FloatArray = fixed + self.activation_bytes_per_image * batches
        return total

    def largest_batch(self) -> int:
        """The largest batch per instance that fits; 0 where not even one image does."""
        free = self.capacity_bytes - self.weight_bytes - self.reserve_bytes
        return max(int(np.floor(free / self.activation_bytes_per_image)), 0)

    def items(self, batch: int) -> tuple[MemoryItem, ...]:
        """The memory table at one batch."""
        return (
            MemoryItem("weights", self.weight_bytes),
            MemoryItem("activations", self.activation_bytes_per_image * batch),
            MemoryItem("runtime", self.reserve_bytes),
        )


def forward_memory_of(
    architecture: ForwardArchitecture,
    precision: Precision,
    chip: Chip,
    framework: Framework,
    instances: int,
    activation_bytes: float,
) -> ForwardFootprint:
    """Memory of ``instances`` copies on one chip."""
    largest = architecture.largest_activation_elements
    return ForwardFootprint(
        weight_bytes=weight_bytes(architecture, precision) * instances,
        activation_bytes_per_image=live_copies() * largest * activation_bytes * instances,
        reserve_bytes=framework.memory.reserve_bytes,
        capacity_bytes=chip.usable_bytes * framework.memory.memory_fraction,
    )
