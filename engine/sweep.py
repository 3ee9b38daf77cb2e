"""The sweep: every batch, every legal layout, every precision, ranked under the objectives.

`prepare` resolves names to values once; `sweep` and `batch_table` are then pure arithmetic on
arrays of (layouts, batches).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.architecture import Architecture
from engine.chip import Chip
from engine.chip_profiles import load_chip
from engine.config import LoadedModel, load_architecture
from engine.errors import InputError
from engine.framework import Framework
from engine.framework_profiles import load_framework
from engine.kernels import choose_kernel, default_activations
from engine.layout import Layout
from engine.memory import Footprint, footprint, largest_batch, needed_bytes
from engine.operators import Inventory, LayoutArrays, take_inventory
from engine.parallelism import legal_layouts
from engine.precision import Precision, number_format, parse_precision
from engine.results import Binding, BoolArray, FloatArray, IntArray, Sweep, Table
from engine.scenario import Objectives, Scenario
from engine.serving import Deployment, serve

if TYPE_CHECKING:
    from engine.vision.architecture import VisionArchitecture

GIB = float(1 << 30)
LARGEST_BATCH = 32768
"""No batch beyond this is tried, whatever fits."""
BLOCK_CANDIDATES = 8192
"""Candidates evaluated at a time: small enough for the cache and for a quick cancel."""

LANGUAGE_METRICS = (
    "ttft_ms",
    "tpot_ms",
    "e2e_ms",
    "request_tps",
    "decode_tps",
    "tps_per_chip",
    "tps_per_user",
    "memory_gib",
)


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
    from engine.vision.runtime import vision_framework

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


def _context_tokens(scenario: Scenario) -> float:
    return float(scenario.workload.input_tokens + scenario.workload.output_tokens)


def step_tokens(prepared: Prepared, scenario: Scenario, batch: FloatArray) -> FloatArray:
    """Tokens of the largest pass of one attention rank that serves ``batch`` sequences: their
    whole prompts, or the framework's budget."""
    return np.minimum(
        float(prepared.framework.chunk_tokens), batch * float(scenario.workload.input_tokens)
    )


def _arrange(layouts: Sequence[Layout]) -> tuple[LayoutArrays, tuple[Layout, ...]]:
    group = tuple(layouts)
    return LayoutArrays.of(group), group


def batch_table(
    prepared: Prepared,
    scenario: Scenario,
    layout: Layout,
    precision: Precision,
    batches: IntArray,
) -> Table:
    """The rows of one layout and precision for ``batches``, in that order."""
    if not isinstance(prepared.model.architecture, Architecture):
        from engine.vision.sweep import vision_table

        return vision_table(prepared, scenario, precision, batches)
    index = prepared.precisions.index(precision)
    columns, fits = _evaluate(prepared, scenario, index, (layout,), batches[np.newaxis, :])
    flat = {name: column[0] for name, column in columns.items()}
    return _judged(
        prepared,
        scenario.objectives,
        (layout,),
        (precision,),
        np.zeros(len(batches), dtype=np.int64),
        np.zeros(len(batches), dtype=np.int64),
        batches,
        flat,
        fits[0],
    )


def _evaluate(
    prepared: Prepared,
    scenario: Scenario,
    precision: int,
    layouts: tuple[Layout, ...],
    batches: IntArray,
) -> tuple[dict[str, FloatArray], BoolArray]:
    """Metric columns of shape (layouts, batches) and which of them fit."""
    arrays, group = _arrange(layouts)
    batch = batches.astype(np.float64)
    deployment = Deployment(
        prepared.inventories[precision],
        prepared.chip,
        prepared.framework,
        arrays,
        scenario.load_imbalance,
    )
    service = serve(deployment, scenario, batch)
    usage = prepared.footprint(precision, group, _context_tokens(scenario))
    largest_pass = step_tokens(prepared, scenario, np.ceil(batch / arrays.attention_data))
    needed = needed_bytes(usage, arrays, batch, largest_pass)
    fits = needed <= usage.capacity_bytes
    shape = fits.shape
    speed = np.where(fits, 1.0, np.nan)
    columns = {
        "ttft_ms": service.ttft_seconds * 1e3 * speed,
        "tpot_ms": service.tpot_seconds * 1e3 * speed,
        "e2e_ms": service.e2e_seconds * 1e3 * speed,
        "request_tps": service.request_tps * arrays.replicas * speed,
        "decode_tps": service.decode_tps * arrays.replicas * speed,
        "tps_per_chip": service.request_tps / arrays.chips_per_replica * speed,
        "tps_per_user": speed / service.tpot_seconds,
        "memory_gib": needed / GIB,
    }
    return {name: np.broadcast_to(column, shape) for name, column in columns.items()}, fits


_LIMITS = (
    (Binding.TTFT, "ttft_ms", "ttft_ms"),
    (Binding.TPOT, "tpot_ms", "tpot_ms"),
    (Binding.E2E, "e2e_ms", "e2e_ms"),
)


def _judged(
    prepared: Prepared,
    objectives: Objectives,
    layouts: tuple[Layout, ...],
    precisions: tuple[Precision, ...],
    layout_index: IntArray,
    precision_index: IntArray,
    batch: IntArray,
    metrics: dict[str, FloatArray],
    fits: BoolArray,
) -> Table:
    """A table with its verdicts: the worst ratio to a limit, and which limit that is."""
    capacity = prepared.chip.memory_bytes * prepared.framework.memory_fraction / GIB
    excess = np.zeros(len(batch))
    binding = np.full(len(batch), int(Binding.NONE), dtype=np.int64)
    for code, metric, objective in _LIMITS:
        limit = getattr(objectives, objective)
        if limit is not None:
            ratio = metrics[metric] / limit
            worse = ratio > excess
            excess = np.where(worse, ratio, excess)
            binding = np.where(worse & (ratio > 1.0), int(code), binding)
    need = metrics["memory_gib"] / capacity
    excess = np.where(fits, excess, need)
    binding = np.where(fits, binding, int(Binding.MEMORY))
    return Table(
        kind="language",
        throughput="tps_per_chip",
        layouts=layouts,
        precisions=precisions,
        layout_index=layout_index,
        precision_index=precision_index,
        batch=batch,
        metrics=metrics,
        fits=fits,
        meets=fits & (excess <= 1.0),
        binding=binding,
        excess=excess,
    )


def batch_limits(prepared: Prepared, scenario: Scenario, precision: int) -> IntArray:
    """The largest batch per replica that fits, for every layout."""
    arrays, group = _arrange(prepared.layouts)
    usage = prepared.footprint(precision, group, _context_tokens(scenario))
    chunk, prompt = prepared.framework.chunk_tokens, scenario.workload.input_tokens
    most = largest_batch(usage, arrays, float(chunk), float(prompt))[:, 0]
    return np.minimum(most, float(LARGEST_BATCH)).astype(np.int64)


def _blocks(limits: IntArray) -> Iterator[tuple[IntArray, int, int]]:
    """Cut (layouts, batches) into blocks of about `BLOCK_CANDIDATES`: layout rows of similar
    limits together, and a range of batches."""
    order = np.argsort(limits, kind="stable")
    start = 0
    while start < len(order):
        width = int(limits[order[start]])
        rows = max(1, BLOCK_CANDIDATES // max(width, 1))
        chosen = order[start : start + rows]
        while len(chosen) > 1 and limits[chosen[-1]] > 1.5 * width + 64:
            chosen = chosen[:-1]
        start += len(chosen)
        widest = int(limits[chosen].max())
        span = max(1, BLOCK_CANDIDATES // len(chosen))
        for low in range(1, widest + 1, span):
            yield chosen, low, min(low + span - 1, widest)


def sweep(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """Evaluate and rank every candidate; None when ``should_stop`` said so between blocks."""
    if not isinstance(prepared.model.architecture, Architecture):
        from engine.vision.sweep import vision_sweep

        return vision_sweep(prepared, scenario, should_stop)
    started = time.perf_counter()
    parts: list[tuple[IntArray, IntArray, IntArray, dict[str, FloatArray], BoolArray]] = []
    for precision in range(len(prepared.precisions)):
        fitting = batch_limits(prepared, scenario, precision)
        if scenario.max_batch is not None:
            fitting = np.minimum(fitting, scenario.max_batch)
        # A layout in which nothing fits still gets its batch 1, to say what it lacks.
        for chosen, low, high in _blocks(np.maximum(fitting, 1)):
            if should_stop is not None and should_stop():
                return None
            parts.append(_block(prepared, scenario, precision, chosen, low, high, fitting))
    table = _assembled(prepared, scenario, parts)
    return rank(table, time.perf_counter() - started)


def _block(
    prepared: Prepared,
    scenario: Scenario,
    precision: int,
    chosen: IntArray,
    low: int,
    high: int,
    fitting: IntArray,
) -> tuple[IntArray, IntArray, IntArray, dict[str, FloatArray], BoolArray]:
    group = tuple(prepared.layouts[int(row)] for row in chosen)
    batches = np.arange(low, high + 1, dtype=np.int64)[np.newaxis, :]
    columns, fits = _evaluate(prepared, scenario, precision, group, batches)
    wanted = batches <= np.maximum(fitting[chosen], 1)[:, np.newaxis]
    rows, places = np.nonzero(wanted)
    return (
        chosen[rows],
        np.full(len(rows), precision, dtype=np.int64),
        batches[0, places],
        {name: column[wanted] for name, column in columns.items()},
        fits[wanted],
    )


def _assembled(
    prepared: Prepared,
    scenario: Scenario,
    parts: list[tuple[IntArray, IntArray, IntArray, dict[str, FloatArray], BoolArray]],
) -> Table:
    metrics = {name: np.concatenate([part[3][name] for part in parts]) for name in LANGUAGE_METRICS}
    return _judged(
        prepared,
        scenario.objectives,
        prepared.layouts,
        prepared.precisions,
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        metrics,
        np.concatenate([part[4] for part in parts]),
    )


def rank(table: Table, elapsed_seconds: float) -> Sweep:
    """A table as a sweep: meeting rows by throughput, then missing ones by excess, then the
    rest."""
    throughput = np.nan_to_num(table.metrics[table.throughput], nan=0.0)
    key = np.where(table.meets, -throughput, table.excess)
    key = np.where(table.fits, key, 1e12 + table.excess)
    order = np.argsort(key, kind="stable")
    best = int(order[0]) if len(order) and table.meets[order[0]] else None
    nearest = None if best is not None or not len(order) else int(order[0])
    return Sweep(
        table=table,
        order=order,
        candidates=len(table),
        best=best,
        runner_up=_runner_up(table, order, best),
        nearest=nearest,
        elapsed_seconds=elapsed_seconds,
    )


def _runner_up(table: Table, order: IntArray, best: int | None) -> int | None:
    """The best row that meets the objectives with another layout or precision."""
    if best is None:
        return None
    meeting = order[: int(np.count_nonzero(table.meets))]
    other = (table.layout_index[meeting] != table.layout_index[best]) | (
        table.precision_index[meeting] != table.precision_index[best]
    )
    places = np.flatnonzero(other)
    return int(meeting[places[0]]) if len(places) else None
