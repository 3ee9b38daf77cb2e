"""Why a vision model's batch takes as long as it does: time per kernel family, memory, limits."""

from __future__ import annotations

import numpy as np

from engine.hardware.roofline import compute_seconds, kernel_seconds, launch_seconds, memory_seconds
from engine.model.precision import Precision
from engine.plan.forward_sweep import (
    footprint_of,
    largest_vision_batch,
    vision_inventory,
    vision_table,
)
from engine.plan.prepared import Prepared
from engine.plan.results import Explanation, OperatorTime
from engine.scenario import Scenario
from engine.serve.forward import batch_seconds
from engine.work.forward.work import Inventory, VisionWork

PHASE = "batch"


def explain_vision(
    prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
) -> Explanation:
    """Break one batch on one chip down."""
    inventory = vision_inventory(prepared, precision)
    memory = footprint_of(prepared, scenario, precision)
    images = np.array([float(batch)])
    spent = batch_seconds(inventory, images, scenario.instances)
    rows = [_row(inventory, work, batch) for work in inventory.works]
    host = float(spent.host[0])
    if host > 0:
        rows.append(_host_row(inventory, host))
    seconds = float(spent.latency[0])
    done = scenario.instances * batch * prepared.vision.flops
    moved = scenario.instances * sum(row.bytes for row in rows)
    peak = prepared.chip.peak_flops[inventory.choice.compute]
    return Explanation(
        layout=prepared.layouts[0],
        precision=precision,
        batch=batch,
        operators=tuple(rows),
        memory=memory.items(batch),
        capacity_bytes=memory.capacity_bytes,
        prefill_mfu=0.0,
        prefill_mbu=0.0,
        decode_mfu=done / (seconds * peak),
        decode_mbu=moved / (seconds * prepared.chip.bandwidth_bytes),
        largest_batch=_largest(prepared, scenario, precision),
        peaks={inventory.choice.compute: peak},
        bandwidth_bytes=prepared.chip.bandwidth_bytes,
    )


def _row(inventory: Inventory, work: VisionWork, batch: int) -> OperatorTime:
    done = work.at(np.array([float(batch)]))
    return OperatorTime(
        name=work.family.replace("_", " "),
        kernel=work.kernel,
        phase=PHASE,
        calls=len(work.names),
        seconds=float(kernel_seconds(done, inventory.chip).sum()),
        flops=float(work.image_flops.sum()) * batch,
        bytes=float(done.bytes.sum()),
        message_bytes=0.0,
        bound=_bound(inventory, work, batch),
        provenance=str(work.constants.provenance),
        peak_flops=float(np.max(done.peak_flops)),
    )


def _bound(inventory: Inventory, work: VisionWork, batch: int) -> str:
    done = work.at(np.array([float(batch)]))
    parts = {
        "compute": float(compute_seconds(done, inventory.chip).sum()),
        "memory": float(memory_seconds(done, inventory.chip).sum()),
        "launch": launch_seconds(work.constants, inventory.chip) * len(work.names),
    }
    return max(parts, key=lambda bound: parts[bound])


def _host_row(inventory: Inventory, seconds: float) -> OperatorTime:
    return OperatorTime(
        name="host",
        kernel="framework",
        phase=PHASE,
        calls=inventory.launches,
        seconds=seconds,
        flops=0.0,
        bytes=0.0,
        message_bytes=0.0,
        bound="launch",
        provenance=str(inventory.runtime.provenance),
    )


def _largest(prepared: Prepared, scenario: Scenario, precision: Precision) -> dict[str, int]:
    most = largest_vision_batch(prepared, scenario, precision)
    found = {"memory": most}
    limit = scenario.objectives.latency_ms
    if limit is not None and most >= 1:
        table = vision_table(prepared, scenario, precision, np.arange(1, most + 1))
        passing = np.flatnonzero(table.metrics["latency_ms"] <= limit)
        found["latency"] = int(table.batch[passing[-1]]) if len(passing) else 0
    return found
