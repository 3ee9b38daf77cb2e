"""The workers of an arrangement by their roles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from engine.hardware.launch_table import fields_in
from engine.plan.launch.fields import Worker
from engine.plan.launch.process import Role
from engine.serve.system import System
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class Pool:
    """The workers of one role on their ``system``, each of which starts ``copies`` of its model by
    itself."""

    role: Role
    system: System
    worker: Worker
    workers: int
    copies: int = 1

    @property
    def server(self) -> int:
        """Devices of one node."""
        return self.system.chip.server_chips * self.system.chip.devices


def pools_of(arrangement: Arrangement, batch: int, system: System) -> tuple[Pool, ...]:
    """The pools of an arrangement, their layouts in devices as engines count them."""
    if isinstance(arrangement, Aggregated):
        worker = Worker(_in_devices(arrangement.layout, system), batch)
        return (Pool(Role.SERVER, system, worker, arrangement.replicas),)
    return tuple(
        Pool(
            role,
            serving,
            Worker(_in_devices(pool.layout, serving), -(-batch // pool.workers), role),
            pool.workers,
        )
        for role, pool, serving in (
            (Role.PREFILL, arrangement.prefill, system.prefilling),
            (Role.DECODE, arrangement.decode, system),
        )
    )


def _in_devices(layout: Layout, system: System) -> Layout:
    devices = system.chip.devices
    expert = layout.expert * devices if layout.expert > 1 else 1
    return replace(layout, tensor=layout.tensor * devices, expert=expert, replicas=1)


def starts_replicas(flags: Iterable[str]) -> bool:
    """Whether an engine with such flags starts copies of a model by itself."""
    return any("replicas" in fields_in(text) for text in flags)


def together(pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
    """Replicas that fit on one node as one worker."""
    (first, *others) = pools
    devices = first.worker.layout.chips_per_replica * first.workers
    if others or first.workers == 1 or devices > first.server:
        return pools
    return (replace(first, workers=1, copies=first.workers),)
