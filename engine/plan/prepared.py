"""A scenario's names resolved once: model, chip, engine, precisions, arrangements."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import cached_property

from engine.hardware.builds import configured
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.forward_runtime import vision_framework
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.hardware.kernels import choose_kernel
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.forward.architecture import VisionArchitecture
from engine.model.kinds import ModelKind
from engine.model.precision import Precision, parse_precision
from engine.model.served import served_precision
from engine.scenario import ClientKind, Mode, Objectives, Scenario, Workload
from engine.serve.load import Client, Closed, Load, Static
from engine.serve.requests import Drafts, Requests
from engine.serve.system import System
from engine.sources.files import user_path
from engine.sources.profile_files import changed_at, own_files_changed_at
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.layout import Layout
from engine.work.parallelism import legal_layouts

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
    def vision(self) -> VisionArchitecture:
        """The model, where it is one of a single forward pass."""
        return self.systems[0].forward_model

    def system(self, precision: Precision) -> System:
        """The system of one of the precisions."""
        return self.systems[self.precisions.index(precision)]

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What the chip cannot do as asked, and what it does instead."""
        if self.kind is not ModelKind.TOKENS:
            return self.notes
        notes = [note for system in self.systems for note in system.inventory.fallbacks]
        return tuple(dict.fromkeys([*self.notes, *notes]))


def requests_of(scenario: Scenario) -> Requests:
    """What the scenario's requests look like."""
    workload = scenario.workload
    return Requests(
        float(workload.input_tokens),
        float(workload.output_tokens),
        workload.cached,
        Drafts(scenario.draft_tokens, scenario.acceptance),
    )


def load_of(scenario: Scenario) -> Load:
    """How they arrive."""
    workload = scenario.workload
    if workload.mode is Mode.STATIC:
        return Static()
    client = workload.client
    if client.kind is ClientKind.STEADY:
        return Closed()
    return Closed(Client(client.waves, client.spread, client.first_token))


_PREPARED: OrderedDict[object, Prepared] = OrderedDict()
_PREPARED_MOST = 64
"""More than the single changes of a scenario that are tried at a time."""
_PREPARED_LOCK = threading.Lock()


def _key(scenario: Scenario) -> object:
    """What of a scenario decides what it resolves to (all but what requests, objectives and
    searches are), and the files that were read for it."""
    chosen = scenario.workload
    resolution = Workload(image_width=chosen.image_width, image_height=chosen.image_height)
    same = replace(
        scenario,
        workload=resolution,
        objectives=Objectives(),
        max_batch=None,
        draft_tokens=0,
        acceptance=0.0,
    )
    own = own_files_changed_at("chips", "frameworks", "models")
    return repr(same), own, changed_at(user_path(scenario.model))


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
    prepared = Prepared(
        found.model,
        found.chip,
        found.framework,
        found.systems,
        _arrangements(scenario, found),
        found.notes,
    )
    with _PREPARED_LOCK:
        _PREPARED[key] = prepared
        while len(_PREPARED) > _PREPARED_MOST:
            _PREPARED.popitem(last=False)
    return prepared


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scenario's names as values, before anyone asks how chips are used."""

    model: LoadedModel
    chip: Chip
    framework: Framework
    systems: tuple[System, ...]
    notes: tuple[str, ...]


def resolve(scenario: Scenario) -> Resolved:
    """Model, chip, engine and precisions of a scenario; raises `InputError`."""
    model = load_architecture(
        scenario.model,
        scenario.edits,
        assume=scenario.assume,
        revision=scenario.revision,
        resolution=scenario.workload.resolution,
    )
    chip = load_chip(scenario.chip)
    framework = load_framework(scenario.framework)
    notes: tuple[str, ...] = ()
    architecture = model.architecture
    tokens = architecture if isinstance(architecture, Architecture) else None
    precisions = scenario_precisions(scenario, model.precision, tokens)
    if tokens is None:
        framework, note = vision_framework(framework, chip)
        choices = (choose_kernel(one.weights, one.activations, chip) for one in precisions)
        notes = tuple(text for text in (note, *(one.fallback for one in choices)) if text)
    framework = configured(framework, chip, scenario.settings)
    own = tokens.maximum_positions if tokens is not None else 0
    systems = tuple(
        System(
            architecture,
            one,
            chip,
            framework,
            scenario.load_imbalance,
            scenario.settings.max_context or own,
            scenario.instances,
        )
        for one in precisions
    )
    return Resolved(model, chip, framework, systems, notes)


def _arrangements(scenario: Scenario, resolved: Resolved) -> tuple[Arrangement, ...]:
    """Every arrangement to choose from: forward models run whole on every chip."""
    architecture = resolved.model.architecture
    if not isinstance(architecture, Architecture):
        return (Aggregated(Layout(replicas=scenario.chips)),)
    node = resolved.chip.node_size
    layouts = legal_layouts(architecture, scenario.chips, node, scenario.limits)
    return tuple(Aggregated(layout) for layout in layouts)


def scenario_precisions(
    scenario: Scenario, own: Precision, architecture: Architecture | None
) -> tuple[Precision, ...]:
    """The checkpoint's own precision with the scenario's changes, then the further ones."""
    first = served_precision(own, architecture, scenario.weights, scenario.activations, scenario.kv)
    further = []
    for text in scenario.precisions:
        asked = parse_precision(text, None if "KV" in text.upper() else first.kv.name)
        further.append(
            served_precision(
                own, architecture, asked.weights.name, asked.activations.name, asked.kv.name
            )
        )
    return tuple(dict.fromkeys([first, *further]))
