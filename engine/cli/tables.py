"""Rows of candidates for people and for spreadsheets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.cli.streams import tell
from engine.plan.blocks import has_one_token
from engine.plan.kept import MEETS, MISSES, NEAR
from engine.plan.kinds import plan_kind
from engine.plan.metrics.metric import Metric, Needs, Unit
from engine.plan.metrics.table import USED, metrics_about
from engine.plan.money.notes import watts_note
from engine.plan.prepared import Prepared
from engine.plan.ranges.accuracy import Accuracy
from engine.scenario import ArrangementKind, Best, Scenario
from engine.sources.csv_text import rows_text
from engine.words.cells import cells, left
from engine.words.cells import right as to_the_right
from engine.words.messages import retold, say


def print_csv(rows: list[dict[str, Any]]) -> None:
    """Rows with a header; what a row lacks is empty."""
    sys.stdout.write(rows_text(rows))


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the table for people."""

    title: str
    cell: Callable[[dict[str, Any]], str]
    is_text: bool = False


def _columns(prepared: Prepared, scenario: Scenario, rows: list[dict[str, Any]]) -> list[_Column]:
    """What tells candidates apart, the metrics that are shown (what things cost where somebody
    says prices, or ranks or limits by it), and the verdict."""

    def is_told(metric: Metric) -> bool:
        told = metric.needs is Needs.PRICE or scenario.best is Best.ENERGY
        known = metric.needs is not Needs.NOTHING and any(row.get(metric.id) for row in rows)
        return known and told

    kind = plan_kind(prepared)
    columns = [
        _Column(_TITLES.get(name, name), _text_of(name), is_text=name != "batch")
        for name in kind.distinguishing
    ]
    columns += [
        _Column(kind.heading(prepared, metric), _figure_of(metric))
        for metric in metrics_about(prepared.kind, one_token=has_one_token(prepared, scenario))
        if metric.shown or is_asked(metric, scenario) or is_told(metric)
    ]
    if scenario.arrangement is not ArrangementKind.AGGREGATED and kind.rearranges:
        columns.append(_Column("binds", _text_of("pool"), is_text=True))
    return [*columns, _Column("verdict", _verdict, is_text=True)]


def is_asked(metric: Metric, scenario: Scenario) -> bool:
    """Whether a column that is hidden at first says something that was asked for."""
    if metric is USED:
        return bool(scenario.workload.rate)
    return metric.limit_in(scenario.objectives) is not None


_TITLES = {"kv": "KV"}


def _text_of(name: str) -> Callable[[dict[str, Any]], str]:
    return lambda row: str(row[name])


def _figure_of(metric: Metric) -> Callable[[dict[str, Any]], str]:
    return lambda row: number(metric.unit, row.get(metric.id))


def number(unit: Unit, value: float | None) -> str:
    """A metric for people: times with more digits the shorter they are."""
    if value is None:
        return "–"
    if unit in {Unit.DOLLARS, Unit.JOULES}:
        return f"{value:,.3g}"
    if unit is not Unit.MILLISECONDS:
        return f"{value:,.1f}"
    digits = 2 if value < 100 else 1 if value < 10_000 else 0
    return f"{value:,.{digits}f}"


def _verdict(row: dict[str, Any]) -> str:
    if row["near"]:
        return say(
            "{NEAR} {why}, {certainty_percent:.0f} % certain",
            NEAR=NEAR,
            why=row["why"] or say("meets"),
            certainty_percent=row["certainty_percent"],
        )
    return f"{MISSES} {row['why']}" if row["why"] else f"{MEETS} {say('meets')}"


def print_rows(prepared: Prepared, scenario: Scenario, rows: list[dict[str, Any]]) -> None:
    """The table for people."""
    print_grid(*grid_of(prepared, scenario, rows))


def grid_of(
    prepared: Prepared, scenario: Scenario, rows: list[dict[str, Any]]
) -> tuple[list[list[str]], list[int]]:
    """Cells of the table for people under their heads, and which columns are figures."""
    columns = _columns(prepared, scenario, rows)
    lines = [[say(one.title) for one in columns]]
    lines += [[one.cell(row) for one in columns] for row in rows]
    return lines, [place for place, one in enumerate(columns) if not one.is_text]


def print_grid(lines: Sequence[Sequence[str]], right: Sequence[int]) -> None:
    """Lines of cells in columns as wide as their longest cell; those ``right`` are figures."""
    most = len(lines[0])
    widths = [max(cells(line[place]) for line in lines) for place in range(most)]
    for line in lines:
        texts = [
            to_the_right(text, widths[place]) if place in right else left(text, widths[place])
            for place, text in enumerate(line)
        ]
        print("  ".join(texts).rstrip())


def tell_unknown(prepared: Prepared) -> None:
    """Say on stderr, beside JSON or CSV, which columns are missing for want of a figure."""
    note = watts_note(prepared)
    if note:
        tell(say("note: {note}", note=note))


def print_reliability(prepared: Prepared, accuracy: Accuracy, told: Sequence[str] = ()) -> None:
    """How far off predictions have been, and what cannot be had as asked (energy of a chip
    whose watts nobody says), ``told`` apart."""
    print(say("accuracy: {sentence}", sentence=accuracy.sentence()))
    for note in (*prepared.fallbacks, *filter(None, [watts_note(prepared)])):
        if note not in told:
            print(say("note: {note}", note=retold(note)))
