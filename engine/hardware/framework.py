"""Serving frameworks (engines) as data: what they cost, how they schedule, what they can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any

from engine.hardware.chip import Deviation, KernelConstants, LinkDeviation, Provenance
from engine.hardware.constants import Declared, declared_fields
from engine.hardware.launch_table import Launch
from engine.hardware.parts.builds import Builds
from engine.hardware.parts.capabilities import Capabilities
from engine.hardware.parts.costs import Costs
from engine.hardware.parts.drafting import Drafting
from engine.hardware.parts.forward import ForwardRuntime
from engine.hardware.parts.memory import CachePolicy, MemoryPolicy, WeightPolicy
from engine.hardware.parts.scheduler import Scheduler

ANY = "any"
"""Every engine that runs on a chip."""


@dataclass(frozen=True, slots=True)
class Era:
    """Builds below a number, of days before another: the ``constants`` in which they differed from
    the newest, by field name."""

    below: tuple[int, ...]
    until: date
    constants: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Framework:
    """One engine.

    ``kernels`` overrides or adds kernel constants of a chip generation, keyed ``generation/kernel
    class``; ``deviations`` say where its kernels differ on every chip, by kernel class or family;
    ``links`` where its collectives do, keyed ``chip/rank count``.
    ``launch`` is how its command is written. ``forward`` is None where it serves language models
    only. ``eras`` are those of its memory, oldest first.
    """

    id: str
    name: str
    version: str
    costs: Costs
    scheduler: Scheduler
    memory: MemoryPolicy
    cache: CachePolicy
    storage: WeightPolicy
    capabilities: Capabilities
    builds: Builds
    drafting: Drafting
    provenance: Provenance
    sources: tuple[str, ...]
    launch: Launch
    kernels: Mapping[str, KernelConstants]
    deviations: Mapping[str, Deviation] = field(default_factory=dict)
    links: Mapping[str, LinkDeviation] = field(default_factory=dict)
    forward: ForwardRuntime | None = None
    eras: tuple[Era, ...] = ()
    origin: str = "bundled"

    def links_on(self, chip: str) -> dict[int, LinkDeviation]:
        """How collectives differ on the chip of that id, by rank count."""
        scope = f"{chip}/"
        mine = [key for key in self.links if key.startswith(scope)]
        return {int(key.removeprefix(scope)): self.links[key] for key in mine}

    def changed(self, **constants: Any) -> Framework:
        """The same engine with other values of some constants, by their field names."""
        own = {name: constants.pop(name) for name in _OWN & constants.keys()}
        for name, kind in PARTS.items():
            named = {one.name for one in fields(kind)} & constants.keys()
            if named:
                given = {one: constants.pop(one) for one in named}
                own[name] = replace(getattr(self, name), **given)
        if constants:
            raise TypeError(f"no constants of an engine: {', '.join(sorted(constants))}")
        return replace(self, **own)


PARTS: Mapping[str, type[Any]] = {
    "costs": Costs,
    "scheduler": Scheduler,
    "memory": MemoryPolicy,
    "cache": CachePolicy,
    "storage": WeightPolicy,
    "capabilities": Capabilities,
    "builds": Builds,
    "drafting": Drafting,
}
"""The parts of a framework that its file writes flat, by the name of the field."""
CONSTANTS: Mapping[str, tuple[str, Declared]] = {
    declared.key: (one.name, declared)
    for part in PARTS.values()
    for one, declared in declared_fields(part)
}
"""Every constant by its key: the field that holds it, and how files write it."""
_OWN = {one.name for one in fields(Framework)} - PARTS.keys()
