"""The chips that a rate takes, in every layout, on every chip and engine that is asked about."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from typing import Any

from engine.cli.fleet.told import Told, tell_answer
from engine.cli.report.document import Bars, Grid
from engine.cli.report.of_plan import sources
from engine.cli.tables import print_csv
from engine.plan.fleet.fewest import Fleet, Sized
from engine.plan.fleet_told import fleet_row, fleet_sentence, fleet_table, notes_of
from engine.words.messages import say

MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class _Line:
    """One fleet of one layout, on the chip and engine called ``name``."""

    name: str
    fleet: Fleet
    sized: Sized
    values: dict[str, Any]

    @property
    def order(self) -> tuple[float, float]:
        """What it costs, dollars before chips where all chips have a price."""
        price = self.values["usd_per_hour"]
        return (math.inf if price is None else price, self.values["chips"])


def print_fleets(arguments: argparse.Namespace, fleets: dict[str, Fleet]) -> None:
    """What the rate takes; ``fleets`` by the names of chips and engines, where there are several.
    Dollars rank them where prices are known, else chips."""
    lines = [
        _Line(name, fleet, one, fleet_row(fleet, one, whole_nodes=arguments.whole_nodes))
        for name, fleet in fleets.items()
        for one in fleet.sized
    ]
    if len(fleets) > 1:
        lines.sort(key=lambda line: line.order)
    rows = [line.values for line in lines]
    if arguments.json:
        json.dump({"rows": rows}, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(rows)
    tell_answer(arguments, _text(arguments, _shown(lines, len(fleets))))


def _shown(lines: list[_Line], fleets: int) -> list[_Line]:
    """The best lines, of several chips at most a few of each."""
    each = max(MOST_ROWS // fleets, 1)
    found: list[_Line] = []
    for line in lines:
        if sum(one.name == line.name for one in found) < each:
            found.append(line)
    return found[:MOST_ROWS]


def _text(arguments: argparse.Namespace, lines: list[_Line]) -> Told:
    best = lines[0]
    fleet, first = best.fleet, best.sized
    several = any(line.name != best.name for line in lines)
    table = fleet_table([(line.name, line.values) for line in lines])
    fleets = {line.name: line.fleet for line in lines}.values()
    notes = [say("note: {note}", note=one) for one in notes_of(fleets)]
    chips = [
        (f"{line.name} {line.sized.words} ×{line.sized.replicas}".strip(), chips, None, True)
        for line in lines
        for chips in (float(line.sized.chips),)
    ]
    return Told(
        say(
            "{model} on {chip}",
            model=fleet.prepared.model.name,
            chip=fleet.prepared.chip.name,
        ),
        fleet_sentence(fleet, first, whole_nodes=arguments.whole_nodes),
        Grid(table, range(3 if several else 2, len(table[0]))),
        Bars(say("Chips that carry the rate"), say("chips"), chips),
        notes,
        sections=tuple(sources(fleet.prepared, fleet.scenario, first.table, first.row)),
    )
