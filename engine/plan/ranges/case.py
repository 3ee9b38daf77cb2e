"""What is known of a kind of case: how far a question is from the runs that were measured.

Whether the model was measured on this chip, on another or never; whether the chip was measured with
this engine, with another or never; and what makes its ranges wider (`engine.plan.ranges.doubts`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from engine.hardware.chip import Chip, KernelConstants, Provenance
from engine.plan.ranges.covered import (
    Covered,
    covered,
    dimensions,
    engine_on_generation,
    formats_of,
)
from engine.plan.ranges.doubts import FEW, Doubt
from engine.scenario import ClientKind, Mode, Workload
from engine.serve.system import System
from engine.words.messages import say
from engine.work.tokens import Inventory

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
    badge: Provenance = Provenance.DATASHEET
    doubts: tuple[Doubt, ...] = ()

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
        lacking = say(", kernels of its formats not") if Doubt.KERNELS in self.doubts else ""
        return say("{site}, {model}{lacking}", site=site, model=model, lacking=lacking)


def token_case(
    kind: str, system: System, asked: Iterable[Doubt] = (), known: Covered | None = None
) -> Case:
    """The case of a model of tokens, with the doubts of what is ``asked`` of it (`doubts_of`), by
    what is ``known``, else by all published runs; a person's own calibrated runs count as those."""
    runs = covered() if known is None else known
    chip, framework = system.chip.id, system.engine
    own = framework.origin != BUNDLED and any(
        key.startswith(f"{chip}/") for key in framework.kernels
    )
    shape = dimensions(system.tokens_model)
    model = ModelRuns.ELSEWHERE if shape in runs.models else ModelRuns.NEVER
    if own or f"{shape}/{chip}" in runs.model_chips:
        model = ModelRuns.HERE
    site = ChipRuns.OTHERS if chip in runs.chips else ChipRuns.NEVER
    fitted = kernels_fitted(system.inventory)
    badge = Provenance.FITTED if fitted else Provenance.DATASHEET
    if own or f"{chip}/{framework.id}" in runs.pairs:
        site, badge = ChipRuns.ENGINE, Provenance.MEASURED
    experts = (Doubt.EXPERTS,) if system.inventory.banks else ()
    lacking = {
        Doubt.CHIP: site is ChipRuns.NEVER,
        **_thinly_measured(system, runs),
        Doubt.KERNELS: not fitted,
        Doubt.MODEL: model is ModelRuns.NEVER,
    }
    unmeasured = () if own else tuple(doubt for doubt in Doubt if lacking.get(doubt))
    return Case(kind, model, site, badge, (*unmeasured, *experts, *asked))


def doubts_of(system: System, workload: Workload, pools: bool) -> tuple[Doubt, ...]:
    """What makes a load harder to predict, on ``pools`` of prefill and decode workers or on
    replicas."""
    of_client = workload.client.spread if workload.client.kind is ClientKind.CLOSED else 0.0
    finds = system.engine.scheduler.prefix_caching and workload.mode is Mode.CONTINUOUS
    found = max(workload.cached, workload.shared_prefix_tokens, workload.turns - 1)
    harder = {
        Doubt.CACHED: finds and found > 0,
        Doubt.SPREAD: max(workload.input_spread, workload.output_spread) > 0 or of_client > 1,
        Doubt.POOLS: pools,
    }
    return tuple(doubt for doubt, is_so in harder.items() if is_so)


def _thinly_measured(system: System, runs: Covered) -> dict[Doubt, bool]:
    """Of what a system is of, too few or no runs exist."""
    engine = runs.builds.get(system.engine.id, "")
    return {
        Doubt.GENERATION: runs.generations.get(system.chip.generation, 0) < FEW,
        Doubt.ENGINE: engine_on_generation(system, engine) not in runs.engines,
        Doubt.FORMATS: runs.formats.get(formats_of(system, engine), 0) < FEW,
        Doubt.COSTS: not engine,
    }


def forward_case(chip: Chip) -> Case:
    """The case of a model of one forward pass, which the chip alone tells from others."""
    measured = chip.id in covered().vision_chips
    badge = Provenance.DATASHEET
    if chip.provenance is not Provenance.DATASHEET:
        badge = Provenance.FITTED
    return Case(
        FORWARD,
        ModelRuns.NEVER,
        ChipRuns.ENGINE if measured else ChipRuns.NEVER,
        Provenance.MEASURED if measured else badge,
        () if measured else (Doubt.CHIP,),
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
