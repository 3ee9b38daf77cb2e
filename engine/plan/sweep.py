"""The sweep: every batch, every legal layout, every precision, ranked under the objectives.

`engine.plan.prepared` resolves names to values once; `sweep` and `batch_table` are then pure
arithmetic on arrays of (layouts, batches).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.ranking import rank
from engine.plan.results import Binding, Sweep, Table
from engine.scenario import Objectives, Scenario
from engine.serve.memory import largest_batch, needed_bytes
from engine.serve.passes import Deployment
from engine.serve.serving import serve
from engine.words.arrays import BoolArray, FloatArray, IntArray
from engine.words.quantities import GIB
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays

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


def _context_tokens(scenario: Scenario) -> float:
    return float(scenario.workload.input_tokens + scenario.workload.output_tokens)


def step_tokens(prepared: Prepared, scenario: Scenario, batch: FloatArray) -> FloatArray:
    """Tokens of the largest pass of one attention rank that serves ``batch`` sequences: their
    whole prompts, or the framework's budget."""
    return np.minimum(
        float(prepared.framework.scheduler.prefill_tokens),
        batch * float(scenario.workload.input_tokens),
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
        from engine.plan.forward_sweep import vision_table

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
    capacity = prepared.chip.memory_bytes * prepared.framework.memory.memory_fraction / GIB
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
    chunk, prompt = prepared.framework.scheduler.prefill_tokens, scenario.workload.input_tokens
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
        from engine.plan.forward_sweep import vision_sweep

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
