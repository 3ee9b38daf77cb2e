"""Plans of models that generate tokens: names, launch, what is known of their error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from engine.hardware.chip import KernelConstants, Provenance
from engine.model.precision import Precision
from engine.plan.benchmark import FtlName, TpsName, model_and_size
from engine.plan.metrics import Metric
from engine.plan.prepared import Prepared
from engine.plan.range_case import Case, covered
from engine.plan.results import Table
from engine.scenario import Mode, Scenario
from engine.words.quantities import duration, rate
from engine.work.arrangement import Arrangement
from engine.work.tokens import Inventory

if TYPE_CHECKING:
    from engine.plan.launch_process import Launch
    from engine.plan.nudge import Nudge


class TokenPlans:
    """See `engine.plan.kinds.PlanKind`."""

    rearranges = True
    lengths: tuple[str, ...] = ("input_tokens", "output_tokens")
    distinguishing: tuple[str, ...] = ("batch", "layout", "precision", "kv")

    def engine(self, prepared: Prepared, scenario: Scenario) -> str:
        """Every engine serves models of tokens."""
        return scenario.framework

    def heading(self, prepared: Prepared, metric: Metric) -> str:
        """The metric's own label."""
        return metric.label

    def subject(self, prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
        """``Qwen3-32B on 8 × H100 as TP8 W8A8, batch 64``."""
        arrangement = table.arrangement(row)
        return (
            f"{prepared.model.name} on {arrangement.chips} × {prepared.chip.name} "
            f"as {arrangement.name} {table.precision(row).name}, batch {int(table.batch[row])}"
        )

    def figures(self, prepared: Prepared, table: Table, row: int) -> str:
        """``244 tok/s/chip at TTFT 1.2 s, TPOT 49.9 ms``."""
        return (
            f"{rate(table.value(row, 'tps_per_chip'))} tok/s/chip "
            f"at TTFT {duration(table.value(row, 'ttft_ms'))}, "
            f"TPOT {duration(table.value(row, 'tpot_ms'))}"
        )

    def names(
        self, prepared: Prepared, scenario: Scenario, precision: Precision, batch: int
    ) -> list[str]:
        """Its TPS and FTL names."""
        weights, activations = round(precision.weights.bits), round(precision.activations.bits)
        total = prepared.architecture.total_parameters
        model, size = model_and_size(prepared.model.name, total)
        inputs, outputs = scenario.workload.input_tokens, scenario.workload.output_tokens
        tps = TpsName(1, model, size, inputs, outputs, weights, activations, batch)
        ftl = FtlName(1, model, size, inputs, weights, activations, batch)
        return [str(tps), str(ftl)]

    def launch(
        self,
        prepared: Prepared,
        scenario: Scenario,
        arrangement: Arrangement,
        precision: Precision,
        batch: int,
        version: str,
    ) -> Launch:
        """Its processes by the engine's launch table or template."""
        from engine.hardware.launch_table import LaunchTable, LaunchTemplate
        from engine.plan.launch_table import TabledLaunch, refuse_version
        from engine.plan.launch_template import token_template

        chosen = (arrangement, precision, batch)
        match prepared.framework.launch:
            case LaunchTemplate(text):
                return token_template(prepared, scenario, text, *chosen)
            case LaunchTable() as table:
                refuse_version(table, prepared.framework.name, version)
                return TabledLaunch(prepared, scenario, *chosen, version).launch()

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats of the cache, and of the weights with what goes with them."""
        from engine.plan.token_nudges import precision_nudges

        return precision_nudges(scenario, prepared)

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Lengths, limits on layouts, balance of experts, drafts."""
        from engine.plan.token_nudges import knob_nudges

        return knob_nudges(scenario, prepared)

    def case(self, prepared: Prepared, scenario: Scenario, precision: Precision) -> Case:
        """The user's own calibrated runs count as published ones."""
        chip, framework = prepared.chip, prepared.framework
        own = framework.origin != "bundled" and any(
            key.startswith(f"{chip.id}/") for key in framework.kernels
        )
        fitted = kernels_fitted(prepared.system(precision).inventory)
        badge = Provenance.FITTED if fitted else Provenance.DATASHEET
        if own or f"{chip.id}/{framework.id}" in covered()["pairs"]:
            badge = Provenance.MEASURED
        return Case(
            "static" if scenario.workload.mode is Mode.STATIC else "serving",
            own or chip.id in covered()["chips"],
            fitted,
            own or framework.id in covered()["frameworks"],
            badge,
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
