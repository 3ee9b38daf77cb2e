"""The chips that a rate takes, in every layout, on every chip and engine that is asked about."""

from __future__ import annotations

import argparse
import json
import sys

from engine.cli.assumed import assumed
from engine.cli.fleet.told import Told, tell_answer
from engine.cli.report.document import Bars, Grid
from engine.cli.report.of_fleet import behind
from engine.cli.tables import print_csv
from engine.plan.fleet.several import Fleets, Ranked
from engine.plan.fleet_told import fleet_row, ranked_answer
from engine.words.messages import say

MOST_ROWS = 12


def print_fleets(arguments: argparse.Namespace, fleets: Fleets, *, planned: bool) -> None:
    """What the rate takes, on one chip and engine or on several. A saved plan that was ``planned``
    takes nothing for granted."""
    lines, nodes = fleets.ranked(), arguments.whole_nodes
    rows = [fleet_row(line.fleet, line.sized, whole_nodes=nodes) for line in lines]
    if arguments.json:
        json.dump({"rows": rows}, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(rows)
    foot = "" if planned else _assumed(arguments, fleets)
    tell_answer(arguments, _text(arguments, _shown(lines, len(fleets.by_name)), foot))


def _assumed(arguments: argparse.Namespace, fleets: Fleets) -> str:
    fleet, several = next(iter(fleets.by_name.values())), len(fleets.by_name) > 1
    return assumed(
        arguments,
        fleet.scenario,
        kind=fleet.prepared.kind,
        chip=None if several else fleet.prepared.chip,
        framework=None if several else fleet.prepared.framework,
        counts_chips=False,
    )


def _shown(lines: list[Ranked], fleets: int) -> list[Ranked]:
    """The best lines, of several chips at most a few of each."""
    each = max(MOST_ROWS // fleets, 1)
    found: list[Ranked] = []
    for line in lines:
        if sum(one.name == line.name for one in found) < each:
            found.append(line)
    return found[:MOST_ROWS]


def _text(arguments: argparse.Namespace, lines: list[Ranked], foot: str) -> Told:
    best = lines[0]
    fleet, first = best.fleet, best.sized
    answer = ranked_answer(lines, whole_nodes=arguments.whole_nodes)
    notes = [say("note: {note}", note=one) for one in answer.notes]
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
        answer.said,
        Grid(answer.cells, range(answer.right, len(answer.cells[0]))),
        Bars(say("Chips that carry the rate"), say("chips"), chips),
        [*filter(None, [foot]), *notes],
        sections=tuple(behind(fleet, first)) if arguments.report or arguments.markdown else (),
    )
