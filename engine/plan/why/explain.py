"""Why one candidate is as fast as it is: read from the prediction's own parts and items."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.blocks import has_one_token
from engine.plan.drafting import drafts_note
from engine.plan.launch.fields import context
from engine.plan.metrics.table import limited_of
from engine.plan.prepared import LARGEST_BATCH, Prepared
from engine.plan.tables import batch_table
from engine.plan.why.explanation import DraftGain, Explanation, OperatorTime, PassFigures, Share
from engine.scenario import Scenario
from engine.serve.asked import load_of, requests_of
from engine.serve.kinds import kind_of
from engine.serve.load import Open
from engine.serve.outcome import Made, Outcome, PoolRole
from engine.serve.passes.items import Item
from engine.serve.predict import largest_sizes, predict
from engine.serve.startup import Launched, PoolStartup, startups
from engine.serve.system import System
from engine.words.arrays import distinct
from engine.work.arrangement import Arrangement


def explain(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: float,
) -> Explanation:
    """Break one candidate down: its latencies into parts, its passes into items, its memory.

    ``batch`` is not whole where requests of the deployment do not divide by its replicas.
    """
    system = prepared.system(precision)
    requests, load = requests_of(scenario, system), load_of(scenario)
    size = load.rate if isinstance(load, Open) else float(batch)
    outcome = predict(system, (arrangement,), requests, load, np.array([size]))
    made = outcome.items()
    if has_one_token(prepared, scenario):
        made = _of_the_first_token(made)
    bandwidth = prepared.chip.bandwidth_bytes
    operators = tuple(_operators(made))
    return Explanation(
        arrangement=arrangement,
        precision=precision,
        batch=math.ceil(batch),
        parts={
            f"{metric}_ms": tuple(
                Share(one.name, float(one.seconds), one.phase)
                for one in parts
                if float(one.seconds) > 0
            )
            for metric, parts in made.parts.items()
        },
        passes=tuple(_figures(phase, items, bandwidth) for phase, items in made.passes.items()),
        operators=operators,
        memory=made.memory,
        pool_memory=made.pools,
        capacity_bytes=float(outcome.memory.capacity_bytes[0, 0]),
        largest_batch=largest_batches(prepared, scenario, arrangement, precision),
        peaks=_peaks(prepared, operators),
        bandwidth_bytes=bandwidth,
        pool=_binding_pool(outcome),
        startups=_startups(prepared, system, arrangement, scenario, math.ceil(batch)),
        drafting=_draft_gain(prepared, scenario, arrangement, precision, math.ceil(batch)),
    )


def _startups(
    prepared: Prepared, system: System, arrangement: Arrangement, scenario: Scenario, batch: int
) -> tuple[PoolStartup, ...]:
    """What the servers print that the launch lines start."""
    if not kind_of(system.model.kind).waits:
        return ()
    launched = Launched(context(prepared, scenario), batch)
    return startups(system, arrangement, launched, scenario.draft_tokens)


def _draft_gain(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> DraftGain | None:
    """The candidate beside itself without drafts."""
    note = drafts_note(scenario, prepared.system(precision))
    if not note:
        return None

    def figures(scenario: Scenario) -> tuple[float, float]:
        largest = largest_batches(prepared, scenario, arrangement, precision)["memory"]
        batches = distinct(np.array([*range(1, largest + 1), batch]))
        table = batch_table(prepared, scenario, arrangement, precision, batches)
        (place,) = np.flatnonzero(table.batch == batch)
        reached = table.metrics[table.throughput][table.meets]
        most = float(reached.max()) if len(reached) else math.nan
        return table.value(int(place), "tpot_ms"), most

    without = figures(replace(scenario, draft_tokens=0))
    now = figures(scenario)
    return DraftGain(note, now[0], without[0], now[1], without[1])


def _binding_pool(outcome: Outcome) -> str:
    if outcome.binding_pool is None:
        return ""
    return PoolRole(int(np.broadcast_to(outcome.binding_pool, outcome.shape)[0, 0])).label


def _of_the_first_token(made: Made) -> Made:
    """What makes the first token: without the passes of those that never come."""
    parts = {metric: parts for metric, parts in made.parts.items() if metric != "tpot"}
    used = {one.phase for one in parts["ttft"]}
    passes = {phase: items for phase, items in made.passes.items() if phase in used}
    return Made(parts, passes, made.memory, made.pools)


def _operators(made: Made) -> Iterable[OperatorTime]:
    for phase, items in made.passes.items():
        for one in items:
            yield OperatorTime(
                name=one.name,
                kernel=one.kernel,
                phase=phase,
                calls=round(float(one.calls)),
                seconds=float(one.seconds),
                flops=float(one.flops),
                bytes=float(one.bytes),
                message_bytes=float(one.message_bytes),
                bound=one.bound,
                provenance=one.provenance,
                peak_flops=one.peak_flops,
            )


def _figures(phase: str, items: tuple[Item, ...], bandwidth_bytes: float) -> PassFigures:
    seconds = sum(float(one.seconds) for one in items)
    ideal = sum(float(one.flops) / one.peak_flops for one in items if one.peak_flops)
    moved = sum(float(one.bytes) for one in items)
    busy = (ideal / seconds, moved / (seconds * bandwidth_bytes)) if seconds else (0.0, 0.0)
    return PassFigures(phase, seconds, *busy)


def _peaks(prepared: Prepared, rows: Iterable[OperatorTime]) -> dict[str, float]:
    """The rates that the operators compute at, by name, highest first."""
    used = {row.peak_flops for row in rows if row.flops}
    named = {rate: name for name, rate in list(prepared.chip.peak_flops.items())[::-1]}
    return {named.get(rate, "peak"): rate for rate in sorted(used, reverse=True)}


def largest_batches(
    prepared: Prepared, scenario: Scenario, arrangement: Arrangement, precision: Precision
) -> dict[str, int]:
    """The largest batch that each limit allows on its own: ``memory`` with the scheduler, and
    every objective that is set, by its option's name."""
    system = prepared.system(precision)
    most = largest_sizes(system, (arrangement,), requests_of(scenario, system), load_of(scenario))
    fitting = int(min(most[0, 0], LARGEST_BATCH))
    largest = {"memory": fitting}
    if fitting < 1 or isinstance(load_of(scenario), Open):
        return largest
    table = batch_table(prepared, scenario, arrangement, precision, np.arange(1, fitting + 1))
    for metric in limited_of(prepared.kind):
        limit = table.limit(0, metric)
        known = metric.id in table.metrics  # not where nobody says a price
        if limit is not None and known and metric.is_about(one_token=table.one_token):
            passing = np.flatnonzero(metric.ratio(table.metrics[metric.id], limit) <= 1.0)
            largest[metric.id.removesuffix("_ms")] = (
                int(table.batch[passing[-1]]) if len(passing) else 0
            )
    return largest
