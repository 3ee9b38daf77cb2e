"""``rooftop sweep``: the ranked table, for people, JSON and CSV."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.options import idle_options, scenario_from
from engine.plan.answer import answer
from engine.plan.kinds import plan_kind
from engine.plan.metrics import Metric, Unit, metrics_of
from engine.plan.prepared import Prepared, prepare
from engine.plan.ranges import accuracy_of
from engine.plan.results import Sweep
from engine.plan.rows import row_values, rows_values
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
    engine = plan_kind(prepared).engine(prepared, scenario)
    if arguments.framework is None and engine != scenario.framework:
        scenario = replace(scenario, framework=engine)
        prepared = prepare(scenario)
    note = idle_options(arguments, prepared.model.kind)
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
    shown = result.order if count is None else result.order[:count]
    rows = rows_values(prepared, scenario, result.table, map(int, shown))
    if arguments.json:
        _print_json(prepared, scenario, result, rows)
    elif arguments.csv:
        _print_csv(rows)
    else:
        _print_table(prepared, scenario, result, rows)
    return FOUND if result.best is not None else NOTHING_MEETS


def _row_count(text: str) -> int | None:
    return None if text == "all" else parse_count(text, "--rows")


def _print_json(
    prepared: Prepared, scenario: Scenario, result: Sweep, rows: list[dict[str, Any]]
) -> None:
    def told(row: int | None) -> dict[str, Any] | None:
        return None if row is None else row_values(prepared, scenario, result.table, row)

    document = {
        "candidates": result.candidates,
        "elapsed_ms": round(result.elapsed_seconds * 1e3, 3),
        "answer": answer(prepared, scenario, result),
        "best": told(result.best),
        "nearest": told(result.nearest),
        "rows": rows,
    }
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
    print()


def _print_csv(rows: list[dict[str, Any]]) -> None:
    # Precisions may differ in what is known of their error.
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(sys.stdout, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table for people."""

    title: str
    cell: Callable[[dict[str, Any]], str]
    is_text: bool = False


def _columns(prepared: Prepared) -> list[_Column]:
    """What tells candidates apart, the metrics that are shown, and the verdict."""
    kind = plan_kind(prepared)
    columns = [
        _Column(_TITLES.get(name, name), _text_of(name), is_text=name != "batch")
        for name in kind.distinguishing
    ]
    columns += [
        _Column(kind.heading(prepared, metric), _figure_of(metric))
        for metric in metrics_of(prepared.kind)
        if metric.shown
    ]
    return [*columns, _Column("verdict", _verdict, is_text=True)]


_TITLES = {"kv": "KV"}


def _text_of(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: str(row[name])


def _figure_of(metric: Metric) -> Callable[[dict[str, Any]], str]:
    return lambda row: _number(metric.unit, row[metric.id])


def _number(unit: Unit, value: float | None) -> str:
    """A metric for people: times with more digits the shorter they are."""
    if value is None:
        return "–"
    if unit is not Unit.MILLISECONDS:
        return f"{value:,.1f}"
    digits = 2 if value < 100 else 1 if value < 10_000 else 0
    return f"{value:,.{digits}f}"


def _verdict(row: dict[str, Any]) -> str:
    return f"✗ {row['why']}" if row["why"] else "✓ meets"


def _print_table(
    prepared: Prepared, scenario: Scenario, result: Sweep, rows: list[dict[str, Any]]
) -> None:
    print(answer(prepared, scenario, result))
    elapsed = result.elapsed_seconds * 1e3
    print(f"{result.candidates:,} candidates in {elapsed:,.0f} ms; best first\n")
    columns = _columns(prepared)
    lines = [[one.title for one in columns]]
    lines += [[one.cell(row) for one in columns] for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = [
            text.ljust(width) if column.is_text else text.rjust(width)
            for column, text, width in zip(columns, line, widths, strict=True)
        ]
        print("  ".join(cells).rstrip())
    first = result.table.precision(int(result.order[0]))
    print(f"accuracy: {accuracy_of(prepared, scenario, first).sentence()}")
    # The answer has said what the model as a whole cannot have.
    for note in prepared.fallbacks:
        if note not in prepared.notes:
            print(f"note: {note}")
