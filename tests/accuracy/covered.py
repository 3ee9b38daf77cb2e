"""What runs of some groups exist of, as ranges ask for it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.evidence.measured.eras import GENERIC
from engine.hardware.framework_profiles import framework_ids
from engine.plan.ranges.covered import Covered, dimensions, engine_on_generation, formats_of
from tests.accuracy.constants import lineage
from tests.accuracy.measured import Group


@dataclass(frozen=True, slots=True)
class Facts:
    """What a group's runs are of; ``on_generation`` and ``formats`` are empty for the engine that
    stands for unknown ones."""

    model: str
    chip: str
    generation: str
    framework: str
    on_generation: str
    formats: str


def facts_of(group: Group) -> Facts:
    """What a group is counted by."""
    system = group.system
    framework = system.engine.id
    engine = lineage(framework)[-1]
    known = framework != GENERIC
    return Facts(
        dimensions(system.tokens_model),
        system.chip.id,
        system.chip.generation,
        framework if known else "",
        engine_on_generation(system, engine) if known else "",
        formats_of(system, engine) if known else "",
    )


def covered_of(facts: Iterable[Facts]) -> Covered:
    """What runs exist of; those of a profile stand for those it is based on."""
    known = list(facts)
    measured = {one.framework for one in known if one.framework}
    engines = {lineage(one)[-1] for one in measured}
    profiles = {*framework_ids(), *measured}
    return Covered(
        chips=frozenset(one.chip for one in known),
        pairs=frozenset(
            f"{one.chip}/{profile}"
            for one in known
            if one.framework
            for profile in lineage(one.framework)
        ),
        models=frozenset(one.model for one in known),
        model_chips=frozenset(f"{one.model}/{one.chip}" for one in known),
        generations=_models({(one.generation, one.model) for one in known}),
        engines=_models({(one.on_generation, one.model) for one in known}),
        formats=_models({(one.formats, one.model) for one in known}),
        builds={one: lineage(one)[-1] for one in sorted(profiles) if lineage(one)[-1] in engines},
    )


def _models(found: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Of how many models each is."""
    counts: dict[str, int] = {}
    for name, _ in sorted(found):
        if name:
            counts[name] = counts.get(name, 0) + 1
    return counts


def as_document(covered: Covered, vision_chips: Iterable[str]) -> dict[str, Any]:
    """As ``ranges.toml`` has it."""
    return {
        "chips": sorted(covered.chips),
        "pairs": sorted(covered.pairs),
        "models": sorted(covered.models),
        "model_chips": sorted(covered.model_chips),
        "vision_chips": sorted(vision_chips),
        "generations": dict(covered.generations),
        "engines": dict(covered.engines),
        "formats": dict(covered.formats),
        "builds": dict(covered.builds),
    }
