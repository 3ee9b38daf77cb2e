"""Candidates as a notebook shows them: one in a line, several as a short table."""

from __future__ import annotations

import math

from engine.plan.kinds import plan_kind
from engine.plan.lost import why_lost
from engine.plan.metrics.table import NOTHING, metrics_about
from engine.plan.prepared import Prepared
from engine.plan.results import Table
from engine.scenario import Scenario
from engine.words.arrays import IntArray

SHOWN = 10
"""Rows of a table; what follows is counted."""


def candidate_text(prepared: Prepared, scenario: Scenario, table: Table, row: int) -> str:
    """What one candidate serves on what, what it delivers, and why it is no plan where it is
    none."""
    kind = plan_kind(prepared)
    subject = kind.subject(prepared, scenario, table, row)
    lost = why_lost(table, row, scenario.objectives)
    accuracy = table.accuracy(row)
    figures = kind.figures(prepared, table, row, scenario.objectives, accuracy)
    delivers = "" if math.isnan(_throughput(table, row)) else f": {figures}"
    return f"{subject}{delivers}{'; ' if lost else ''}{lost}"


def _throughput(table: Table, row: int) -> float:
    return table.value(row, table.throughput)


def table_text(prepared: Prepared, table: Table, rows: IntArray) -> str:
    """The first rows with what tells them apart, and how many there are."""
    known = metrics_about(prepared.kind, one_token=table.one_token)
    shown = [metric for metric in known if metric.shown]
    degrees = ["layout"] if plan_kind(prepared).rearranges else []
    labels = [plan_kind(prepared).heading(prepared, metric) for metric in shown]
    lines = [["", *degrees, "precision", "batch", *labels, "misses"]]
    for place, row in enumerate(map(int, rows[:SHOWN])):
        verdict = table.verdict(row)
        lines.append(
            [
                str(place),
                *([table.arrangement(row).name] if degrees else []),
                table.precision(row).name,
                f"{table.batch[row]:,}",
                *(_figure(table.value(row, metric.id)) for metric in shown),
                "" if verdict is NOTHING else verdict.name,
            ]
        )
    text = _aligned(lines, left={"layout", "precision", "misses"})
    more = len(rows) - SHOWN
    return f"{text}\n… {more:,} more" if more > 0 else text


def _figure(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.{1 if value >= 100 else 2}f}"


def _aligned(lines: list[list[str]], left: set[str]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    titles = lines[0]
    rows = (
        "  ".join(
            text.ljust(width) if title in left else text.rjust(width)
            for title, text, width in zip(titles, line, widths, strict=True)
        )
        for line in lines
    )
    return "\n".join(row.rstrip() for row in rows)
