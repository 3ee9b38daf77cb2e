"""From what a person chose to what is predicted: names become values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.hardware.builds import configured
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.forward_runtime import vision_framework
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.hardware.kernels import choose_kernel
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.kinds import ModelCategory
from engine.model.precision import Precision, parse_precision
from engine.model.served import served_precision
from engine.scenario import ClientKind, Mode, Scenario
from engine.serve.load import Client, Closed, Load, Static
from engine.serve.requests import Drafts, Requests
from engine.serve.system import System

_UNSERVED = {
    ModelCategory.VISION: "serves no vision models",
    ModelCategory.ENCODER: "is not described for text encoders",
}
"""What is said of an engine without figures for such a model."""


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads what a scenario names: by default whoever finds it in the files of today. Who
    resolves thousands of scenarios gives readers that remember."""

    model: Callable[..., LoadedModel] = load_architecture
    chip: Callable[[str], Chip] = load_chip
    framework: Callable[[str], Framework] = load_framework


FROM_FILES = Readers()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A scenario's names as values, before anyone asks how chips are used."""

    model: LoadedModel
    chip: Chip
    framework: Framework
    systems: tuple[System, ...]
    notes: tuple[str, ...]


def resolve(scenario: Scenario, readers: Readers = FROM_FILES) -> Resolved:
    """Model, chip, engine and precisions of a scenario; raises `InputError`."""
    model = scenario_model(scenario, readers)
    chip = readers.chip(scenario.chip)
    framework = readers.framework(scenario.framework)
    notes: tuple[str, ...] = ()
    architecture = model.architecture
    tokens = architecture if isinstance(architecture, Architecture) else None
    precisions = scenario_precisions(scenario, model.precision, tokens)
    if tokens is None:
        framework, note = vision_framework(framework, chip, _UNSERVED[model.kind])
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


def scenario_model(scenario: Scenario, readers: Readers = FROM_FILES) -> LoadedModel:
    """The scenario's model; raises `InputError`."""
    return readers.model(
        scenario.model,
        scenario.edits,
        assume=scenario.assume,
        revision=scenario.revision,
        resolution=scenario.workload.resolution,
        sequence=scenario.workload.sequence_tokens,
    )


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
        return Closed(busy=workload.utilisation)
    closed = Client(client.waves, client.spread, client.first_token)
    return Closed(closed, workload.utilisation)


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
