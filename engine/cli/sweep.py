"""``rooftop sweep``: the ranked table, for people, JSON and CSV."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.options import idle_options, scenario_from
from engine.plan.answer import answer, capacity_gib, why_lost
from engine.plan.plan_document import benchmark_names, row_metrics
from engine.plan.prepared import Prepared, prepare
from engine.plan.ranges import Accuracy, accuracy_of
from engine.plan.results import Binding, Sweep, Table
from engine.plan.sweep import sweep
from engine.scenario import Objectives, Scenario
from engine.words.errors import InputError
from engine.words.units import parse_count


def command_scenario(arguments: argparse.Namespace) -> Scenario:
    """A command's scenario: limits are only those that were asked for."""
    return scenario_from(arguments, Scenario(objectives=Objectives()))


def prepare_told(arguments: argparse.Namespace) -> tuple[Scenario, Prepared]:
    """A command's scenario, resolved; stderr hears which options do nothing for its model.

    Without a framework asked for, a vision model gets one that serves it.
    """
    scenario = command_scenario(arguments)
    prepared = prepare(scenario)
    if arguments.framework is None and prepared.framework.id != scenario.framework:
        scenario = replace(scenario, framework=prepared.framework.id)
        prepared = prepare(scenario)
    note = idle_options(arguments, prepared.model)
    if note:
        print(f"note: {note}", file=sys.stderr)
    return scenario, prepared


def run_sweep(arguments: argparse.Namespace) -> int:
    """Sweep, print, and say by the exit code whether anything meets the objectives."""
    count = _row_count(arguments.rows)
    scenario, prepared = prepare_told(arguments)
    result = sweep(prepared, scenario)
    if result is None:
        raise InputError("sweep: stopped")
    rows = [
        sweep_row(prepared, scenario, result.table, int(row))
        for row in (result.order if count is None else result.order[:count])
    ]
    if arguments.json:
        _print_json(prepared, scenario, result, rows)
    elif arguments.csv:
        _print_csv(rows)
    else:
        _print_table(prepared, scenario, result, rows)
    return FOUND if result.best is not None else NOTHING_MEETS


def _row_count(text: str) -> int | None:
    return None if text == "all" else parse_count(text, "--rows")


def sweep_row(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> dict[str, Any]:
    """One candidate as plain values; metrics that do not exist are None."""
    layout, precision = table.layout(row), table.precision(row)
    batch = int(table.batch[row])
    known = row_metrics(table, row)
    return {
        "model": prepared.model.name,
        "chip": prepared.chip.id,
        "chips": layout.chips,
        "layout": layout.name,
        "tensor": layout.tensor,
        "pipeline": layout.pipeline,
        "expert": layout.expert,
        "attention_data": layout.attention_data,
        "replicas": layout.replicas,
        "precision": precision.name,
        "weights": precision.weights.name,
        "activations": precision.activations.name,
        "kv": precision.kv.name,
        "batch": batch,
        **{name: known.get(name) for name in table.metrics},
        "fits": bool(table.fits[row]),
        "meets": bool(table.meets[row]),
        "binding": Binding(int(table.binding[row])).name.lower(),
        "why": why_lost(table, row, scenario.objectives, capacity_gib(prepared)),
        "benchmark": benchmark_names(prepared, scenario, precision, batch)[0],
        **row_accuracy(prepared, scenario, table, row).values(),
    }


def row_accuracy(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> Accuracy:
    """How far off such predictions have been."""
    precision = prepared.precisions.index(table.precision(row))
    return accuracy_of(prepared, scenario.workload.mode, precision)


def _print_json(
    prepared: Prepared, scenario: Scenario, result: Sweep, rows: list[dict[str, Any]]
) -> None:
    best = result.best
    document = {
        "candidates": result.candidates,
        "elapsed_ms": round(result.elapsed_seconds * 1e3, 3),
        "answer": answer(prepared, scenario, result),
        "best": None if best is None else sweep_row(prepared, scenario, result.table, best),
        "nearest": None
        if result.nearest is None
        else sweep_row(prepared, scenario, result.table, result.nearest),
        "rows": rows,
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def _print_csv(rows: list[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


_COLUMNS = {
    "batch": ("batch", "{:d}"),
    "layout": ("layout", "{}"),
    "precision": ("precision", "{}"),
    "kv": ("KV", "{}"),
    "ttft_ms": ("TTFT ms", "{:,.1f}"),
    "tpot_ms": ("TPOT ms", "{:,.2f}"),
    "e2e_ms": ("E2E ms", "{:,.0f}"),
    "latency_ms": ("latency ms", "{:,.2f}"),
    "fps": ("images/s", "{:,.1f}"),
    "fps_per_chip": ("images/s/chip", "{:,.1f}"),
    "tps_per_chip": ("tok/s/chip", "{:,.1f}"),
    "tps_per_user": ("tok/s/user", "{:,.1f}"),
    "memory_gib": ("GiB/chip", "{:,.1f}"),
    "why": ("verdict", "{}"),
}


def _print_table(
    prepared: Prepared, scenario: Scenario, result: Sweep, rows: list[dict[str, Any]]
) -> None:
    print(answer(prepared, scenario, result))
    elapsed = result.elapsed_seconds * 1e3
    print(f"{result.candidates:,} candidates in {elapsed:,.0f} ms; best first\n")
    vision = result.table.kind == "vision"
    left_out = {"layout", "kv"} if vision else set()
    columns = [name for name in _COLUMNS if name in rows[0] and name not in left_out]
    titles = [_COLUMNS[name][0] for name in columns]
    if vision:
        titles = [title.replace("images", prepared.vision.samples) for title in titles]
    lines = [titles]
    lines += [[_cell(name, row) for name in columns] for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = [
            text.ljust(width) if name in {"layout", "precision", "kv", "why"} else text.rjust(width)
            for name, text, width in zip(columns, line, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())
    first = int(result.order[0])
    print(f"accuracy: {row_accuracy(prepared, scenario, result.table, first).sentence()}")
    # The answer about a vision model has said its own.
    for note in () if vision else prepared.fallbacks:
        print(f"note: {note}")


def _cell(name: str, row: dict[str, Any]) -> str:
    value = row[name]
    if name == "why":
        return f"✗ {value}" if value else "✓ meets"
    return "–" if value is None else _COLUMNS[name][1].format(value)
