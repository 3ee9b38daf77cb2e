"""Ways side by side, for people, JSON and CSV: one line each, best first."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.assumed import assumed, print_assumed
from engine.cli.report.options import wants_report
from engine.cli.scenario.chosen import AUTO
from engine.cli.tables import number, print_csv, print_grid
from engine.plan.alternatives import (
    Alternative,
    alternative,
    hardware_choices,
    ranked,
)
from engine.plan.metrics.table import BY_ID, MEMORY
from engine.scenario import Best, Scenario
from engine.words.errors import RooftopError
from engine.words.messages import error_text, say
from engine.words.quantities import duration_within, rate_within

COST, ENERGY = "usd_per_million_output", "joules_per_token"


def run_hardware(
    arguments: argparse.Namespace,
    scenario: Scenario,
    chips: Sequence[str],
    engines: Sequence[str],
) -> int:
    """Every chip with every engine, best first."""
    choices = hardware_choices(scenario, chips, engines)
    if arguments.chips == AUTO:
        made = [_with_fewest_chips(*one, arguments.whole_nodes) for one in choices]
    else:
        made = [alternative(*one) for one in choices]
    found = ranked([one for one in made if one is not None])
    heading = "chip and engine"
    if wants_report(arguments):
        from engine.cli.report.of_others import alternatives_report
        from engine.cli.report.write import give_report

        grid = alternatives_grid(found, heading)
        give_report(arguments, alternatives_report(found, grid, heading))
    if arguments.json:
        document = {"alternatives": [one.values() for one in found]}
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv([_flat(one) for one in found])
    elif not arguments.markdown:
        told = next((one.prepared for one in found if one.prepared is not None), None)
        if told is not None:
            print_assumed(assumed(arguments, scenario, kind=told.kind))
        print_alternatives(found, heading)
    return FOUND if any(one.meets for one in found) else NOTHING_MEETS


def _with_fewest_chips(label: str, scenario: Scenario, whole_nodes: bool) -> Alternative | None:
    """The best plan on the fewest chips that carry the scenario's rate: every chip needs others."""
    from engine.plan.fleet.fewest import fewest_chips

    try:
        return alternative(label, fewest_chips(scenario, whole_nodes=whole_nodes))
    except RooftopError as error:
        return Alternative(label, scenario, error_text(error))


def _flat(one: Alternative) -> dict[str, Any]:
    return {name: value for name, value in one.values().items() if name != "quality"}


def print_alternatives(found: Sequence[Alternative], heading: str) -> None:
    """A table of answers, one line each, with ranges."""
    lines = alternatives_grid(found, heading)
    print_grid(lines, right=range(1, len(lines[0]) - 2))


def alternatives_grid(found: Sequence[Alternative], heading: str) -> list[list[str]]:
    """Its cells, under their heads."""
    head = [say(one) for one in (heading, *_headings(found), "plan", "verdict")]
    paid = _paid(found)
    return [head, *(_cells(one, len(head), paid) for one in found)]


def print_costs(found: Sequence[Alternative]) -> None:
    """What precisions cost in quality and where their weights come from."""
    print(f"\n{say('weights and quality (published evaluations, never a promise):')}")
    for one in found:
        if one.table is not None:
            told = [one.stored, *(quality.sentence() for quality in one.quality)]
            print(f"  {one.label}: {say('; ').join(told)}")


def _headings(found: Sequence[Alternative]) -> list[str]:
    told = next((one.table for one in found if one.table is not None), None)
    if told is None:
        return []
    shown = (BY_ID[id].short for id in (*_times(told.metrics), *_paid(found)))
    return [*(["chips"] if told.at_rate else []), told.rated.short, *shown, MEMORY.label]


def _paid(found: Sequence[Alternative]) -> list[str]:
    """What outputs cost where a price is known, and the energy of one where that ranks them."""
    energy = any(one.scenario.best is Best.ENERGY for one in found)
    asked = [COST, ENERGY] if energy else [COST]
    return [id for id in asked if any(_figure(one, id) is not None for one in found)]


def _figure(one: Alternative, id: str) -> float | None:
    if one.table is None or id not in one.table.metrics:
        return None
    value = one.figure(BY_ID[id])[0]
    return value if math.isfinite(value) else None


def _times(metrics: Mapping[str, object]) -> list[str]:
    return [id for id in ("ttft_ms", "tpot_ms", "latency_ms") if id in metrics]


def _cells(one: Alternative, most: int, paid: Sequence[str]) -> list[str]:
    table = one.table
    if table is None:
        return [one.label, *[""] * (most - 2), f"✗ {one.refused}"]
    times = (one.figure(BY_ID[id]) for id in _times(table.metrics))
    plan = f"{table.arrangement(0).name} B{int(table.batch[0])}"
    return [
        one.label,
        *([str(table.arrangement(0).chips)] if table.at_rate else []),
        rate_within(*one.figure(table.rated)),
        *(duration_within(*figure) for figure in times),
        *(number(BY_ID[id].unit, _figure(one, id)) for id in paid),
        f"{one.figure(MEMORY)[0]:.1f}",
        plan,
        f"{one.glyph} {one.lost or say('meets')}",
    ]
