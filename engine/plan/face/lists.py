"""What can be named, as rows of plain values: chips, models, engines."""

from __future__ import annotations

from typing import Any

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.config import LoadedModel
from engine.plan.ranges.covered import published_runs
from engine.words.messages import listed, say

Row = dict[str, Any]


def chip_row(chip: Chip) -> Row:
    """A chip's facts, where its constants come from, and of which models runs are published."""
    return {
        "id": chip.id,
        "name": chip.name,
        "memory_gib": round(chip.memory_bytes / (1 << 30), 1),
        "usable_gib": round(chip.usable_bytes / (1 << 30), 2),
        "memory": str(chip.memory_provenance),
        "bandwidth_gbs": round(chip.bandwidth_bytes / 1e9, 1),
        "peak_tflops": {k: round(v / 1e12, 1) for k, v in chip.peak_flops.items()},
        "node_chips": chip.node_size,
        "link_gbs": round(chip.scale_up.bandwidth_bytes / 1e9, 1),
        "generation": chip.generation,
        "constants": str(chip.provenance),
        "runs": published_runs(chip.id),
        "origin": chip.origin,
    }


def runs_told(row: Row) -> str:
    """The kinds of models of which runs on a chip are published, for people."""
    return listed([say(one) for one in str(row["runs"]).split(", ")])


def model_row(model: LoadedModel) -> Row:
    """A model's kind and size."""
    return {
        "id": model.reference,
        "name": model.name,
        "kind": model.kind,
        "total_parameters": model.architecture.total_parameters,
        "active_parameters": model.architecture.active_parameters,
        "origin": model.origin,
    }


def framework_row(framework: Framework) -> Row:
    """What an engine's runtime costs and how it is built."""
    return {
        "id": framework.id,
        "name": framework.name,
        "version": framework.version,
        "step_us": round(framework.costs.step_seconds * 1e6, 1),
        "request_us": round(framework.costs.request_seconds * 1e6, 1),
        "chunk_tokens": framework.scheduler.prefill_tokens,
        "constants": str(framework.provenance),
        "origin": framework.origin,
    }
