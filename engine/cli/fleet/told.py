"""An answer of the fleet for people."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from engine.cli.report.document import Bars, Chart, Grid, Report, Section
from engine.cli.report.write import give_report
from engine.cli.tables import print_grid
from engine.words.messages import say


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the fleet for people: a sentence, its table, ``foot`` under it in a terminal,
    and what a report has besides."""

    title: str
    said: str
    grid: Grid
    chart: Chart | Bars
    foot: Sequence[str] = ()
    sections: tuple[Section, ...] = ()


def tell_answer(arguments: argparse.Namespace, told: Told) -> None:
    """Write it as a report where one is asked for, and print it."""
    chart = Section(told.chart.title, told.chart)
    table = Section(say("Table"), told.grid)
    # Before anything is printed: a reader who leaves early has the report all the same.
    give_report(arguments, Report(told.title, told.said, (chart, table, *told.sections)))
    if not (arguments.markdown or arguments.json or arguments.csv):
        print(f"{told.said}\n")
        print_grid(told.grid.rows, right=told.grid.right)
        if told.foot:
            print("\n" + "\n".join(told.foot))
