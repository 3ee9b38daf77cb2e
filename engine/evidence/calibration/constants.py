"""The constants that a few runs can identify, and an engine with them multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evidence.calibration.run import Run
from engine.hardware.chip import KernelConstants, Provenance
from engine.hardware.framework import Framework
from engine.hardware.kernels import constants_for
from engine.serve.system import System
from engine.words.arrays import FloatArray

LEAST_COST = 1.0
"""Microseconds; a cost of nothing has no factor."""
EFFICIENCY_LIMIT = 0.98
MOST_SAVED = 0.8
"""Share of the smallest published start that a faster fabric may save."""


@dataclass(frozen=True, slots=True)
class Constant:
    """One fitted constant: what it is called, how wide its prior is, what it was."""

    name: str
    prior: float
    base: float
    unit: str
    """Empty for a share of the chip's peak."""


def site_constants(site: System, runs: Sequence[Run]) -> tuple[Constant, ...]:
    """The constants that runs of a site can be fitted by."""
    framework, costs = site.engine, site.engine.costs
    kernel = constants_for("gemm.bf16", site.chip, framework)
    constants = [
        Constant("bandwidth efficiency", 0.2, kernel.memory, ""),
        Constant("compute efficiency", 0.4, kernel.compute, ""),
        Constant("launch floor", 0.4, max(kernel.floor_seconds * 1e6, LEAST_COST), "µs"),
        Constant("per-step cost", 0.7, max(costs.step_seconds * 1e6, LEAST_COST), "µs"),
        Constant("per-request cost", 0.7, max(costs.request_seconds * 1e6, LEAST_COST), "µs"),
    ]
    ranks = max(run.layout.ranks for run in runs)
    if ranks > 1:
        start = _link_start(site, ranks) + framework.costs.collective_seconds
        constants.append(Constant("link α", 0.7, max(start * 1e6, LEAST_COST), "µs"))
    return tuple(constants)


def _link_start(site: System, ranks: int) -> float:
    """Seconds that the smallest all-reduce over ``ranks`` chips takes."""
    table = site.chip.all_reduce
    known = table[min(table, key=lambda count: abs(count - ranks))]
    if known.small_bandwidth_bytes > 0:
        return min(known.alpha_seconds, known.small_alpha_seconds)
    return known.alpha_seconds


def calibrated_framework(
    site: System, constants: Sequence[Constant], logs: FloatArray
) -> Framework:
    """The framework with its constants multiplied; efficiencies become kernels of this chip."""
    factors = {
        constant.name: float(np.exp(log)) for constant, log in zip(constants, logs, strict=True)
    }
    added = {
        constant.name: constant.base * (factors[constant.name] - 1.0) * 1e-6
        for constant in constants
        if constant.unit
    }
    framework = site.engine
    # The chip's own start stays in its file; what differs from it is the framework's.
    least = -MOST_SAVED * min(_link_start(site, ranks) for ranks in site.chip.all_reduce)
    collective = framework.costs.collective_seconds + added.get("link α", 0.0)
    return framework.changed(
        step_seconds=framework.costs.step_seconds + added.get("per-step cost", 0.0),
        request_seconds=framework.costs.request_seconds + added.get("per-request cost", 0.0),
        collective_seconds=max(collective, least),
        kernels={
            **framework.kernels,
            **_scaled_kernels(
                site,
                factors.get("bandwidth efficiency", 1.0),
                factors.get("compute efficiency", 1.0),
                factors.get("launch floor", 1.0),
            ),
        },
    )


def _scaled_kernels(
    site: System, memory: float, compute: float, launch: float
) -> dict[str, KernelConstants]:
    """Every kernel class of the chip as the framework runs it, its efficiencies and its launch
    floor multiplied."""
    current: dict[str, KernelConstants] = dict(site.chip.kernels)
    for scope in (f"{site.chip.generation}/", f"{site.chip.id}/"):
        for key, kernel in site.engine.kernels.items():
            if key.startswith(scope):
                current[key.removeprefix(scope)] = kernel
    return {
        f"{site.chip.id}/{name}": replace(
            kernel,
            memory=min(kernel.memory * memory, max(EFFICIENCY_LIMIT, kernel.memory)),
            compute=min(kernel.compute * compute, max(EFFICIENCY_LIMIT, kernel.compute)),
            floor_seconds=kernel.floor_seconds * launch,
            provenance=Provenance.FITTED,
            source="calibrated to your own runs",
        )
        for name, kernel in current.items()
    }
