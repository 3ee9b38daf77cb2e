"""A scenario's names resolved once: model, chip, engine, precisions, arrangements."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.launch_table import LaunchTable
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, config_files
from engine.model.kinds import ModelKind
from engine.model.precision import Precision
from engine.scenario import ArrangementKind, Best, NameKind, Objectives, Scenario, Workload
from engine.serve.asked import load_of
from engine.serve.joining import apart
from engine.serve.kinds import kind_of
from engine.serve.load import Open
from engine.serve.resolve import resolve
from engine.serve.system import System
from engine.sources.files import user_path
from engine.sources.profile_files import BUNDLED, changed_at, own_files_changed_at
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Arrangement, given_pools

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
    chosen, usual = scenario.workload, Scenario()
    size = Workload(
        image_width=chosen.image_width,
        image_height=chosen.image_height,
        sequence_tokens=chosen.sequence_tokens,
        # At a rate there is a choice of how many replicas.
        rate=min(chosen.rate, 1.0),
    )
    same = replace(
        scenario,
        workload=size,
        objectives=Objectives(),
        max_batch=None,
        fixed_batch=None,
        benchmark_number=1,
        benchmark_kind=NameKind.THROUGHPUT,
        best=Best.THROUGHPUT,
        certainty=usual.certainty,
        counting=usual.counting,
        prices="",
        draft_tokens=0,
        drafts=usual.drafts,
        acceptance=None,
        kept=(),
    )
    own = own_files_changed_at("chips", "frameworks", "models")
    read = [scenario.model, *([scenario.draft] if scenario.draft else [])]
    named = [file for reference in read for file in config_files(user_path(reference))]
    return repr(same), own, tuple(changed_at(one) for one in named)


def prepare(scenario: Scenario) -> Prepared:
    """Resolve a scenario's model, chip, framework, precisions and arrangements.

    The last ones are remembered, for all threads. Raises `InputError` naming what is wrong.
    """
    key = _key(scenario)
    prepared = _remembered(key, lambda: _prepared(scenario))
    if not _searches_pools(prepared, scenario):
        return prepared
    asked = scenario.workload, scenario.objectives, scenario.certainty
    tried = scenario.max_batch, scenario.fixed_batch
    drafts = scenario.draft_tokens, scenario.drafts, scenario.acceptance, scenario.kept
    return _remembered((key, asked, tried, drafts), lambda: _with_pools(prepared, scenario))


def refuse_elsewhere(prepared: Prepared) -> None:
    """Raise `InputError` for an engine that does not run on the chip."""
    if kind_of(prepared.kind).waits and not runs_on(prepared.framework, prepared.chip):
        from engine.hardware.framework_profiles import current_engines

        others = [one.id for one in current_engines() if is_known_on(one, prepared.chip)]
        there = (
            say("expected one of {others}", others=", ".join(others))
            if others
            else say("nor does any other known")
        )
        raise InputError(
            say(
                "--framework {framework}: {framework_2} does not run on {chip}, {there}",
                framework=prepared.framework.id,
                framework_2=prepared.framework.name,
                chip=prepared.chip.name,
                there=there,
            )
        )
    for system in prepared.systems:
        _refuse_without_kernels(system)


def _refuse_without_kernels(system: System) -> None:
    """Raise `InputError` where the engine has no kernel for FP8 weights on the chip: not even one
    that widens them."""
    launch, weights = system.engine.launch, system.precision.weights
    lacking = launch.limits.without_fp8 if isinstance(launch, LaunchTable) else ()
    if weights.compute == "fp8" and system.chip.generation in lacking:
        raise InputError(
            say(
                "--precision {precision}: {framework} has no kernel for {weights} weights on "
                "{chip}, expected W16A16 or INT4 weights",
                precision=system.precision.name,
                framework=system.engine.name,
                weights=weights.name,
                chip=system.chip.name,
            )
        )


def runs_on(engine: Framework, chip: Chip) -> bool:
    """Whether an engine runs on a chip, as far as its profile says where it runs."""
    launch = engine.launch
    known = launch.limits.generations if isinstance(launch, LaunchTable) else ()
    return not known or chip.generation in known


def is_known_on(engine: Framework, chip: Chip) -> bool:
    """Whether an engine is known to run on a chip; a person's own is believed to."""
    if engine.origin != BUNDLED:
        return True
    return isinstance(engine.launch, LaunchTable) and runs_on(engine, chip)


def _remembered(key: object, make: Callable[[], Prepared]) -> Prepared:
    with _PREPARED_LOCK:
        if key in _PREPARED:
            _PREPARED.move_to_end(key)
            return _PREPARED[key]
    made = make()
    with _PREPARED_LOCK:
        _PREPARED[key] = made
        while len(_PREPARED) > _PREPARED_MOST:
            _PREPARED.popitem(last=False)
    return made


def _prepared(scenario: Scenario) -> Prepared:
    found = resolve(scenario)
    arrangements = _arrangements(scenario, found.systems[0])
    return Prepared(
        found.model, found.chip, found.framework, found.systems, arrangements, found.notes
    )


def _arrangements(scenario: Scenario, system: System) -> tuple[Arrangement, ...]:
    """What does not depend on loads and objectives: replicas of every legal layout, and pools that
    are spelt out."""
    kind, given = kind_of(system.model.kind), None
    if system.model.kind is ModelKind.TOKENS:
        given = given_pools(scenario.pools)
        if scenario.arrangement is ArrangementKind.DISAGGREGATED:
            return (given,) if given is not None else ()
    together = kind.arrangements(system, scenario.chips, scenario.limits)
    if isinstance(load_of(scenario), Open) and kind.waits:
        # At a rate there is a choice of how many replicas.
        together = tuple(fewer for one in together for fewer in one.with_fewer_replicas())
    return together if given is None else (*together, given)


def _searches_pools(prepared: Prepared, scenario: Scenario) -> bool:
    """Whether pools are compared that nobody spelt out."""
    if prepared.kind is not ModelKind.TOKENS or scenario.pools.given:
        return False
    if scenario.arrangement is ArrangementKind.AGGREGATED:
        return False
    return not apart(prepared.systems[0], scenario.chips)


def _with_pools(prepared: Prepared, scenario: Scenario) -> Prepared:
    """With the pools that are worth a look under the scenario's load and objectives."""
    from engine.plan.pools import worthwhile_pools
    from engine.plan.ranges.certainty import stricter
    from engine.plan.ranges.of_system import accuracy_of_system

    known = accuracy_of_system(prepared.systems[0], scenario.workload, pools=True)
    strict = stricter(scenario.objectives, known, scenario.certainty)
    try:
        pools = worthwhile_pools(prepared.systems[0], replace(scenario, objectives=strict))
    except InputError as error:
        if scenario.arrangement is ArrangementKind.DISAGGREGATED:
            raise
        return replace(prepared, notes=(*prepared.notes, say("No pools: {error}", error=error)))
    return replace(prepared, arrangements=(*prepared.arrangements, *pools))


def prepare_on(scenario: Scenario, arrangement: Arrangement) -> Prepared:
    """A scenario resolved for one arrangement that is given; raises `InputError`."""
    found = resolve(scenario)
    systems, used = found.systems, (arrangement,)
    return Prepared(found.model, found.chip, found.framework, systems, used, found.notes)
