"""The answer in words: the best plan, what binds it, and why the others lost."""

from __future__ import annotations

import numpy as np

from engine.plan.prepared import Prepared
from engine.plan.results import Binding, Sweep, Table
from engine.plan.sweep import batch_table
from engine.scenario import Objectives, Scenario
from engine.words.quantities import GIB, duration, duration_beyond, memory_amount, rate

_NAMES = {
    Binding.TTFT: ("TTFT", "ttft_ms", "ttft_ms"),
    Binding.TPOT: ("TPOT", "tpot_ms", "tpot_ms"),
    Binding.E2E: ("end-to-end latency", "e2e_ms", "e2e_ms"),
    Binding.LATENCY: ("latency", "latency_ms", "latency_ms"),
}


def why_lost(table: Table, row: int, objectives: Objectives, capacity_gib: float) -> str:
    """Why one row is not a plan, in a few words; empty when it meets every objective."""
    binding = Binding(int(table.binding[row]))
    if binding is Binding.NONE:
        return ""
    if binding is Binding.MEMORY:
        lacking = float(table.metrics["memory_gib"][row]) - capacity_gib
        return f"lacks {memory_amount(lacking)} of memory per chip"
    name, metric, objective = _NAMES[binding]
    value = float(table.metrics[metric][row])
    limit = getattr(objectives, objective)
    over = 100.0 * (value / limit - 1.0)
    digits = 1 if over >= 0.1 else 3
    return f"{name} {duration_beyond(value, limit)} misses {duration(limit)} by {over:.{digits}f} %"


def capacity_gib(prepared: Prepared) -> float:
    """Memory per chip that the framework may use."""
    usable = prepared.chip.memory_bytes * prepared.framework.memory.memory_fraction
    return usable / GIB


def answer(prepared: Prepared, scenario: Scenario, sweep: Sweep) -> str:
    """One sentence: the winner with its numbers and what binds; or what comes nearest."""
    if sweep.best is not None:
        sentence = _winning(prepared, scenario, sweep.table, sweep.best)
    elif sweep.nearest is None:
        sentence = "Nothing to choose from: no layout was tried."
    else:
        sentence = _losing(prepared, scenario, sweep.table, sweep.nearest)
    return " ".join((sentence, *(f"{note}." for note in prepared.notes)))


def _subject(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    layout = table.layout(row)
    precision = table.precision(row).name
    if table.kind == "vision":
        several = f", {scenario.instances} instances each" if scenario.instances > 1 else ""
        return (
            f"{prepared.model.name} on {layout.chips} × {prepared.chip.name}{several} "
            f"in {precision}, batch {int(table.batch[row])}"
        )
    return (
        f"{prepared.model.name} on {layout.chips} × {prepared.chip.name} "
        f"as {layout.name} {precision}, batch {int(table.batch[row])}"
    )


def _winning(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    sentence = f"Serve {_subject(prepared, scenario, table, row)}: {_figures(prepared, table, row)}"
    return f"{sentence}; {_what_binds(prepared, scenario, table, row)}."


def _figures(prepared: Prepared, table: Table, row: int) -> str:
    metrics = {name: float(column[row]) for name, column in table.metrics.items()}
    if table.kind == "vision":
        return (
            f"{rate(metrics['fps_per_chip'])} {prepared.vision.samples}/s/chip "
            f"at {duration(metrics['latency_ms'])} per batch"
        )
    return (
        f"{rate(metrics['tps_per_chip'])} tok/s/chip at TTFT {duration(metrics['ttft_ms'])}, "
        f"TPOT {duration(metrics['tpot_ms'])}"
    )


def _what_binds(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """What the next larger batch of the same layout would miss."""
    batch = int(table.batch[row]) + 1
    if scenario.max_batch is not None and batch > scenario.max_batch:
        return f"the batch limit of {scenario.max_batch} binds"
    following, place = _next_batch(prepared, scenario, table, row)
    binding = Binding(int(following.binding[place]))
    if binding is Binding.MEMORY:
        lacking = float(following.metrics["memory_gib"][place]) - capacity_gib(prepared)
        return f"memory binds, batch {batch} lacks {memory_amount(lacking)} per chip"
    if binding is Binding.NONE:
        return "no limit binds, a larger batch brings no more per chip"
    name, metric, objective = _NAMES[binding]
    value = float(following.metrics[metric][place])
    limit = getattr(scenario.objectives, objective)
    return f"{name} binds, batch {batch} would need {duration_beyond(value, limit)}"


def _next_batch(
    prepared: Prepared, scenario: Scenario, table: Table, row: int
) -> tuple[Table, int]:
    """A table and the row in it that has one sequence more than ``row``."""
    batch = int(table.batch[row]) + 1
    after = row + 1
    if (
        after < len(table)
        and table.batch[after] == batch
        and table.layout_index[after] == table.layout_index[row]
        and table.precision_index[after] == table.precision_index[row]
    ):
        return table, after
    layout, precision = table.layout(row), table.precision(row)
    return batch_table(prepared, scenario, layout, precision, np.array([batch])), 0


def _losing(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    subject = _subject(prepared, scenario, table, row)
    lost = why_lost(table, row, scenario.objectives, capacity_gib(prepared))
    if not table.fits[row]:
        return f"Nothing fits: nearest is {subject}, which {lost}."
    figures = _figures(prepared, table, row)
    return f"Nothing meets the objectives: nearest is {subject} ({figures}); {lost}."
