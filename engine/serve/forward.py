"""Seconds of one batch of images on one chip, from the roofline's seconds of its kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.hardware.roofline import kernel_seconds, launch_seconds
from engine.words.arrays import FloatArray
from engine.work.forward.work import Inventory


@dataclass(frozen=True, slots=True)
class BatchTime:
    """Seconds per batch, one value per batch size. ``host`` is the part of the latency that the
    chip waits for the host."""

    latency: FloatArray
    chip: FloatArray
    host: FloatArray


def batch_seconds(inventory: Inventory, batches: FloatArray, instances: int = 1) -> BatchTime:
    """Mean latency of ``batches`` images each in ``instances`` copies that run at once.

    Copies overlap: one fills the cores that another's small kernels leave idle and hides its
    launch floors, but together they cannot be faster than one batch of all their images without
    floors.
    """
    single = _chip_seconds(inventory, batches)
    if instances > 1:
        floors = sum(
            len(work.names) * launch_seconds(work.constants, inventory.chip)
            for work in inventory.works
        )
        single = np.maximum(single, _chip_seconds(inventory, batches * instances) - floors)
    runtime = inventory.runtime
    scale = runtime.launch_scale.get(inventory.chip.generation, 1.0)
    launches = runtime.launch_seconds * scale * inventory.launches
    latency = np.maximum(single, launches)
    latency = latency + runtime.batch_seconds + runtime.image_seconds * batches
    return BatchTime(latency, single, latency - single)


def _chip_seconds(inventory: Inventory, batches: FloatArray) -> FloatArray:
    total = np.zeros_like(batches)
    for work in inventory.works:
        total = total + kernel_seconds(work.at(batches), inventory.chip).sum(axis=0)
    return total
