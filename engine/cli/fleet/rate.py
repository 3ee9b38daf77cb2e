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
from engine.plan.money.prices import load_prices
from engine.words.messages import say
from engine.words.quantities import duration

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
        _Line(name, fleet, one, _row(arguments, fleet, one))
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


def _row(arguments: argparse.Namespace, fleet: Fleet, one: Sized) -> dict[str, Any]:
    sure = fleet.sure.get(one.key)
    price = load_prices(fleet.scenario.prices).of(fleet.prepared.chip.id)
    chips = fleet.node_chips(one.chips) if arguments.whole_nodes else one.chips
    several = len(one.table.precisions) > 1
    return {
        "chip": fleet.prepared.chip.id,
        "engine": fleet.prepared.framework.id,
        "layout": one.arrangement.single.name,
        "precision": one.key[1] if several else one.table.precision(one.row).name,
        "replicas": one.replicas,
        "replicas_90_percent": None if sure is None else sure.replicas,
        "chips": chips,
        "chips_90_percent": None if sure is None else sure.chips,
        "ttft_ms": one.value("ttft_ms"),
        "tpot_ms": one.value("tpot_ms"),
        "utilised_percent": one.value("utilised_percent"),
        "usd_per_hour": price * chips if price == price else None,
        "usd_per_million_output": _known(one.value("usd_per_million_output")),
    }


def _known(value: float) -> float | None:
    return value if value == value else None


def _text(arguments: argparse.Namespace, lines: list[_Line]) -> Told:
    best = lines[0]
    fleet, first, values = best.fleet, best.sized, best.values
    requests = fleet.scenario.workload.rate
    sure = values["replicas_90_percent"]
    more = say("; {sure} to be 90 % sure", sure=sure) if sure is not None else ""
    nodes = say(", {chips} in whole nodes", chips=values["chips"]) if arguments.whole_nodes else ""
    said = say(
        "{requests:g} requests/s of {model} take {chips} × {chip} as "
        "{arrangement}: {replicas} replica{value}{more}{nodes}.",
        requests=requests,
        model=fleet.prepared.model.name,
        chips=first.chips,
        chip=fleet.prepared.chip.name,
        arrangement=first.arrangement.name,
        replicas=first.replicas,
        value="s" if first.replicas > 1 else "",
        more=more,
        nodes=nodes,
    )
    several = any(line.name != best.name for line in lines)
    priced = values["usd_per_hour"] is not None
    head = ["layout", "precision", "replicas", "90 %", "chips", "90 %", "TTFT", "TPOT", "used"]
    head += [say("$/h"), say("$/M out")] if priced else []
    table = [[*([say("chip and engine")] if several else []), *head]]
    table += [[*([line.name] if several else []), *_cells(line, priced)] for line in lines]
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
        said,
        Grid(table, range(3 if several else 2, len(table[0]))),
        Bars(say("Chips that carry the rate"), say("chips"), chips),
        sections=tuple(sources(fleet.prepared, fleet.scenario, first.table, first.row)),
    )


def _cells(line: _Line, priced: bool) -> list[str]:
    row = line.values
    cells = [
        row["layout"],
        row["precision"],
        str(row["replicas"]),
        _count(row["replicas_90_percent"]),
        str(row["chips"]),
        _count(row["chips_90_percent"]),
        duration(row["ttft_ms"]),
        duration(row["tpot_ms"]),
        f"{row['utilised_percent']:.0f} %",
    ]
    if priced:
        dollars = (row["usd_per_hour"], row["usd_per_million_output"])
        cells += ["–" if one is None else f"{one:,.4g}" for one in dollars]
    return cells


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)
