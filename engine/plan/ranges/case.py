"""What is known of a kind of case: which published runs a prediction's error was measured on.

The distance between a question and what was measured: whether the model was measured on this chip,
on another or never; whether the chip was measured with this engine, with another or never; whether
the kernels of the model's formats were measured or fitted on the chip's generation; whether the
engine's own costs were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from typing import Any

from engine.hardware.chip import Chip, KernelConstants, Provenance
from engine.model.architecture import Architecture
from engine.serve.system import System
from engine.sources.profile_files import read_toml
from engine.words.messages import say
from engine.work.tokens import Inventory
from profiles import ROOT

RANGES = ROOT / "accuracy" / "ranges.toml"
BUNDLED = "bundled"
FORWARD = "cv"
"""The kind of models of one forward pass."""


class ModelRuns(IntEnum):
    """Where a model of these dimensions has been measured, the farther the more."""

    HERE = 0
    ELSEWHERE = 1
    NEVER = 2


class ChipRuns(IntEnum):
    """With what a chip has been measured, the farther the more."""

    ENGINE = 0
    OTHERS = 1
    NEVER = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of case; ``kind`` is ``serving``, ``static``, ``offline`` or ``cv``, as measured
    rows have it.

    ``badge`` is measured where runs of this chip under this framework have been published (or are
    the user's own), fitted where the kernels' constants were measured or fitted on its generation,
    else datasheet.
    """

    kind: str
    model: ModelRuns
    chip: ChipRuns
    kernels_fitted: bool = True
    framework_known: bool = True
    badge: Provenance = Provenance.DATASHEET

    @property
    def key(self) -> tuple[str, ModelRuns, ChipRuns, bool, bool]:
        """What tells its ranges from those of others."""
        return self.kind, self.model, self.chip, self.kernels_fitted, self.framework_known

    @property
    def family(self) -> Case:
        """The case that stands for it: on a chip that was not measured with the engine it matters
        no more where the model was, nor, where kernels were never measured, on what."""
        if not self.kernels_fitted:
            return replace(self, model=ModelRuns.NEVER, chip=ChipRuns.NEVER)
        if not self.framework_known:
            return replace(self, model=ModelRuns.NEVER, chip=max(self.chip, ChipRuns.OTHERS))
        if self.chip is not ChipRuns.ENGINE:
            return replace(self, model=ModelRuns.NEVER)
        return self

    def widened(self) -> Iterable[Case]:
        """Its family, then cases that know less."""
        own = self.family
        yield own
        yield from (replace(own, model=one) for one in ModelRuns if one > own.model)
        away = replace(own, model=ModelRuns.NEVER)
        yield from (replace(away, chip=one) for one in ChipRuns if one > own.chip)
        yield replace(away, chip=ChipRuns.NEVER, kernels_fitted=False)
        yield replace(away, chip=ChipRuns.NEVER, kernels_fitted=False, framework_known=False)

    def words(self, chip: str, engine: str) -> str:
        """What is known, as a person would say it: ``H200 and vLLM measured, this model not``."""
        site = {
            ChipRuns.ENGINE: say("{chip} and {engine} measured", chip=chip, engine=engine),
            ChipRuns.OTHERS: say("{chip} measured, {engine} on it not", chip=chip, engine=engine),
            ChipRuns.NEVER: say("no run of {chip} measured", chip=chip),
        }[self.chip]
        model = {
            ModelRuns.HERE: say("this model on it too"),
            ModelRuns.ELSEWHERE: say("this model elsewhere"),
            ModelRuns.NEVER: say("this model not"),
        }[self.model]
        lacking = "" if self.kernels_fitted else say(", kernels of its formats not")
        return say("{site}, {model}{lacking}", site=site, model=model, lacking=lacking)


def dimensions(model: Architecture) -> str:
    """What models of the same dimensions have in common, whatever they were trained for."""
    return f"{model.layer_count}x{model.hidden_size}x{model.vocabulary_size}"


def token_case(kind: str, system: System) -> Case:
    """The case of a model of tokens; a person's own calibrated runs count as published ones."""
    chip, framework, runs = system.chip.id, system.engine, covered()
    own = framework.origin != BUNDLED and any(
        key.startswith(f"{chip}/") for key in framework.kernels
    )
    shape = dimensions(system.tokens_model)
    model = ModelRuns.ELSEWHERE if shape in runs["models"] else ModelRuns.NEVER
    if own or f"{shape}/{chip}" in runs["model_chips"]:
        model = ModelRuns.HERE
    site = ChipRuns.OTHERS if chip in runs["chips"] else ChipRuns.NEVER
    fitted = kernels_fitted(system.inventory)
    badge = Provenance.FITTED if fitted else Provenance.DATASHEET
    if own or f"{chip}/{framework.id}" in runs["pairs"]:
        site, badge = ChipRuns.ENGINE, Provenance.MEASURED
    known = own or framework.id in runs["frameworks"]
    return Case(kind, model, site, fitted, known, badge)


def forward_case(chip: Chip) -> Case:
    """The case of a model of one forward pass: its kernels count as fitted, all frameworks as
    known."""
    measured = chip.id in covered()["vision_chips"]
    badge = Provenance.DATASHEET
    if chip.provenance is not Provenance.DATASHEET:
        badge = Provenance.FITTED
    return Case(
        FORWARD,
        ModelRuns.NEVER,
        ChipRuns.ENGINE if measured else ChipRuns.NEVER,
        badge=Provenance.MEASURED if measured else badge,
    )


def kernels_fitted(inventory: Inventory) -> bool:
    """Whether every kernel class that the model uses was measured or fitted."""
    return all(used.provenance is not Provenance.DATASHEET for used in _constants(inventory))


def _constants(inventory: Inventory) -> Iterable[KernelConstants]:
    for gemm in (*inventory.gemms, inventory.head):
        yield from (gemm.constants, gemm.decode_constants)
    for bank in inventory.banks:
        yield bank.constants
    for mixing in inventory.mixings:
        yield from (mixing.prefill_constants, mixing.decode_constants)
        if mixing.index_constants is not None:
            yield mixing.index_constants


@cache
def ranges_file() -> dict[str, Any]:
    """``profiles/accuracy/ranges.toml``."""
    return read_toml(RANGES)


@cache
def covered() -> Mapping[str, frozenset[str]]:
    """What published runs exist of: ``chips``, ``frameworks``, ``pairs`` (``chip/framework``),
    ``models`` (their `dimensions`) and ``model_chips`` (``dimensions/chip``) for language models,
    ``vision_chips`` for vision models."""
    return {name: frozenset(values) for name, values in ranges_file()["covered"].items()}


def published_runs(chip: str) -> str:
    """Of which models runs on a chip have been published, in a word."""
    language, vision = chip in covered()["chips"], chip in covered()["vision_chips"]
    if language and vision:
        return "language, vision"
    return "language" if language else "vision" if vision else "none"
