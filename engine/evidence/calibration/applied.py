"""An engine with constants multiplied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.evidence.calibration.constants import (
    COSTS,
    EFFICIENCY_LIMIT,
    FAMILIES,
    LEAST_COST,
    Constant,
    link_of,
)
from engine.hardware.chip import KernelConstants, LinkDeviation, Provenance
from engine.hardware.framework import Framework
from engine.serve.system import System
from engine.words.arrays import FloatArray


def calibrated_framework(
    site: System, constants: Sequence[Constant], logs: FloatArray
) -> Framework:
    """The framework with its constants multiplied; efficiencies become kernels of this chip."""
    factors = {
        key: float(np.exp(log))
        for constant, log in zip(constants, logs, strict=True)
        for key in constant.keys
    }
    costs = {
        field: _cost(float(getattr(site.engine.costs, field)), factors[key])
        for key, field in COSTS.items()
        if key in factors
    }
    return site.engine.changed(
        **costs,
        kernels={**site.engine.kernels, **_scaled_kernels(site, factors)},
        links={**site.engine.links, **_scaled_links(site, factors)},
    )


def _cost(seconds: float, factor: float) -> float:
    """A cost of nothing grows from the least that has a factor."""
    return max(seconds + max(seconds, LEAST_COST * 1e-6) * (factor - 1.0), 0.0)


def _scaled_links(site: System, factors: Mapping[str, float]) -> dict[str, LinkDeviation]:
    """What the engine says of collectives among so many chips already, multiplied."""
    linked = [key for key in factors if key.startswith(("start.", "bandwidth."))]
    found = {}
    for ranks in dict.fromkeys(key.split(".")[1] for key in linked):
        key = f"{site.chip.id}/{ranks}"
        now = site.engine.links.get(key, LinkDeviation())
        # No more than the link can carry.
        most = site.chip.scale_up.bandwidth_bytes / link_of(site, int(ranks)).bandwidth_bytes
        found[key] = LinkDeviation(
            now.start * factors.get(f"start.{ranks}", 1.0),
            _within(now.bandwidth, factors.get(f"bandwidth.{ranks}", 1.0), most),
        )
    return {key: one for key, one in found.items() if one != LinkDeviation()}


def _scaled_kernels(site: System, factors: Mapping[str, float]) -> dict[str, KernelConstants]:
    """The kernel classes of the chip as the framework runs them, of the families that factors are
    of."""
    current: dict[str, KernelConstants] = dict(site.chip.kernels)
    for scope in (f"{site.chip.generation}/", f"{site.chip.id}/"):
        for key, kernel in site.engine.kernels.items():
            if key.startswith(scope):
                current[key.removeprefix(scope)] = kernel
    family_of = {one: family for family, members in FAMILIES.items() for one in members}
    found = {}
    for name, kernel in current.items():
        family = family_of.get(name.split(".")[0], "")
        memory, compute, floor = (
            factors.get(f"{figure}.{family}", 1.0) for figure in ("memory", "compute", "floor")
        )
        if (memory, compute, floor) != (1.0, 1.0, 1.0):
            found[f"{site.chip.id}/{name}"] = replace(
                kernel,
                memory=_within(kernel.memory, memory),
                compute=_within(kernel.compute, compute),
                floor_seconds=kernel.floor_seconds * floor,
                per_item_seconds=kernel.per_item_seconds / memory,
                provenance=Provenance.FITTED,
                source="calibrated to your own runs",
            )
    return found


def _within(now: float, factor: float, most: float = EFFICIENCY_LIMIT) -> float:
    return min(now * factor, max(most, now))
