"""What a pass is made of: the items that sum to its seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.roofline import Message, Work, kernel_bound, message_constants
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.overlap import Timed, halved, overlapped, splits, total_seconds
from engine.serve.passes.timed import (
    launching_seconds,
    one_batch,
    order_of_turns,
    runtime_seconds,
)
from engine.words.arrays import FloatArray
from engine.work.tokens import Step

HOST = "host"
"""The kernel class of what is not a kernel: the engine's own cost around a pass."""


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a pass: one class of kernels or collectives, or the engine's own cost.

    ``seconds``, ``flops``, ``bytes`` and ``message_bytes`` are of all ``calls`` together, arrays
    of (layouts, sizes). ``bound`` is the largest part of the seconds: ``compute``, ``memory``,
    ``link`` or ``launch``. ``peak_flops`` is the dense rate of the type it computes in, 0 for what
    computes nothing.
    """

    name: str
    kernel: str
    calls: FloatArray | float
    seconds: FloatArray
    flops: FloatArray | float
    bytes: FloatArray | float
    message_bytes: FloatArray | float
    bound: str
    provenance: str
    peak_flops: float = 0.0


def items_of(deployment: Deployment, steps: Sequence[Step]) -> tuple[Item, ...]:
    """What made the seconds of a pass, and sums to them."""
    parts = list(_parts(deployment, steps))
    launching = launching_seconds(deployment, steps)
    kernels = sum((seconds for _, seconds in parts), np.zeros(1))
    items = [_item(deployment, part, seconds) for part, seconds in parts]
    waited = np.maximum(launching - kernels, 0.0)
    items.append(_host_item(deployment, "waiting for launches", waited))
    around = runtime_seconds(deployment, steps)
    items.append(_host_item(deployment, "scheduler and sampler", around))
    return tuple(one for one in items if np.any(one.seconds > 0))


def _parts(deployment: Deployment, steps: Sequence[Step]) -> Iterator[Timed]:
    """Every kernel and collective of a pass, with the seconds of all its calls."""
    plain = one_batch(deployment, steps)
    if not len(deployment.taking_turns) or not np.any(splits(steps)):
        yield from plain
        return
    where = np.zeros((len(deployment.layouts.tensor), 1), dtype=bool)
    where[deployment.taking_turns] = True
    where = where & splits(steps)
    whole = tuple(plain)
    order = order_of_turns(deployment, steps)
    halves = tuple(one_batch(deployment, halved(steps), order.cores))
    turns = tuple(overlapped(halves, order))
    # Passes too short to gain by it stay whole.
    where = where & (total_seconds(turns) < total_seconds(whole))
    # The same kernels in the same order, so that each layout takes its own way.
    for (part, seconds), (_, each) in zip(whole, turns, strict=True):
        yield part, np.where(where, each, seconds)


def _item(deployment: Deployment, part: Work | Message, seconds: FloatArray) -> Item:
    if isinstance(part, Work):
        return Item(
            name=part.name,
            kernel=part.kernel,
            calls=part.calls,
            seconds=seconds,
            flops=part.calls * part.flops,
            bytes=part.calls * part.bytes,
            message_bytes=0.0,
            bound=kernel_bound(part, deployment.chip),
            provenance=str(part.constants.provenance),
            peak_flops=part.peak_flops,
        )
    constants = message_constants(part, deployment.chip)
    return Item(
        name=part.name,
        kernel=part.kind,
        calls=part.times,
        seconds=seconds,
        flops=0.0,
        bytes=0.0,
        message_bytes=part.times * part.bytes,
        bound="link",
        provenance=str(constants.provenance if constants else deployment.chip.provenance),
    )


def _host_item(deployment: Deployment, name: str, seconds: FloatArray) -> Item:
    provenance = str(deployment.framework.provenance)
    return Item(name, HOST, 1.0, seconds, 0.0, 0.0, 0.0, "launch", provenance)
