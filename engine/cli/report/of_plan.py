"""The report of a sweep and its choice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from engine.cli.report.document import (
    Chart,
    Grid,
    Listing,
    Report,
    Section,
    Sentences,
    Series,
)
from engine.cli.tables import grid_of, number
from engine.plan.answer import answer
from engine.plan.explain import explain
from engine.plan.explanation import Explanation
from engine.plan.launch import launch_of, launch_text
from engine.plan.metric import Unit
from engine.plan.metrics import metrics_about
from engine.plan.prepared import Prepared
from engine.plan.ranges import accuracy_of
from engine.plan.results import Sweep, Table
from engine.plan.rows import rows_values
from engine.plan.sweep import batch_table, replicas_table
from engine.plan.verification import verification
from engine.scenario import Scenario
from engine.words.quantities import GIB, duration

_CANDIDATES = 12
_MOST_BATCHES = 300
_OPERATORS = 10


def plan_report(prepared: Prepared, scenario: Scenario, sweep: Sweep) -> Report:
    """The answer, what it is over batches, the figures and what makes them, the runners-up, how to
    start and to verify it, and where the constants come from."""
    table = sweep.table
    row = sweep.best if sweep.best is not None else sweep.nearest
    title = f"{prepared.model.name} on {scenario.chips} × {prepared.chip.name}"
    said = answer(prepared, scenario, sweep)
    if row is None:
        return Report(title, said)
    return Report(title, said, (*_sections(prepared, scenario, sweep, table, row),))


def _sections(
    prepared: Prepared, scenario: Scenario, sweep: Sweep, table: Table, row: int
) -> Iterator[Section]:
    arrangement, precision = table.arrangement(row), table.precision(row)
    batch = int(table.batch[row])
    made = explain(prepared, scenario, arrangement, precision, batch)
    chosen = f"{arrangement.name} {precision.name}, batch {batch}"
    for chart in _charts(prepared, scenario, table, row):
        yield Section(chart.title, chart)
    yield Section(f"Figures of {chosen}", _figures(prepared, scenario, table, row))
    yield from _why(made)
    shown = rows_values(prepared, scenario, table, map(int, sweep.order[:_CANDIDATES]))
    lines, right = grid_of(prepared, scenario, shown)
    yield Section(f"Best of {sweep.candidates:,} candidates", Grid(lines, right))
    launch = launch_of(prepared, scenario, arrangement, precision, batch)
    text = launch_text(launch) if launch.processes else ""
    yield Section("How to start it", Listing(text))
    if not launch.processes:
        yield Section("What no option says", Sentences(launch.gaps))
    verify = verification(prepared, scenario, arrangement, precision, batch)
    yield from _verify(verify.get("runs", ()))
    yield from sources(prepared, scenario, table, row)


def _charts(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Iterator[Chart]:
    """Throughput and what binds it, over the batches of the chosen layout or, at a rate, over its
    numbers of replicas."""
    arrangement, precision = table.arrangement(row), table.precision(row)
    if table.at_rate:
        drawn = replicas_table(prepared, scenario, arrangement, precision)
        across = "replicas"
    else:
        most = max(int(table.batch[table.fits].max(initial=1)), int(table.batch[row]))
        batches = np.unique(np.linspace(1, most, min(most, _MOST_BATCHES)).astype(np.int64))
        drawn = batch_table(
            prepared, scenario, arrangement, precision, np.union1d(batches, table.batch[row])
        )
        across = "batch per replica"
    for metric in dict.fromkeys((table.rated, table.felt)):
        values = drawn.metrics[metric.id]
        limit = metric.limit_in(scenario.objectives)
        points = [
            (float(x), float(y))
            for x, y in zip(drawn.sizes, values, strict=True)
            if math.isfinite(y)
        ]
        yield Chart(
            f"{metric.label} of {arrangement.name}",
            across,
            metric.label,
            (Series("", points),),
            (float(table.sizes[row]), table.value(row, metric.id)),
            limit,
        )


def _figures(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Grid:
    accuracy = accuracy_of(prepared, scenario, table.precision(row))
    rows = [["metric", "predicted", "range (two of three)", "objective"]]
    for metric in metrics_about(prepared.kind, one_token=table.one_token):
        value = table.metrics.get(metric.id, np.full(len(table), np.nan))[row]
        if not math.isfinite(value):
            continue
        limit = metric.limit_in(scenario.objectives)
        share = accuracy.share(metric.range)
        rows.append(
            [
                metric.label,
                number(metric.unit, float(value)),
                ""
                if share is None
                else f"{number(metric.unit, float(value) * (1 - share))} to "
                f"{number(metric.unit, float(value) * (1 + share))}",
                "" if limit is None else metric.plain(limit),
            ]
        )
    return Grid(rows, (1, 2, 3))


def why_lines(made: Explanation) -> list[str]:
    """What each latency is made of, how busy passes are, and what limits the batch."""
    lines = []
    for metric, parts in made.parts.items():
        total = sum(one.seconds for one in parts)
        shares = ", ".join(f"{one.name} {duration(one.seconds * 1e3)}" for one in parts)
        name = metric.removesuffix("_ms").upper()
        lines.append(f"{name} {duration(total * 1e3)}: {shares}")
    for one in made.passes:
        took = duration(one.seconds * 1e3)
        lines.append(f"A {one.phase} pass takes {took}: MFU {one.mfu:.0%}, MBU {one.mbu:.0%}")
    limits = ", ".join(f"{name} {batch:,}" for name, batch in made.largest_batch.items())
    lines.append(f"Largest batch by limit: {limits}")
    if made.pool:
        lines.append(f"The {made.pool} pool is the slower one")
    if made.drafting is not None:
        lines.append(f"Drafts: {made.drafting.note}; {made.drafting.sentence}")
    return lines


def _why(made: Explanation) -> Iterator[Section]:
    yield Section("Why", Sentences(why_lines(made)))
    longest = sorted(made.operators, key=lambda one: one.seconds, reverse=True)[:_OPERATORS]
    rows = [["operators", "pass", "time", "bound by", "constants"]]
    rows += [
        [one.name, one.phase, duration(one.seconds * 1e3), one.bound, one.provenance]
        for one in longest
    ]
    yield Section("Longest operators", Grid(rows, (2,)))
    for table in made.memory_tables:
        held = [["memory per chip", Unit.GIBIBYTES.value]]
        held += [[one.name, f"{one.bytes / GIB:.2f}"] for one in table.items]
        held.append(["of", f"{table.capacity_bytes / GIB:.2f}"])
        title = f"Memory of a {table.pool} worker" if table.pool else "Memory"
        yield Section(title, Grid(held, (1,)))


def _verify(runs: Sequence[dict[str, object]]) -> Iterator[Section]:
    rows = [["load", "metric", "expected", "low", "high"]]
    lines = []
    for run in runs:
        expected, clients = run["expected"], run["lines"]
        assert isinstance(expected, dict) and isinstance(clients, dict)
        rows += [
            [
                f"{run['concurrency']}",
                name,
                *(f"{one[key]:,.4g}" for key in ("value", "low", "high")),
            ]
            for name, one in expected.items()
        ]
        lines.append(next(iter(clients.values())))
    yield Section("How to verify it", Grid(rows, (0, 2, 3, 4)))
    yield Section("Benchmark lines", Listing("\n".join(lines)))


def sources(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Iterator[Section]:
    """How far off such predictions have been, and where the constants come from."""
    accuracy = accuracy_of(prepared, scenario, table.precision(row))
    chip, engine = prepared.chip, prepared.framework
    lines = [f"Accuracy: {accuracy.sentence()}"]
    for profile in (chip, engine):
        lines += [f"{profile.name} ({profile.provenance}): {one}" for one in profile.sources]
    lines += prepared.fallbacks
    yield Section("Ranges and sources", Sentences(lines))
