"""Vision models over every batch: latency per batch, images per second, memory, verdicts."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from engine.model.precision import Precision
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.ranking import rank
from engine.plan.results import Binding, Sweep, Table
from engine.scenario import Scenario
from engine.serve.forward import batch_seconds
from engine.serve.forward_memory import VisionFootprint, vision_footprint
from engine.words.arrays import IntArray
from engine.words.quantities import GIB
from engine.work.forward.work import Inventory, take_vision_inventory

BLOCK_BATCHES = 1024
"""Batches evaluated at a time, for a quick cancel."""


def vision_inventory(prepared: Prepared, precision: Precision) -> Inventory:
    """Kernels of the prepared model at one precision."""
    return take_vision_inventory(prepared.vision, precision, prepared.chip, prepared.framework)


def footprint_of(prepared: Prepared, scenario: Scenario, precision: Precision) -> VisionFootprint:
    """Memory of the prepared model on one chip."""
    inventory = vision_inventory(prepared, precision)
    return vision_footprint(
        prepared.vision,
        precision,
        prepared.chip,
        prepared.framework,
        scenario.instances,
        inventory.choice.activation_bytes,
    )


def largest_vision_batch(prepared: Prepared, scenario: Scenario, precision: Precision) -> int:
    """The largest batch per instance that fits in memory."""
    return min(footprint_of(prepared, scenario, precision).largest_batch(), LARGEST_BATCH)


def vision_table(
    prepared: Prepared, scenario: Scenario, precision: Precision, batches: IntArray
) -> Table:
    """The rows of one precision for ``batches``, in that order."""
    batch = batches.astype(np.float64)
    inventory = vision_inventory(prepared, precision)
    memory = footprint_of(prepared, scenario, precision)
    needed = memory.needed(batch)
    fits = needed <= memory.capacity_bytes
    seconds = batch_seconds(inventory, batch, scenario.instances).latency
    latency = np.where(fits, seconds, np.nan)
    per_chip = scenario.instances * batch / latency
    limit = scenario.objectives.latency_ms
    ratio = np.zeros(len(batch)) if limit is None else latency * 1e3 / limit
    excess = np.where(fits, ratio, needed / memory.capacity_bytes)
    missed = np.where(ratio > 1.0, int(Binding.LATENCY), int(Binding.NONE))
    return Table(
        kind="vision",
        throughput="fps_per_chip",
        layouts=prepared.layouts,
        precisions=(precision,),
        layout_index=np.zeros(len(batch), dtype=np.int64),
        precision_index=np.zeros(len(batch), dtype=np.int64),
        batch=batches,
        metrics={
            "latency_ms": latency * 1e3,
            "fps": per_chip * scenario.chips,
            "fps_per_chip": per_chip,
            "memory_gib": needed / GIB,
        },
        fits=fits,
        meets=fits & (excess <= 1.0),
        binding=np.where(fits, missed, int(Binding.MEMORY)).astype(np.int64),
        excess=excess,
    )


def vision_sweep(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """Every batch at every precision, ranked; None when ``should_stop`` said so."""
    started = time.perf_counter()
    tables: list[Table] = []
    indices: list[IntArray] = []
    for index, precision in enumerate(prepared.precisions):
        most = largest_vision_batch(prepared, scenario, precision)
        most = max(min(most, scenario.max_batch or most), 1)
        for low in range(1, most + 1, BLOCK_BATCHES):
            if should_stop is not None and should_stop():
                return None
            batches = np.arange(low, min(low + BLOCK_BATCHES, most + 1), dtype=np.int64)
            tables.append(vision_table(prepared, scenario, precision, batches))
            indices.append(np.full(len(batches), index, dtype=np.int64))
    return rank(_joined(prepared, tables, indices), time.perf_counter() - started)


def _joined(prepared: Prepared, tables: list[Table], indices: list[IntArray]) -> Table:
    return Table(
        kind="vision",
        throughput="fps_per_chip",
        layouts=prepared.layouts,
        precisions=prepared.precisions,
        layout_index=np.concatenate([one.layout_index for one in tables]),
        precision_index=np.concatenate(indices),
        batch=np.concatenate([one.batch for one in tables]),
        metrics={
            name: np.concatenate([one.metrics[name] for one in tables])
            for name in tables[0].metrics
        },
        fits=np.concatenate([one.fits for one in tables]),
        meets=np.concatenate([one.meets for one in tables]),
        binding=np.concatenate([one.binding for one in tables]),
        excess=np.concatenate([one.excess for one in tables]),
    )
