"""The one place where work becomes seconds.

A kernel on a chip takes ``floor + ((FLOPs/(e_c·peak))^p + (bytes/(e_m·bandwidth))^p)^(1/p)``:
a smooth roofline with a launch floor. Four constants per kernel class and chip generation
reproduce thousands of measured kernels to 5-14 % (profiles/chips/generations/, whose sources
are the measured tables). A collective takes ``alpha + factor·bytes/bandwidth``.

All inputs may be arrays; shapes broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.chip import Chip, Collective, KernelConstants

FloatArray = NDArray[np.float64]

BOUNDS = ("compute", "memory", "link", "launch")


@dataclass(frozen=True, slots=True)
class Work:
    """What one call of a kernel does on one chip, and how often a step calls it.

    ``size`` is what must grow to fill the chip (tokens per expert, prompt tokens) and ``items``
    the independent units of decode attention; both only matter for classes that have the
    constants for them.
    """

    name: str
    kernel: str
    constants: KernelConstants
    peak_flops: float
    calls: float
    flops: FloatArray
    bytes: FloatArray
    size: FloatArray | None = None
    items: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one collective moves per chip. ``ranks`` and ``groups`` have one value per layout.

    ``kind`` is ``all_reduce``, ``all_to_all`` or ``send``. For ``all_to_all`` the bytes are what
    one chip sends, and ``remote_bytes`` the part that leaves its node.
    """

    name: str
    kind: str
    calls: float
    bytes: FloatArray
    ranks: FloatArray
    remote_bytes: FloatArray | None = None


def compute_seconds(work: Work) -> FloatArray:
    """Seconds the arithmetic alone would take."""
    efficiency = work.constants.compute * work.peak_flops
    seconds = work.flops * (1.0 / efficiency)
    if work.constants.half_size and work.size is not None:
        seconds = seconds * (1.0 + work.constants.half_size / work.size)
    return seconds


def memory_seconds(work: Work, chip: Chip) -> FloatArray:
    """Seconds the memory traffic alone would take."""
    return work.bytes * (1.0 / (work.constants.memory * chip.bandwidth_bytes))


def _blend(first: FloatArray, second: FloatArray, order: float) -> FloatArray:
    if order == 1:
        return first + second
    if order == 2:
        return np.sqrt(first * first + second * second)
    if order == 4:
        first, second = first * first, second * second
        return np.sqrt(np.sqrt(first * first + second * second))
    if np.isinf(order):
        return np.maximum(first, second)
    blended: FloatArray = (first**order + second**order) ** (1 / order)
    return blended


def kernel_seconds(work: Work, chip: Chip) -> FloatArray:
    """Seconds of one call."""
    busy = _blend(compute_seconds(work), memory_seconds(work, chip), work.constants.order)
    if work.constants.per_item_seconds and work.items is not None:
        busy = np.maximum(busy, work.items * work.constants.per_item_seconds)
    return busy + work.constants.floor_seconds


def kernel_bound(work: Work, chip: Chip) -> str:
    """The largest part of one call's seconds, for scalar work: compute, memory or launch."""
    parts = {
        "compute": float(np.max(compute_seconds(work))),
        "memory": float(np.max(memory_seconds(work, chip))),
        "launch": work.constants.floor_seconds,
    }
    return max(parts, key=lambda bound: parts[bound])
