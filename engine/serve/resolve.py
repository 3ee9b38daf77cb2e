"""From what a person chose to what is predicted: names become values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.hardware.builds import configured
from engine.hardware.chip import Chip
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework import Framework
from engine.hardware.framework_profiles import load_framework
from engine.model.architecture import Architecture
from engine.model.config import LoadedModel, load_architecture
from engine.model.draft import Draft, draft_of
from engine.model.kinds import ModelCategory, ModelKind
from engine.model.precision import Precision, parse_cache, parse_precision
from engine.model.served import served_precision
from engine.scenario import ArrangementKind, Scenario
from engine.serve.images import images_of
from engine.serve.joining import apart, refuse_apart, with_prefill
from engine.serve.kinds import kind_of
from engine.serve.notes import cache_note, context_note, image_note, model_notes, refused_note
from engine.serve.system import System
from engine.words.errors import InputError
from engine.words.messages import say

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture


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
    architecture = model.architecture
    _refuse_untimed(model)
    images_of(scenario.workload, architecture)
    kind = kind_of(architecture.kind)
    unserved = _UNSERVED.get(model.kind, "")
    framework, note = kind.engine(readers.framework(scenario.framework), chip, unserved)
    towers = _tower_size(architecture) if isinstance(architecture, Architecture) else 0.0
    framework = configured(framework, chip, scenario.settings, scenario.chips, towers)
    systems = tuple(
        System(
            architecture,
            precision,
            chip,
            framework,
            scenario.load_imbalance,
            scenario.settings.max_context or architecture.maximum_positions,
            scenario.instances,
            _draft(scenario, architecture, precision, readers),
            told_context=scenario.settings.max_context or 0,
        )
        for precision in scenario_precisions(
            scenario, model.precision, architecture, chip.generation
        )
    )
    pools = ""
    if architecture.kind is ModelKind.TOKENS and scenario.arrangement in _APART:
        systems = tuple(_with_pools(scenario, one, model, readers) for one in systems)
        pools = _pools_note(scenario, systems)
    told = systems if kind.answers_fallbacks else ()
    fallbacks = (text for one in told for text in kind.fallbacks(one))
    cached = cache_note(scenario, architecture.kind, framework)
    longer = context_note(scenario, architecture)
    refused = refused_note(scenario, architecture, systems[0].max_context)
    seeing = image_note(scenario, architecture)
    beside = [note, cached, longer, refused, pools, seeing]
    notes = dict.fromkeys([*beside, *model_notes(model), *fallbacks])
    return Resolved(model, chip, framework, systems, tuple(text for text in notes if text))


def _tower_size(architecture: Architecture) -> float:
    """Layers times hidden squared of a model's towers, of which a layer holds about twelve where
    they are not described."""
    images = architecture.images
    if images is not None:
        return float(images.layer_count * images.hidden_size**2)
    return architecture.tower_parameters / PARAMETERS_OF_A_LAYER


def _draft(
    scenario: Scenario,
    architecture: Architecture | ForwardArchitecture,
    precision: Precision,
    readers: Readers,
) -> Draft | None:
    """What was named to draft tokens; None where nothing was."""
    if not scenario.draft or not isinstance(architecture, Architecture):
        return None
    return draft_of(scenario.draft, architecture, precision, readers.model)


PARAMETERS_OF_A_LAYER = 12.0
"""Over the hidden size squared: four of attention, eight of a feed-forward layer."""
_APART = (ArrangementKind.DISAGGREGATED, ArrangementKind.ANY)


def _with_pools(scenario: Scenario, system: System, model: LoadedModel, readers: Readers) -> System:
    """A system with the chip and the precision that the prefill pool has of its own."""
    choice = scenario.pools
    if choice.prefill_chip and scenario.arrangement is ArrangementKind.ANY:
        raise InputError(
            say("--prefill-chip: pools of unlike chips, expected --arrangement disaggregated")
        )
    chip = readers.chip(choice.prefill_chip) if choice.prefill_chip else None
    engine = system.engine
    if chip is not None:
        engine = configured(readers.framework(scenario.framework), chip, scenario.settings)
    precision = None
    if choice.prefill_precision:
        precision = _of_prefill(scenario, system, model, (chip or system.chip).generation)
    return with_prefill(system, chip, engine, precision)


def _of_prefill(
    scenario: Scenario, system: System, model: LoadedModel, generation: str
) -> Precision:
    """Of the prefill pool; a cache alone (``KV8``) goes with the other pool's weights."""
    text = scenario.pools.prefill_precision
    cache = parse_cache(text)
    if cache is not None:
        return replace(system.precision, kv=cache)
    asked = parse_precision(text, None if "KV" in text.upper() else system.precision.kv.name)
    names = asked.weights.name, asked.activations.name, asked.kv.name
    return served_precision(model.precision, system.tokens_model, *names, generation)


def _pools_note(scenario: Scenario, systems: tuple[System, ...]) -> str:
    """Why there are no pools among the arrangements, where any will do; raises `InputError` where
    nothing but pools was asked for."""
    if scenario.arrangement is ArrangementKind.DISAGGREGATED:
        for one in systems:
            refuse_apart(one, scenario.chips)
    reason = apart(systems[0], scenario.chips)
    return say("No pools: {reason}", reason=reason) if reason else ""


def _refuse_untimed(model: LoadedModel) -> None:
    """A draft works on hidden states of its target: nothing is served by it alone. Blocks of text
    that are denoised take as many passes as the sampler likes."""
    architecture = model.architecture
    if isinstance(architecture, Architecture) and architecture.denoises:
        raise InputError(
            say(
                "{model}: found a language model that denoises blocks of text in "
                "many passes (diffusion), whose times are not predicted; expected "
                "one that generates token after token (`rooftop model` tells its "
                "weights)",
                model=model.name,
            )
        )
    if isinstance(architecture, Architecture) and architecture.draft:
        raise InputError(
            say(
                "{model}: found {draft}, which serves nothing by itself; expected "
                "the model that it speculates for",
                model=model.name,
                draft=architecture.draft,
            )
        )


def scenario_model(scenario: Scenario, readers: Readers = FROM_FILES) -> LoadedModel:
    """The scenario's model; raises `InputError`."""
    return readers.model(
        scenario.model,
        scenario.edits,
        assume=scenario.assume,
        revision=scenario.revision,
        resolution=scenario.workload.resolution,
        sequence=scenario.workload.sequence_tokens,
        task=scenario.task,
    )


def scenario_precisions(
    scenario: Scenario,
    own: Precision,
    architecture: Architecture | ForwardArchitecture,
    generation: str = "",
) -> tuple[Precision, ...]:
    """The checkpoint's own precision with the scenario's changes on chips of a ``generation``, then
    the further ones; one that names a cache alone (``KV8``) is the first with that cache."""
    chosen = (scenario.weights, scenario.activations)
    first = served_precision(own, architecture, *chosen, scenario.kv, generation)
    further = []
    for text in scenario.precisions:
        cache = parse_cache(text)
        if cache is not None:
            further.append(served_precision(own, architecture, *chosen, cache.name, generation))
            continue
        asked = parse_precision(text, None if "KV" in text.upper() else first.kv.name)
        names = asked.weights.name, asked.activations.name, asked.kv.name
        further.append(served_precision(own, architecture, *names, generation))
    return tuple(dict.fromkeys([first, *further]))
