"""Which knob matters: every input nudged, and what it does to the answer.

Two questions. *Sensitivity* changes one thing about the scenario and sweeps again: how would the
best plan move? *Effects* changes one key of the model config and looks at the same layout and
batch: what does this key cost? Both are computed, never written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.chip_profiles import chip_ids, load_chip
from engine.errors import RooftopError
from engine.layout import Layout
from engine.precision import Precision
from engine.results import Sweep
from engine.scenario import Objectives, Scenario
from engine.sweep import batch_table, prepare, sweep


@dataclass(frozen=True, slots=True)
class Nudge:
    """One thing changed: what it is called, from what to what, and the changed scenario."""

    knob: str
    before: str
    after: str
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Response:
    """What a nudge does to the best plan. Ratios are after over before; NaN when there is no
    plan that meets the objectives on one of the sides."""

    nudge: Nudge
    throughput_ratio: float
    ttft_ratio: float
    tpot_ratio: float
    memory_ratio: float
    batch: int
    layout: str

    @property
    def strength(self) -> float:
        """How far the throughput moves, as |log ratio|; used to sort."""
        if np.isnan(self.throughput_ratio) or self.throughput_ratio <= 0:
            return 0.0
        return abs(float(np.log(self.throughput_ratio)))


def nudges(scenario: Scenario) -> Iterator[Nudge]:
    """Every single change worth asking about: workload, objectives, precision, chips."""
    yield from _workload_nudges(scenario)
    yield from _objective_nudges(scenario)
    yield from _precision_nudges(scenario)
    yield from _hardware_nudges(scenario)


def _workload_nudges(scenario: Scenario) -> Iterator[Nudge]:
    workload = scenario.workload
    for name, label in (("input_tokens", "ISL"), ("output_tokens", "OSL")):
        value = getattr(workload, name)
        for factor in (0.5, 2.0):
            changed = max(1, round(value * factor))
            yield Nudge(
                label,
                str(value),
                str(changed),
                replace(scenario, workload=replace(workload, **{name: changed})),
            )


def _objective_nudges(scenario: Scenario) -> Iterator[Nudge]:
    for name, label in (
        ("ttft_ms", "TTFT limit"),
        ("tpot_ms", "TPOT limit"),
        ("e2e_ms", "E2E limit"),
        ("latency_ms", "latency limit"),
    ):
        value = getattr(scenario.objectives, name)
        if value is None:
            continue
        for factor in (0.9, 1.1):
            objectives: Objectives = replace(scenario.objectives, **{name: value * factor})
            yield Nudge(
                label,
                f"{value:g} ms",
                f"{value * factor:g} ms",
                replace(scenario, objectives=objectives),
            )


def _precision_nudges(scenario: Scenario) -> Iterator[Nudge]:
    own = prepare(scenario).precisions[0]
    for kv in ("bf16", "fp8"):
        if own.kv.name != kv:
            yield Nudge("KV cache", own.kv.name, kv, replace(scenario, kv=kv))
    for weights in ("bf16", "fp8", "int4", "nvfp4"):
        if own.weights.name != weights:
            changed = replace(scenario, weights=weights, activations="")
            yield Nudge("weights", own.weights.name, weights, changed)


def _hardware_nudges(scenario: Scenario) -> Iterator[Nudge]:
    for factor in (0.5, 2.0):
        chips = round(scenario.chips * factor)
        if chips >= 1 and chips != scenario.chips:
            changed = replace(scenario, chips=chips)
            yield Nudge("chips", str(scenario.chips), str(chips), changed)
    for other in _neighbouring_chips(scenario.chip):
        yield Nudge("chip", scenario.chip, other, replace(scenario, chip=other))


def _neighbouring_chips(current: str) -> list[str]:
    """The chips of the same vendor just above and below in memory bandwidth."""
    here = load_chip(current)
    same = []
    for name in chip_ids():
        chip = load_chip(name)
        if chip.vendor == here.vendor and chip.id != here.id and chip.scale_up.domain > 1:
            same.append(chip)
    same.sort(key=lambda chip: (chip.bandwidth_bytes, max(chip.peak_flops.values())))
    above = [chip.id for chip in same if chip.bandwidth_bytes > here.bandwidth_bytes]
    below = [chip.id for chip in same if chip.bandwidth_bytes < here.bandwidth_bytes]
    return below[-1:] + above[:1]


def sensitivity(
    scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> list[Response]:
    """The response of the best plan to every nudge, strongest first; empty when stopped or when
    the scenario itself has no plan."""
    before = _swept(scenario)
    if before is None or before.best is None:
        return []
    responses = []
    for nudge in nudges(scenario):
        if should_stop is not None and should_stop():
            return []
        after = _swept(nudge.scenario)
        if after is not None:
            responses.append(_response(nudge, before, after))
    return sorted(responses, key=lambda response: -response.strength)


def _swept(scenario: Scenario) -> Sweep | None:
    try:
        return sweep(prepare(scenario), scenario)
    except RooftopError:
        return None


def _response(nudge: Nudge, before: Sweep, after: Sweep) -> Response:
    def ratio(metric: str) -> float:
        if before.best is None or after.best is None or metric not in before.table.metrics:
            return float("nan")
        base = float(before.table.metrics[metric][before.best])
        return float(after.table.metrics[metric][after.best]) / base

    row = after.best
    return Response(
        nudge,
        throughput_ratio=ratio(before.table.throughput),
        ttft_ratio=ratio("ttft_ms"),
        tpot_ratio=ratio("tpot_ms" if "tpot_ms" in before.table.metrics else "latency_ms"),
        memory_ratio=ratio("memory_gib"),
        batch=int(after.table.batch[row]) if row is not None else 0,
        layout=after.table.layout(row).name if row is not None else "",
    )


@dataclass(frozen=True, slots=True)
class KeyEffect:
    """What a config key set to ``value`` would do at the same layout and batch, as ratios;
    ``refused`` holds the rule when the value is impossible."""

    value: object
    throughput_ratio: float = float("nan")
    ttft_ratio: float = float("nan")
    memory_ratio: float = float("nan")
    refused: str = ""


def key_effects(
    scenario: Scenario, key: str, value: object, layout: Layout, precision: Precision, batch: int
) -> tuple[KeyEffect, ...]:
    """The effect of half and double the ``value`` of a numeric config ``key``.

    Empty for keys that are not positive numbers. Memory is compared even where it does not fit.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return ()
    halves: tuple[float, float] = (value / 2, value * 2)
    tried = [max(1, round(one)) if isinstance(value, int) else one for one in halves]
    return tuple(
        _key_effect(scenario, key, one, layout, precision, batch) for one in tried if one != value
    )


def _key_effect(
    scenario: Scenario,
    key: str,
    value: object,
    layout: Layout,
    precision: Precision,
    batch: int,
) -> KeyEffect:
    kept = tuple(edit for edit in scenario.edits if edit[0] != key)
    changed = replace(scenario, edits=(*kept, (key, value)))
    batches = np.array([batch], dtype=np.int64)
    try:
        base = batch_table(prepare(scenario), scenario, layout, precision, batches)
        prepared = prepare(changed)
        other = precision if precision in prepared.precisions else prepared.precisions[0]
        table = batch_table(prepared, changed, layout, other, batches)
    except RooftopError as error:
        return KeyEffect(value, refused=str(error))

    def ratio(metric: str) -> float:
        if metric not in base.metrics:
            return float("nan")
        return float(table.metrics[metric][0] / base.metrics[metric][0])

    latency = "ttft_ms" if "ttft_ms" in base.metrics else "latency_ms"
    return KeyEffect(value, ratio(base.throughput), ratio(latency), ratio("memory_gib"))
