"""A scenario's names resolved once: model, chip, framework, precisions, layouts, inventories."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.hardware.kernels import choose_kernel, default_activations
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.precision import Precision, number_format, parse_precision
from engine.scenario import Scenario
from engine.serve.memory import Footprint, footprint
from engine.words.errors import InputError
from engine.work.layout import Layout
from engine.work.parallelism import legal_layouts
from engine.work.tokens import Inventory, LayoutArrays, take_inventory

if TYPE_CHECKING:
    from engine.model.forward.architecture import VisionArchitecture

LARGEST_BATCH = 32768
"""No batch beyond this is tried, whatever fits."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Names resolved: what a scenario's sweep works on."""

    model: LoadedModel
    chip: Chip
    framework: Framework
    precisions: tuple[Precision, ...]
    layouts: tuple[Layout, ...]
    inventories: tuple[Inventory, ...]
    """One per precision; empty for vision models."""
    notes: tuple[str, ...] = ()
    """What the chip or framework cannot do as asked, for vision models."""
    footprints: dict[tuple[int, tuple[Layout, ...], float], Footprint] = field(
        default_factory=dict, compare=False
    )

    @property
    def architecture(self) -> Architecture:
        """The language model; `InputError` for a vision model."""
        if not isinstance(self.model.architecture, Architecture):
            raise InputError(f"{self.model.name} is not a language model")
        return self.model.architecture

    @property
    def vision(self) -> VisionArchitecture:
        """The vision model; `InputError` for a language model."""
        if isinstance(self.model.architecture, Architecture):
            raise InputError(f"{self.model.name} is not a vision model")
        return self.model.architecture

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What the chip cannot do as asked, and what it does instead."""
        notes = [note for inventory in self.inventories for note in inventory.fallbacks]
        return tuple(dict.fromkeys([*self.notes, *notes]))

    def footprint(self, precision: int, layouts: tuple[Layout, ...], tokens: float) -> Footprint:
        """Memory of ``layouts`` at one precision for requests of ``tokens``; remembered."""
        key = (precision, layouts, tokens)
        if key not in self.footprints:
            self.footprints[key] = footprint(
                self.architecture,
                self.precisions[precision],
                self.chip,
                self.framework,
                LayoutArrays.of(layouts),
                tokens,
            )
        return self.footprints[key]


_PREPARED: OrderedDict[object, Prepared] = OrderedDict()
_PREPARED_MOST = 64
"""More than the single changes of a scenario that are tried at a time."""
_PREPARED_LOCK = threading.Lock()


def _key(scenario: Scenario) -> object:
    return repr(
        (
            scenario.model,
            scenario.edits,
            scenario.chip,
            scenario.chips,
            scenario.framework,
            scenario.weights,
            scenario.activations,
            scenario.kv,
            scenario.precisions,
            scenario.limits,
            scenario.assume,
            scenario.revision,
            scenario.workload.resolution,
        )
    )


def prepare(scenario: Scenario) -> Prepared:
    """Resolve a scenario's model, chip, framework, precisions and layouts.

    The last ones are remembered, for all threads. Raises `InputError` naming what is wrong.
    """
    key = _key(scenario)
    with _PREPARED_LOCK:
        if key in _PREPARED:
            _PREPARED.move_to_end(key)
            return _PREPARED[key]
    prepared = _resolve(scenario)
    with _PREPARED_LOCK:
        _PREPARED[key] = prepared
        while len(_PREPARED) > _PREPARED_MOST:
            _PREPARED.popitem(last=False)
    return prepared


def _resolve(scenario: Scenario) -> Prepared:
    model = load_architecture(
        scenario.model,
        scenario.edits,
        assume=scenario.assume,
        revision=scenario.revision,
        resolution=scenario.workload.resolution,
    )
    chip = load_chip(scenario.chip)
    framework = load_framework(scenario.framework)
    precisions = scenario_precisions(scenario, model.precision)
    if not isinstance(model.architecture, Architecture):
        return _resolve_vision(model, chip, framework, precisions, scenario.chips)
    layouts = legal_layouts(model.architecture, scenario.chips, chip.node_size, scenario.limits)
    inventories = tuple(
        take_inventory(model.architecture, precision, chip, framework) for precision in precisions
    )
    return Prepared(model, chip, framework, precisions, layouts, inventories)


def _resolve_vision(
    model: LoadedModel,
    chip: Chip,
    framework: Framework,
    precisions: tuple[Precision, ...],
    chips: int,
) -> Prepared:
    """Vision models run whole on every chip."""
    from engine.hardware.forward_runtime import vision_framework

    framework, note = vision_framework(framework, chip)
    choices = [choose_kernel(one.weights, one.activations, chip) for one in precisions]
    notes = tuple(text for text in (note, *(choice.fallback for choice in choices)) if text)
    layouts = (Layout(replicas=chips),)
    return Prepared(model, chip, framework, precisions, layouts, (), notes)


def scenario_precisions(scenario: Scenario, own: Precision) -> tuple[Precision, ...]:
    """The checkpoint's own precision with the scenario's overrides, then the further ones."""
    first = own
    if scenario.weights:
        weights = number_format(scenario.weights)
        changed = weights.name != own.weights.name
        activations = default_activations(weights) if changed else own.activations
        overrides = () if changed else own.overrides
        first = replace(first, weights=weights, activations=activations, overrides=overrides)
    if scenario.activations:
        first = replace(first, activations=number_format(scenario.activations))
    if scenario.kv:
        first = replace(first, kv=number_format(scenario.kv))
    further = [
        parse_precision(text, None if "KV" in text.upper() else first.kv.name)
        for text in scenario.precisions
    ]
    return tuple(dict.fromkeys([first, *further]))
