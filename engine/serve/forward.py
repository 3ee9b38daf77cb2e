"""Predictions of models of one forward pass: a batch of images or sequences on every chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.forward_runtime import forward_framework
from engine.hardware.framework import Framework
from engine.hardware.kernels import choose_kernel
from engine.hardware.roofline import compute_seconds, kernel_seconds, launch_seconds, memory_seconds
from engine.scenario import LayoutLimits
from engine.serve.load import Closed, Load
from engine.serve.memory.forward import ForwardFootprint, forward_memory_of
from engine.serve.outcome import Memory, Outcome
from engine.serve.passes.items import HOST, Item
from engine.serve.requests import Requests
from engine.serve.service import Part
from engine.serve.system import System
from engine.words.arrays import FloatArray, Row
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.forward.work import ForwardWork, Inventory
from engine.work.layout import Layout

PHASE = "batch"


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """One batch on one chip: arrays of the shape of ``batches``.

    ``latency`` is that of ``instances`` copies that run at once; ``chip`` the part that the chip
    computes for, the rest waits for the host.
    """

    inventory: Inventory
    batches: FloatArray
    instances: int
    latency: FloatArray
    chip: FloatArray

    def at(self, row: Row) -> ForwardPass:
        """The batch of one row alone: its items depend on nobody beside it."""
        place = tuple(
            slice(at, at + 1) if size > 1 else slice(None)
            for at, size in zip(row, self.batches.shape, strict=True)
        )
        return replace(
            self, batches=self.batches[place], latency=self.latency[place], chip=self.chip[place]
        )

    def items(self) -> tuple[Item, ...]:
        """What made the latency, and sums to it."""
        items = [_item(self.inventory, work, self.batches) for work in self.inventory.works]
        alone = sum((one.seconds for one in items), np.zeros(1))
        provenance = str(self.inventory.runtime.provenance)
        others = Item(
            "other instances", HOST, 1.0, self.chip - alone, 0.0, 0.0, 0.0, "compute", provenance
        )
        launches = float(self.inventory.launches)
        host = Item(
            "host", HOST, launches, self.latency - self.chip, 0.0, 0.0, 0.0, "launch", provenance
        )
        shown = [others] if self.instances > 1 else []
        return tuple(one for one in (*items, *shown, host) if np.any(one.seconds > 0))


def run_forward(inventory: Inventory, batches: FloatArray, instances: int = 1) -> ForwardPass:
    """Mean latency of ``batches`` (any shape) images each in ``instances`` copies that run at once.

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
    loading = runtime.loading_seconds * scale * batches * instances
    latency = np.maximum(np.maximum(single, launches), loading)
    latency = latency + runtime.batch_seconds + runtime.image_seconds * batches
    return ForwardPass(inventory, batches, instances, latency, single)


def _chip_seconds(inventory: Inventory, batches: FloatArray) -> FloatArray:
    flat = batches.ravel()
    total = np.zeros_like(flat)
    for work in inventory.works:
        total = total + _summed(kernel_seconds(work.at(flat), inventory.chip))
    return total.reshape(batches.shape)


def _summed(values: FloatArray) -> FloatArray:
    """The sum over kernels in their order. numpy adds up a single column in another one, and a
    batch alone must be the same as in company."""
    several = values.shape[-1] > 1
    total: FloatArray = values.sum(axis=0) if several else np.add.accumulate(values, axis=0)[-1]
    return total


def _item(inventory: Inventory, work: ForwardWork, batches: FloatArray) -> Item:
    """One family of kernels; its bound is that of the largest batch."""
    done = work.at(batches.ravel())
    parts = {
        "compute": float(compute_seconds(done, inventory.chip)[:, -1].sum()),
        "memory": float(memory_seconds(done, inventory.chip)[:, -1].sum()),
        "launch": launch_seconds(work.constants, inventory.chip) * len(work.names),
    }
    return Item(
        name=work.family.replace("_", " "),
        kernel=work.kernel,
        calls=float(len(work.names)),
        seconds=_summed(kernel_seconds(done, inventory.chip)).reshape(batches.shape),
        flops=float(work.image_flops.sum()) * batches,
        bytes=_summed(done.bytes).reshape(batches.shape),
        message_bytes=0.0,
        bound=max(parts, key=lambda bound: parts[bound]),
        provenance=str(work.constants.provenance),
        peak_flops=float(np.max(done.peak_flops)),
    )


class ForwardKind:
    """Models of one forward pass: the whole model on every chip. See `engine.serve.kinds.Kind`."""

    block_candidates = 1024
    waits = False
    answers_fallbacks = True

    def engine(self, chosen: Framework, chip: Chip, unserved: str) -> tuple[Framework, str]:
        """See `Kind.engine`: the chosen one, or a stand-in of the chip's vendor."""
        return forward_framework(chosen, chip, unserved)

    def arrangements(
        self, system: System, chips: int, limits: LayoutLimits
    ) -> tuple[Arrangement, ...]:
        """See `Kind.arrangements`: the whole model on every chip."""
        return (Aggregated(Layout(replicas=chips)),)

    def arrangement(self, limits: LayoutLimits, chips: int | None) -> Arrangement:
        """See `Kind.arrangement`."""
        return Aggregated(Layout(replicas=chips or 1))

    def fallbacks(self, system: System) -> tuple[str, ...]:
        """See `Kind.fallbacks`."""
        choice = choose_kernel(system.precision.weights, system.precision.activations, system.chip)
        return (choice.fallback,) if choice.fallback else ()

    def predict(
        self,
        system: System,
        arrangements: Sequence[Arrangement],
        requests: Requests,
        load: Load,
        sizes: FloatArray,
    ) -> Outcome:
        """See `Kind.predict`."""
        return predict_forward(system, arrangements, load, sizes)

    def largest(
        self, system: System, arrangements: Sequence[Arrangement], requests: Requests, load: Load
    ) -> FloatArray:
        """See `Kind.largest`."""
        return np.full((len(arrangements), 1), float(forward_footprint(system).largest_batch()))


def forward_footprint(system: System) -> ForwardFootprint:
    """Memory of the system's model on one chip."""
    return forward_memory_of(
        system.forward_model,
        system.precision,
        system.chip,
        system.engine,
        system.instances,
        system.forward_inventory.choice.activation_bytes,
    )


def predict_forward(
    system: System, arrangements: Sequence[Arrangement], load: Load, sizes: FloatArray
) -> Outcome:
    """The whole model on every chip; ``sizes`` are samples per batch, of shape (1, sizes) or
    (arrangements, sizes)."""
    usage = forward_footprint(system)
    made = run_forward(system.forward_inventory, sizes, system.instances)
    chips = np.array([[float(one.chips)] for one in arrangements])
    shape = np.broadcast_shapes(chips.shape, sizes.shape)
    busy = load.busy if isinstance(load, Closed) else 1.0
    per_chip = system.instances * sizes / made.latency
    column = np.ones_like(chips)
    return Outcome(
        arrangements=arrangements,
        sizes=sizes,
        chips=chips,
        seconds={"latency": np.broadcast_to(made.latency, shape)},
        rates={"samples": per_chip * chips * busy},
        memory=Memory(
            needed_bytes=np.broadcast_to(usage.needed(sizes), shape),
            capacity_bytes=usage.capacity_bytes * column,
            memory_size=usage.largest_batch() * column,
            scheduler_size=np.inf * column,
            context_fits=column > 0,
            cache_tokens=0.0 * column,
            cache_bytes=0.0 * column,
        ),
        say_parts=lambda: {"latency": (Part("batch", made.latency, PHASE),)},
        passes={PHASE: made},
        weigh=lambda row: usage.items(int(np.broadcast_to(sizes, shape)[row])),
    )
