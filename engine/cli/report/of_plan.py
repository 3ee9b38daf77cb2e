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
from engine.model.precision import Precision
from engine.plan.answer import answer
from engine.plan.launch_lines import command_lines, launch_of
from engine.plan.metrics.metric import Unit
from engine.plan.metrics.table import BY_ID, metrics_about
from engine.plan.prepared import Prepared
from engine.plan.results import Sweep, Table
from engine.plan.rows import rows_values
from engine.plan.tables import batch_table, replicas_table
from engine.plan.verification import verification
from engine.plan.why.explain import explain
from engine.plan.why.explanation import Explanation
from engine.scenario import Scenario
from engine.words.messages import listed, retold, say
from engine.words.quantities import GIB, duration
from engine.work.arrangement import Arrangement

_CANDIDATES = 12
_MOST_BATCHES = 300
_OPERATORS = 10


def plan_report(prepared: Prepared, scenario: Scenario, sweep: Sweep) -> Report:
    """The answer, what it is over batches, the figures and what makes them, the runners-up, how to
    start and to verify it, and where the constants come from."""
    table = sweep.table
    row = sweep.best if sweep.best is not None else sweep.nearest
    title = say(
        "{model} on {chips} × {chip}",
        model=prepared.model.name,
        chips=table.arrangement(row).chips if row is not None else scenario.chips,
        chip=prepared.chip.name,
    )
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
    chosen = say(
        "{layout} {precision}, batch {batch}",
        layout=arrangement.name,
        precision=precision.name,
        batch=batch,
    )
    for chart in _charts(prepared, scenario, table, row):
        yield Section(chart.title, chart)
    yield Section(
        say("Figures of {chosen}", chosen=chosen), _figures(prepared, scenario, table, row)
    )
    yield from why_sections(made)
    shown = rows_values(prepared, scenario, table, map(int, sweep.order[:_CANDIDATES]))
    lines, right = grid_of(prepared, scenario, shown)
    best = say("Best of {candidates:,} candidates", candidates=sweep.candidates)
    yield Section(best, Grid(lines, right))
    yield from starting(prepared, scenario, arrangement, precision, batch)
    verify = verification(prepared, scenario, arrangement, precision, batch)
    yield from _verify(verify.get("runs", ()))
    yield from sources(prepared, scenario, table, row)


def starting(
    prepared: Prepared,
    scenario: Scenario,
    arrangement: Arrangement,
    precision: Precision,
    batch: int,
) -> Iterator[Section]:
    """How a candidate is started, its gaps and its notes."""
    launch = launch_of(prepared, scenario, arrangement, precision, batch)
    commands = command_lines(launch) if launch.processes else []
    yield Section(say("How to start it"), Listing("\n".join(commands)))
    yield Section(say("In what it differs from the prediction"), Sentences(launch.gaps))
    yield Section(say("What you have to see to"), Sentences(launch.notes))


def _charts(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Iterator[Chart]:
    """Throughput and what binds it, over the batches of the chosen layout or, at a rate, over its
    numbers of replicas."""
    arrangement, precision = table.arrangement(row), table.precision(row)
    if table.at_rate:
        drawn = replicas_table(prepared, scenario, arrangement, precision)
        across = say("replicas")
    else:
        most = max(int(table.batch[table.fits].max(initial=1)), int(table.batch[row]))
        batches = np.unique(np.linspace(1, most, min(most, _MOST_BATCHES)).astype(np.int64))
        drawn = batch_table(
            prepared, scenario, arrangement, precision, np.union1d(batches, table.batch[row])
        )
        across = say("batch per replica")
    for metric in dict.fromkeys((table.rated, table.felt)):
        values = drawn.metrics[metric.id]
        limit = metric.limit_in(scenario.objectives)
        points = [
            (float(x), float(y))
            for x, y in zip(drawn.sizes, values, strict=True)
            if math.isfinite(y)
        ]
        yield Chart(
            say("{metric} of {layout}", metric=say(metric.label), layout=arrangement.name),
            across,
            say(metric.label),
            (Series("", points),),
            (float(table.sizes[row]), table.value(row, metric.id)),
            limit,
        )


def _figures(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Grid:
    accuracy = table.accuracy(row)
    heads = ("metric", "predicted", "range (two of three)", "objective")
    rows = [[say(head) for head in heads]]
    for metric in metrics_about(prepared.kind, one_token=table.one_token):
        value = table.metrics.get(metric.id, np.full(len(table), np.nan))[row]
        if not math.isfinite(value):
            continue
        limit = metric.limit_in(scenario.objectives)
        share = accuracy.share(metric.range)
        rows.append(
            [
                say(metric.label),
                number(metric.unit, float(value)),
                ""
                if share is None
                else say(
                    "{low} to {high}",
                    low=number(metric.unit, float(value) * (1 - share)),
                    high=number(metric.unit, float(value) * (1 + share)),
                ),
                "" if limit is None else metric.plain(limit),
            ]
        )
    return Grid(rows, (1, 2, 3))


def why_lines(made: Explanation) -> list[str]:
    """What each latency is made of, how busy passes are, and what limits the batch."""
    lines = []
    for metric, parts in made.parts.items():
        total = sum(one.seconds for one in parts)
        shares = listed([f"{say(one.name)} {duration(one.seconds * 1e3)}" for one in parts])
        name = metric.removesuffix("_ms").upper()
        lines.append(f"{name} {duration(total * 1e3)}: {shares}")
    for one in made.passes:
        took = duration(one.seconds * 1e3)
        lines.append(
            say(
                "A {phase} pass takes {took}: MFU {mfu:.0%}, MBU {mbu:.0%}",
                phase=say(one.phase),
                took=took,
                mfu=one.mfu,
                mbu=one.mbu,
            )
        )
    limits = listed([f"{say(name)} {batch:,}" for name, batch in made.largest_batch.items()])
    lines.append(say("Largest batch by limit: {limits}", limits=limits))
    if made.pool:
        lines.append(say("The {pool} pool is the slower one", pool=say(made.pool)))
    if made.drafting is not None:
        lines.append(
            say(
                "Drafts: {note}; {sentence}",
                note=made.drafting.note,
                sentence=made.drafting.sentence,
            )
        )
    return lines


def why_sections(made: Explanation) -> Iterator[Section]:
    """What its latencies, passes and memory are made of."""
    yield Section(say("Why"), Sentences(why_lines(made)))
    longest = sorted(made.operators, key=lambda one: one.seconds, reverse=True)[:_OPERATORS]
    rows = [[say(head) for head in ("operators", "pass", "time", "bound by", "constants")]]
    rows += [
        [
            say(one.name),
            say(one.phase),
            duration(one.seconds * 1e3),
            one.bound_by,
            say(one.provenance),
        ]
        for one in longest
    ]
    yield Section(say("Longest operators"), Grid(rows, (2,)))
    for table in made.memory_tables:
        held = [[say("memory per chip"), Unit.GIBIBYTES.value]]
        held += [[say(one.name), f"{one.bytes / GIB:.2f}"] for one in table.items]
        held.append([say("of"), f"{table.capacity_bytes / GIB:.2f}"])
        worker = say("Memory of a {pool} worker", pool=say(table.pool))
        yield Section(worker if table.pool else say("Memory"), Grid(held, (1,)))


def _verify(runs: Sequence[dict[str, object]]) -> Iterator[Section]:
    rows = [[say(head) for head in ("load", "metric", "expected", "low", "high")]]
    lines = []
    for run in runs:
        expected, clients = run["expected"], run["lines"]
        assert isinstance(expected, dict) and isinstance(clients, dict)
        rows += [
            [
                f"{run['concurrency']}",
                say(BY_ID[name].label) if name in BY_ID else name,
                *(f"{one[key]:,.4g}" for key in ("value", "low", "high")),
            ]
            for name, one in expected.items()
        ]
        lines.append(next(iter(clients.values())))
    yield Section(say("How to verify it"), Grid(rows, (0, 2, 3, 4)))
    yield Section(say("Benchmark lines"), Listing("\n".join(lines)))


def sources(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Iterator[Section]:
    """How far off such predictions have been, and where the constants come from."""
    accuracy = table.accuracy(row)
    chip, engine = prepared.chip, prepared.framework
    lines = [say("Accuracy: {sentence}", sentence=accuracy.sentence())]
    for profile in (chip, engine):
        lines += [
            f"{profile.name} ({say(str(profile.provenance))}): {one}" for one in profile.sources
        ]
    lines += map(retold, prepared.fallbacks)
    yield Section(say("Ranges and sources"), Sentences(lines))
