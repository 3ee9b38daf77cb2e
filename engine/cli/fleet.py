"""``rooftop fleet``: chips for a rate, a day, or several loads on one stock."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.cli import FOUND, NOTHING_MEETS
from engine.cli.options import scenario_from
from engine.cli.progress import Progress
from engine.cli.report.document import Bars, Chart, Grid, Report, Section, Sentences, Series
from engine.cli.report.of_plan import sources
from engine.cli.report.options import wants_report
from engine.cli.report.write import give_report
from engine.cli.sweep import command_scenario, is_auto
from engine.cli.tables import print_csv, print_grid
from engine.cli.traced import like_trace
from engine.plan.fleet import Fleet, Sized, sized_fleet
from engine.plan.fleet_day import Day, planned_day
from engine.plan.fleet_pool import Split, best_split, read_stock
from engine.plan.lengths import fitted
from engine.plan.money.prices import load_prices
from engine.plan.plan_file import load_plan
from engine.plan.simulation_text import bars
from engine.scenario import LayoutLimits, Lengths, Scenario
from engine.serve.resolve import resolve
from engine.sources.files import user_path
from engine.sources.traces.day import read_day
from engine.sources.traces.trace import Trace
from engine.words.errors import InputError
from engine.words.quantities import dollars, duration, rate
from engine.work.arrangement import Aggregated

MOST_ROWS = 12


def run_fleet(arguments: argparse.Namespace) -> int:
    """Print what is asked: a stock's split, a day, or the chips for a rate."""
    wants_report(arguments)
    scenario = _scenario(arguments)
    if arguments.pool:
        _print_split(arguments, best_split(read_stock(user_path(arguments.pool), scenario)))
        return FOUND
    if arguments.day:
        return _run_day(arguments, scenario)
    _print_fleet(arguments, sized_fleet(_fitted(scenario), whole_nodes=arguments.whole_nodes))
    return FOUND


def _scenario(arguments: argparse.Namespace) -> Scenario:
    """The options' scenario; a plan's own layout is the only one that is tried."""
    if not arguments.plan:
        return like_trace(arguments, command_scenario(arguments))
    plan = load_plan(user_path(arguments.plan))
    arrangement = plan.choice.arrangement
    if not isinstance(arrangement, Aggregated):
        raise InputError("fleet: found a plan of pools, expected one of replicas")
    layout = arrangement.layout
    limits = LayoutLimits(
        (layout.tensor,), (layout.pipeline,), (layout.expert,), (layout.attention_data,)
    )
    return scenario_from(arguments, replace(plan.scenario, limits=limits))


def _fitted(scenario: Scenario) -> Scenario:
    return fitted(scenario, resolve(scenario).systems[0])


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


def _tell(arguments: argparse.Namespace, told: Told) -> None:
    """Print it, and write it as a report where one is asked for."""
    if not (arguments.markdown or arguments.json or arguments.csv):
        print(f"{told.said}\n")
        print_grid(told.grid.rows, right=told.grid.right)
        if told.foot:
            print("\n" + "\n".join(told.foot))
    chart = Section(told.chart.title, told.chart)
    table = Section("Table", told.grid)
    give_report(arguments, Report(told.title, told.said, (chart, table, *told.sections)))


# --- a rate -------------------------------------------------------------------------------------


def _print_fleet(arguments: argparse.Namespace, fleet: Fleet) -> None:
    rows = [_fleet_row(arguments, fleet, one) for one in fleet.sized]
    if arguments.json:
        json.dump({"rows": rows}, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(rows)
    _tell(arguments, _fleet_text(arguments, fleet, rows))


def _fleet_row(arguments: argparse.Namespace, fleet: Fleet, one: Sized) -> dict[str, Any]:
    sure = fleet.sure.get(one.key)
    price = load_prices(fleet.scenario.prices).of(fleet.prepared.chip.id)
    chips = fleet.node_chips(one.chips) if arguments.whole_nodes else one.chips
    layout, precision = one.key
    several = len(one.table.precisions) > 1
    return {
        "chip": fleet.prepared.chip.id,
        "layout": layout,
        "precision": precision if several else one.table.precision(one.row).name,
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


def _fleet_text(arguments: argparse.Namespace, fleet: Fleet, rows: list[dict[str, Any]]) -> Told:
    first, best = fleet.sized[0], rows[0]
    requests = fleet.scenario.workload.rate
    sure = best["replicas_90_percent"]
    more = f"; {sure} to be 90 % sure" if sure is not None else ""
    nodes = f", {best['chips']} in whole nodes" if arguments.whole_nodes else ""
    said = (
        f"{requests:g} requests/s of {fleet.prepared.model.name} take {first.chips} × "
        f"{fleet.prepared.chip.name} as {first.arrangement.name}: {first.replicas} "
        f"replica{'s' if first.replicas > 1 else ''}{more}{nodes}."
    )
    priced = best["usd_per_hour"] is not None
    lines = [["layout", "precision", "replicas", "90 %", "chips", "90 %", "TTFT", "TPOT", "used"]]
    lines[0] += ["$/h", "$/M out"] if priced else []
    for row in rows[:MOST_ROWS]:
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
            cells += [f"{row['usd_per_hour']:,.2f}", f"{row['usd_per_million_output']:.3g}"]
        lines.append(cells)
    chips = [
        (f"{one.words} ×{one.replicas}", float(one.chips), None, True)
        for one in fleet.sized[:MOST_ROWS]
    ]
    sections = sources(fleet.prepared, fleet.scenario, first.table, first.row)
    return Told(
        f"{fleet.prepared.model.name} on {fleet.prepared.chip.name}",
        said,
        Grid(lines, range(2, len(lines[0]))),
        Bars("Chips that carry the rate", "chips", chips),
        sections=tuple(sections),
    )


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


# --- a day --------------------------------------------------------------------------------------


def _run_day(arguments: argparse.Namespace, scenario: Scenario) -> int:
    with Progress("reading") as progress:
        rates, trace = read_day(user_path(arguments.day), progress.bytes)
    scenario = _fitted(_like(scenario, trace))
    grows = arguments.chips is None or is_auto(arguments)
    with Progress("planning hours") as progress:
        days = planned_day(scenario, rates, grows=grows, progress=progress.share)
    best = days[0]
    if arguments.json:
        document = {**best.totals(), "hours": best.rows(), "others": _others(days)}
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(best.rows())
    _tell(arguments, _day_text(days))
    return FOUND if not best.below else NOTHING_MEETS


def _like(scenario: Scenario, trace: Trace | None) -> Scenario:
    """The scenario with a trace's lengths, where nobody chose other ones."""
    if trace is None or scenario.workload.lengths is Lengths.CHOSEN:
        return scenario
    workload = replace(
        scenario.workload,
        input_tokens=max(round(float(trace.input_tokens.mean())), 1),
        output_tokens=max(round(float(trace.output_tokens.mean())), 1),
        input_spread=round(trace.input_spread, 3),
        output_spread=round(trace.output_spread, 3),
        lengths=Lengths.CHOSEN,
    )
    return replace(scenario, workload=workload)


def _others(days: tuple[Day, ...]) -> list[dict[str, Any]]:
    return [one.totals() for one in days[1:MOST_ROWS]]


def _day_text(days: tuple[Day, ...]) -> Told:
    best = days[0]
    totals, rows = best.totals(), best.rows()
    priced, measured = totals["usd"] is not None, totals["kwh"] is not None
    head = ["hour", "req/s", "replicas", "chips", "TTFT", "TPOT", "used"]
    lines = [[*head, *(["$"] if priced else []), *(["kWh"] if measured else []), ""]]
    for row in rows:
        cells = [
            f"{row['hour']:02d}",
            rate(row["requests_per_second"]),
            str(row["replicas"]),
            str(row["chips"]),
            _time(row["ttft_ms"]),
            _time(row["tpot_ms"]),
            "–" if row["utilised_percent"] is None else f"{row['utilised_percent']:.0f} %",
        ]
        cells += [f"{row['usd']:,.2f}"] if priced else []
        cells += ["–" if row["kwh"] is None else f"{row['kwh']:,.1f}"] if measured else []
        lines.append([*cells, "" if row["meets"] else "below the objectives"])
    foot = [
        f"chips    {bars([float(row['chips']) for row in rows], wide=2)}",
        f"req/s    {bars([row['requests_per_second'] for row in rows], wide=2)}",
    ]
    others = [_day_words(one.totals()) for one in days[1:5]]
    if others:
        foot += ["", "others:", *(f"  {one}" for one in others)]
    points = [(float(row["hour"]), float(row["chips"])) for row in rows]
    return Told(
        f"{best.prepared.model.name} on {best.prepared.chip.name}, hour by hour",
        _day_sentence(best, totals),
        Grid(lines, range(len(lines[0]) - 1)),
        Chart("Chips in use", "hour", "chips", (Series("", points),)),
        foot,
        (Section("Others", Sentences(others)),),
    )


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else duration(milliseconds)


def _day_sentence(day: Day, totals: dict[str, Any]) -> str:
    return (
        f"{day.prepared.model.name} on {day.prepared.chip.name}, {len(day.hours)} hours: "
        f"{_day_words(totals)}."
    )


def _day_words(totals: dict[str, Any]) -> str:
    words = [
        f"{totals['layout']}: {totals['peak_chips']} chips at the peak, "
        f"{totals['mean_chips']:.3g} on average"
    ]
    if totals["usd"] is not None:
        words.append(f"{dollars(totals['usd'])} a day")
    if totals["kwh"] is not None:
        words.append(f"{totals['kwh']:,.0f} kWh")
    below = totals["hours_below"]
    words.append("no hour below the objectives" if not below else f"{below} hours below")
    return ", ".join(words)


# --- a stock ------------------------------------------------------------------------------------


def _print_split(arguments: argparse.Namespace, split: Split) -> None:
    rows: list[dict[str, Any]] = [
        {
            "load": name,
            "chip": one.chip,
            "chips": one.sized.chips,
            "layout": one.sized.arrangement.name,
            "precision": one.sized.table.precision(one.sized.row).name,
            "ttft_ms": one.sized.value("ttft_ms"),
            "tpot_ms": one.sized.value("tpot_ms"),
            "usd_per_hour": round(one.cost, 4) if split.in_dollars else None,
        }
        for name, one in zip(split.names, split.chosen, strict=True)
    ]
    used = {chip: split.used(chip) for chip in split.stock}
    if arguments.json:
        document = {
            "loads": rows,
            "used": used,
            "stock": dict(split.stock),
            "cost": split.cost,
            "bound": split.bound,
            "is_best": split.is_best,
        }
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(rows)
    cost = f"{dollars(split.cost)} an hour" if split.in_dollars else f"{split.cost:,.0f} chips"
    least = f"{dollars(split.bound)}" if split.in_dollars else f"{split.bound:,.0f} chips"
    how = "no split costs less" if split.is_best else f"no split costs less than {least}"
    stock = ", ".join(f"{used[chip]} of {count} × {chip}" for chip, count in split.stock.items())
    said = f"{len(rows)} loads on {stock}: {cost}; {how}."
    lines = [["load", "chip", "chips", "plan", "TTFT", "TPOT"]]
    lines += [
        [
            row["load"],
            row["chip"],
            str(row["chips"]),
            f"{row['layout']} {row['precision']}",
            duration(row["ttft_ms"]),
            duration(row["tpot_ms"]),
        ]
        for row in rows
    ]
    chips = [(row["load"], float(row["chips"]), None, True) for row in rows]
    _tell(
        arguments,
        Told(
            "Several loads on one stock",
            said,
            Grid(lines, (2, 4, 5)),
            Bars("Chips of each load", "chips", chips),
        ),
    )
