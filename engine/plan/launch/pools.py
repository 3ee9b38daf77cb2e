"""The workers of an arrangement by their roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.hardware.launch_table import fields_in
from engine.plan.launch.fields import Worker
from engine.plan.launch.process import Role
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class Pool:
    """The workers of one role, each of which starts ``copies`` of its model by itself."""

    role: Role
    worker: Worker
    workers: int
    copies: int = 1


def pools_of(arrangement: Arrangement, batch: int, devices: int) -> tuple[Pool, ...]:
    """The pools of an arrangement, their layouts in devices as engines count them."""

    def layout(one: Layout) -> Layout:
        expert = one.expert * devices if one.expert > 1 else 1
        return replace(one, tensor=one.tensor * devices, expert=expert, replicas=1)

    if isinstance(arrangement, Aggregated):
        worker = Worker(layout(arrangement.layout), batch)
        return (Pool(Role.SERVER, worker, arrangement.replicas),)
    return tuple(
        Pool(role, Worker(layout(pool.layout), -(-batch // pool.workers), role), pool.workers)
        for role, pool in (
            (Role.PREFILL, arrangement.prefill),
            (Role.DECODE, arrangement.decode),
        )
    )


def starts_replicas(flags: Iterable[str]) -> bool:
    """Whether an engine with such flags starts copies of a model by itself."""
    return any("replicas" in fields_in(text) for text in flags)


def together(pools: tuple[Pool, ...], server: int) -> tuple[Pool, ...]:
    """Replicas that fit on one node of ``server`` devices as one worker."""
    (first, *others) = pools
    devices = first.worker.layout.chips_per_replica * first.workers
    if others or first.workers == 1 or devices > server:
        return pools
    return (replace(first, workers=1, copies=first.workers),)
