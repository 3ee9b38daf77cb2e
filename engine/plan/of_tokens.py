"""Plans of models that generate tokens: names, knobs, launch, what is known of their error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from engine.hardware.chip import KernelConstants, Provenance
from engine.hardware.launch_table import LaunchTable, LaunchTemplate
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.plan.benchmark import FtlName, TpsName, model_and_size
from engine.plan.launch_process import Launch
from engine.plan.launch_table import TabledLaunch, refuse_version
from engine.plan.launch_template import token_template
from engine.plan.metrics import Metric
from engine.plan.nudge import Nudge, weight_nudges
from engine.plan.prepared import Prepared
from engine.plan.range_case import Case, covered
from engine.plan.results import Table
from engine.scenario import Mode, Scenario
from engine.words.quantities import duration, rate
from engine.work.arrangement import Arrangement
from engine.work.tokens import Inventory

CACHE_FORMATS = ("bf16", "fp8")
DEGREES = (("tensor", "TP"), ("pipeline", "PP"), ("expert", "EP"), ("attention_data", "DP"))
_LENGTHS = {"input_tokens": "ISL", "output_tokens": "OSL"}


class TokenPlans:
    """See `engine.plan.kinds.PlanKind`."""

    rearranges = True
    lengths = tuple(_LENGTHS)
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
        chosen = (arrangement, precision, batch)
        match prepared.framework.launch:
            case LaunchTemplate(text):
                return token_template(prepared, scenario, text, *chosen)
            case LaunchTable() as table:
                refuse_version(table, prepared.framework.name, version)
                return TabledLaunch(prepared, scenario, *chosen, version).launch()

    def precision_nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Other formats of the cache, and of the weights with what goes with them."""
        own = prepared.precisions[0]
        for name in CACHE_FORMATS:
            if own.kv.name != name:
                yield Nudge("KV cache", own.kv.name, name, replace(scenario, kv=name))
        yield from weight_nudges(scenario, prepared)

    def nudges(self, scenario: Scenario, prepared: Prepared) -> Iterator[Nudge]:
        """Lengths, limits on layouts, balance of experts, drafts."""
        yield from token_nudges(scenario)
        yield from _limit_nudges(scenario)
        yield from _routing_nudges(scenario, prepared.architecture)
        yield from _speculation_nudges(scenario)

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


def token_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Prompts and answers of half and double the length."""
    for field in _LENGTHS:
        value: int = getattr(scenario.workload, field)
        for changed in (max(1, value // 2), value * 2):
            if changed != value:
                yield token_nudge(scenario, field, changed)


def token_nudge(scenario: Scenario, field: str, tokens: int) -> Nudge:
    """Another length of prompts (``input_tokens``) or answers (``output_tokens``)."""
    label = _LENGTHS[field]
    before: int = getattr(scenario.workload, field)
    changed: dict[str, Any] = {field: tokens}
    workload = replace(scenario.workload, **changed)
    return Nudge(label, str(before), str(tokens), replace(scenario, workload=workload))


def _limit_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Limits on layouts and batches let go."""
    for field, label in DEGREES:
        allowed: tuple[int, ...] = getattr(scenario.limits, field)
        if allowed:
            limits = replace(scenario.limits, **{field: ()})
            before = ",".join(map(str, allowed))
            yield Nudge(label, before, "any", replace(scenario, limits=limits))
    if scenario.max_batch is not None:
        changed = replace(scenario, max_batch=scenario.max_batch * 2)
        yield Nudge("max batch", str(scenario.max_batch), str(changed.max_batch), changed)


def _routing_nudges(scenario: Scenario, architecture: Architecture) -> Iterator[Nudge]:
    if architecture.is_mixture:
        more = round(scenario.load_imbalance * 1.25, 3)
        changed = replace(scenario, load_imbalance=more)
        yield Nudge("EP imbalance", f"{scenario.load_imbalance:g}", f"{more:g}", changed)


def _speculation_nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Draft tokens, where something is known about their acceptance."""
    if scenario.acceptance <= 0:
        return
    for drafts in (scenario.draft_tokens - 1, scenario.draft_tokens + 1):
        if drafts >= 0:
            changed = replace(scenario, draft_tokens=drafts)
            yield Nudge("draft tokens", str(scenario.draft_tokens), str(drafts), changed)
    better = min(1.0, round(scenario.acceptance + 0.05, 3))
    if scenario.draft_tokens and better > scenario.acceptance:
        changed = replace(scenario, acceptance=better)
        yield Nudge("acceptance", f"{scenario.acceptance:g}", f"{better:g}", changed)
