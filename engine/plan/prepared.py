"""A scenario's names resolved once: model, chip, engine, precisions, arrangements."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, config_files
from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.scenario import Best, Objectives, Scenario, Workload
from engine.serve.kinds import kind_of
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.sources.files import user_path
from engine.sources.profile_files import changed_at, own_files_changed_at
from engine.work.arrangement import Arrangement

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture

LARGEST_BATCH = 32768
"""No batch beyond this is tried, whatever fits."""


@dataclass(frozen=True)
class Prepared:
    """Names resolved: what a scenario's sweep works on.

    ``systems`` has one entry per precision, the checkpoint's own (with what the scenario changes of
    it) first.
    """

    model: LoadedModel
    chip: Chip
    framework: Framework
    systems: tuple[System, ...]
    arrangements: tuple[Arrangement, ...]
    notes: tuple[str, ...] = ()
    """What the chip or framework cannot do as asked, for forward models."""

    @property
    def kind(self) -> ModelKind:
        """What the model does with a request."""
        return self.model.architecture.kind

    @cached_property
    def precisions(self) -> tuple[Precision, ...]:
        """The precision of every system."""
        return tuple(system.precision for system in self.systems)

    @property
    def architecture(self) -> Architecture:
        """The model, where it is one of tokens."""
        return self.systems[0].tokens_model

    @property
    def forward_model(self) -> ForwardArchitecture:
        """The model, where it is one of a single forward pass."""
        return self.systems[0].forward_model

    @property
    def samples(self) -> str:
        """What a forward model counts per second; empty for models of tokens."""
        return self.forward_model.samples if self.kind is ModelKind.FORWARD else ""

    def system(self, precision: Precision) -> System:
        """The system of one of the precisions."""
        return self.systems[self.precisions.index(precision)]

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What engine or chip cannot do as asked, and what they do instead."""
        kind = kind_of(self.kind)
        found = [note for system in self.systems for note in kind.fallbacks(system)]
        return tuple(dict.fromkeys([*self.notes, *found]))


_PREPARED: OrderedDict[object, Prepared] = OrderedDict()
_PREPARED_MOST = 64
"""More than the single changes of a scenario that are tried at a time."""
_PREPARED_LOCK = threading.Lock()


def _key(scenario: Scenario) -> object:
    """What of a scenario decides what it resolves to (all but what requests, objectives and
    searches are), and the files that were read for it."""
    chosen = scenario.workload
    size = Workload(
        image_width=chosen.image_width,
        image_height=chosen.image_height,
        sequence_tokens=chosen.sequence_tokens,
    )
    same = replace(
        scenario,
        workload=size,
        objectives=Objectives(),
        max_batch=None,
        fixed_batch=None,
        benchmark_number=1,
        best=Best.THROUGHPUT,
        prices="",
        draft_tokens=0,
        acceptance=0.0,
    )
    own = own_files_changed_at("chips", "frameworks", "models")
    named = config_files(user_path(scenario.model))
    return repr(same), own, tuple(changed_at(one) for one in named)


def prepare(scenario: Scenario) -> Prepared:
    """Resolve a scenario's model, chip, framework, precisions and arrangements.

    The last ones are remembered, for all threads. Raises `InputError` naming what is wrong.
    """
    key = _key(scenario)
    with _PREPARED_LOCK:
        if key in _PREPARED:
            _PREPARED.move_to_end(key)
            return _PREPARED[key]
    found = resolve(scenario)
    architecture = found.model.architecture
    prepared = Prepared(
        found.model,
        found.chip,
        found.framework,
        found.systems,
        kind_of(architecture.kind).arrangements(found.systems[0], scenario.chips, scenario.limits),
        found.notes,
    )
    with _PREPARED_LOCK:
        _PREPARED[key] = prepared
        while len(_PREPARED) > _PREPARED_MOST:
            _PREPARED.popitem(last=False)
    return prepared


def prepare_on(scenario: Scenario, arrangement: Arrangement) -> Prepared:
    """A scenario resolved for one arrangement that is given; raises `InputError`."""
    found = resolve(scenario)
    systems, used = found.systems, (arrangement,)
    return Prepared(found.model, found.chip, found.framework, systems, used, found.notes)
