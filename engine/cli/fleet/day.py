"""Replicas over a day, on every chip and engine that is asked about: the cheapest first."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.fleet.told import Told, tell_answer
from engine.cli.progress import Progress
from engine.cli.report.document import Chart, Grid, Section, Sentences, Series
from engine.cli.streams import tell
from engine.cli.sweep import is_auto
from engine.cli.tables import print_csv
from engine.plan.fleet.day import Day, planned_day, with_lengths
from engine.plan.fleet_told import day_answer, day_words
from engine.plan.simulation.text import bars
from engine.scenario import Scenario
from engine.sources.files import user_path
from engine.sources.traces.day import read_day
from engine.words.cells import left
from engine.words.errors import InputError
from engine.words.messages import say

MOST_OTHERS = 11


def run_day(arguments: argparse.Namespace, scenarios: dict[str, Scenario]) -> int:
    """Print the day; ``scenarios`` by the names of chips and engines, where there are several.
    Fewer hours below the objectives come first, then fewer dollars where all chips have a price,
    else fewer chips."""
    with Progress("reading") as progress:
        rates, trace = read_day(user_path(arguments.day), progress.bytes)
    grows = arguments.chips is None or is_auto(arguments)
    found: list[_Named] = []
    for name, scenario in scenarios.items():
        with Progress(say("planning hours")) as progress:
            try:
                planned = planned_day(
                    with_lengths(scenario, trace), rates, grows=grows, progress=progress.share
                )
            except InputError as error:
                if len(scenarios) == 1:
                    raise
                tell(say("note: {name}: {error}", name=name, error=error))
                continue
        found += [_Named(name, day) for day in planned]
    if not found:
        raise InputError(say("fleet: none of these chips and engines carries the day"))
    days = tuple(sorted(found, key=lambda one: one.order))
    best = days[0].day
    if arguments.json:
        document = {**days[0].totals(), "hours": best.rows(), "others": _others(days)}
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(best.rows())
    tell_answer(arguments, _text(days))
    return FOUND if not best.below else NOTHING_MEETS


@dataclass(frozen=True, slots=True)
class _Named:
    """A day on the chip and engine called ``name``."""

    name: str
    day: Day

    @property
    def order(self) -> tuple[int, float, float]:
        """Fewer hours below, then dollars, then chips."""
        dollars = self.day.dollars
        return self.day.below, math.inf if math.isnan(dollars) else dollars, self.day.chip_hours

    def totals(self) -> dict[str, Any]:
        """The day as plain values."""
        prepared = self.day.prepared
        named = {"chip": prepared.chip.id, "engine": prepared.framework.id}
        return {**named, **self.day.totals()}


def _others(days: tuple[_Named, ...]) -> list[dict[str, Any]]:
    return [one.totals() for one in days[1 : MOST_OTHERS + 1]]


def _told(notes: tuple[str, ...]) -> list[str]:
    return [say("note: {note}", note=one) for one in notes]


def _text(days: tuple[_Named, ...]) -> Told:
    best = days[0].day
    answer, rows = day_answer(best), best.rows()
    foot = [
        f"{left(say('chips'), 8)} {bars([float(row['chips']) for row in rows], wide=2)}",
        f"{left(say('req/s'), 8)} {bars([row['requests_per_second'] for row in rows], wide=2)}",
    ]
    others = [f"{one.name} {day_words(one.totals())}".strip() for one in days[1:5]]
    if others:
        foot += ["", say("others:"), *(f"  {one}" for one in others)]
    foot += _told(answer.notes)
    points = [(float(row["hour"]), float(row["chips"])) for row in rows]
    return Told(
        say(
            "{model} on {chip}, hour by hour",
            model=best.prepared.model.name,
            chip=best.prepared.chip.name,
        ),
        answer.said,
        Grid(answer.cells, range(answer.right, len(answer.cells[0]) - 1)),
        Chart(say("Chips in use"), say("hour"), say("chips"), (Series("", points),)),
        foot,
        (Section(say("Others"), Sentences(others)),),
    )
