"""What published runs exist of: how far a question is from them is how far off its answer may be.

A group of runs is counted by its models: those of a generation of chips, of an engine on it, and of
kernels of some formats by that engine on it. Builds of an engine count as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.model.architecture import Architecture
from engine.serve.system import System
from engine.sources.profile_files import read_toml
from engine.work.tokens import Inventory
from profiles import ROOT

RANGES = ROOT / "accuracy" / "ranges.toml"


@dataclass(frozen=True, slots=True)
class Covered:
    """What runs exist of.

    ``pairs`` are ``chip/framework``, ``models`` their `dimensions`, ``model_chips``
    ``dimensions/chip``; ``generations``, ``engines`` (``generation/engine``) and ``formats``
    (``generation/engine/kernel``) say of how many models; ``builds`` names the engine that a
    profile with runs of its engine is a build of. ``vision_chips`` are those of models of one
    forward pass, all others of language models.
    """

    chips: frozenset[str]
    pairs: frozenset[str]
    models: frozenset[str]
    model_chips: frozenset[str]
    generations: Mapping[str, int]
    engines: Mapping[str, int]
    formats: Mapping[str, int]
    builds: Mapping[str, str]
    vision_chips: frozenset[str] = frozenset()


def dimensions(model: Architecture) -> str:
    """What models of the same dimensions have in common, whatever they were trained for."""
    return f"{model.layer_count}x{model.hidden_size}x{model.vocabulary_size}"


def formats_kernel(inventory: Inventory) -> str:
    """The kernel that stands for a model's formats: of its experts, else of its first matrix."""
    return inventory.banks[0].kernel if inventory.banks else inventory.gemms[0].kernel


def engine_on_generation(system: System, engine: str) -> str:
    """By what runs of an engine on a generation are counted."""
    return f"{system.chip.generation}/{engine}"


def formats_of(system: System, engine: str) -> str:
    """By what runs of the formats of a system are counted."""
    return f"{engine_on_generation(system, engine)}/{formats_kernel(system.inventory)}"


@cache
def ranges_file() -> dict[str, Any]:
    """``profiles/accuracy/ranges.toml``."""
    return read_toml(RANGES)


@cache
def covered() -> Covered:
    """What published runs exist of."""
    names: dict[str, Any] = {
        name: frozenset(values) if isinstance(values, list) else values
        for name, values in ranges_file()["covered"].items()
    }
    return Covered(**names)


def published_runs(chip: str) -> str:
    """Of which models runs on a chip have been published, in a word."""
    language, vision = chip in covered().chips, chip in covered().vision_chips
    if language and vision:
        return "language, vision"
    return "language" if language else "vision" if vision else "none"
