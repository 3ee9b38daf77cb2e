"""What a fleet answers, for people: a sentence and a table of cells, the same in a terminal, in a
report and in the app."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.plan.fleet.day import Day
from engine.plan.fleet.fewest import Fleet, Sized
from engine.plan.fleet.several import Ranked
from engine.plan.money.notes import money_notes
from engine.plan.money.prices import load_prices
from engine.plan.stock import Split
from engine.words.messages import say
from engine.words.quantities import chips_words, dollars, duration, per_second, rate, replicas_words


@dataclass(frozen=True, slots=True)
class Answer:
    """A sentence and its table: the first row of ``cells`` is its head, columns from ``right`` on
    are figures. ``notes`` are what is to be said of money and energy."""

    said: str
    cells: list[list[str]]
    right: int
    notes: tuple[str, ...] = ()


# --- chips for a rate -----------------------------------------------------------------------


def fleet_row(fleet: Fleet, one: Sized, *, whole_nodes: bool = False) -> dict[str, Any]:
    """One layout that carries the rate, as plain values; None where nobody knows."""
    sure = fleet.sure.get(one.key)
    price = load_prices(fleet.scenario.prices).of(fleet.prepared.chip.id)
    counted = fleet.node_chips if whole_nodes else int
    chips = counted(one.chips)
    several = len(fleet.prepared.precisions) > 1
    return {
        "chip": fleet.prepared.chip.id,
        "engine": fleet.prepared.framework.id,
        "layout": one.arrangement.single.name,
        "precision": one.key[1] if several else one.table.precision(one.row).name,
        "replicas": one.replicas,
        "replicas_90_percent": None if sure is None else sure.replicas,
        "chips": chips,
        "chips_90_percent": None if sure is None else counted(sure.chips),
        "ttft_ms": one.value("ttft_ms"),
        "tpot_ms": one.value("tpot_ms"),
        "utilised_percent": one.value("utilised_percent"),
        "usd_per_hour": price * chips if price == price else None,
        "usd_per_million_output": _known(one.value("usd_per_million_output")),
    }


def _known(value: float) -> float | None:
    return value if value == value else None


def fleet_sentence(fleet: Fleet, best: Sized, *, whole_nodes: bool = False) -> str:
    """``12 requests/s of … take 36 × H200 as TP4 ×9: 9 replicas; 10 to be 90 % sure.``"""
    values = fleet_row(fleet, best, whole_nodes=whole_nodes)
    sure = values["replicas_90_percent"]
    more = say("; {sure} to be 90 % sure", sure=sure) if sure is not None else ""
    nodes = say(", {chips} in whole nodes", chips=values["chips"]) if whole_nodes else ""
    return say(
        "{requests} requests/s of {model} take {chips} × {chip} as "
        "{arrangement}: {replicas}{more}{nodes}.",
        requests=per_second(fleet.scenario.workload.rate),
        model=fleet.prepared.model.name,
        chips=best.chips,
        chip=fleet.prepared.chip.name,
        arrangement=best.arrangement.name,
        replicas=replicas_words(best.replicas),
        more=more,
        nodes=nodes,
    )


def fleet_table(lines: Sequence[tuple[str, dict[str, Any]]]) -> list[list[str]]:
    """Layouts that carry a rate, with the name of chip and engine where there are several."""
    several = len({name for name, _ in lines}) > 1
    priced = any(row["usd_per_hour"] is not None for _, row in lines)
    # What decides comes before what has no room in a narrow terminal.
    head = ["layout", "precision", "replicas", "90 %", "chips", "90 %"]
    head += ["$/h", "$/M out"] if priced else []
    head += ["TTFT", "TPOT", "used"]
    head = [*([say("chip and engine")] if several else []), *map(say, head)]
    return [head, *([*([name] if several else []), *_cells(row, priced)] for name, row in lines)]


def _cells(row: dict[str, Any], priced: bool) -> list[str]:
    used = row["utilised_percent"]
    cells = [
        row["layout"],
        row["precision"],
        str(row["replicas"]),
        _count(row["replicas_90_percent"]),
        str(row["chips"]),
        _count(row["chips_90_percent"]),
    ]
    if priced:
        spent = (row["usd_per_hour"], row["usd_per_million_output"])
        cells += ["–" if one is None else f"{one:,.4g}" for one in spent]
    return [*cells, duration(row["ttft_ms"]), duration(row["tpot_ms"]), f"{used:.0f} %"]


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


def notes_of(fleets: Iterable[Fleet]) -> tuple[str, ...]:
    """What is to be said of money and energy of any of them, once."""
    notes = (note for one in fleets for note in money_notes(one.prepared, one.scenario))
    return tuple(dict.fromkeys(notes))


def ranked_answer(lines: Sequence[Ranked], *, whole_nodes: bool = False) -> Answer:
    """Layouts that carry the rate, in their order; the sentence is about the first."""
    rows = [(one.name, fleet_row(one.fleet, one.sized, whole_nodes=whole_nodes)) for one in lines]
    best = lines[0]
    several = len({one.name for one in lines}) > 1
    return Answer(
        fleet_sentence(best.fleet, best.sized, whole_nodes=whole_nodes),
        fleet_table(rows),
        3 if several else 2,
        notes_of({one.name: one.fleet for one in lines}.values()),
    )


# --- a day ----------------------------------------------------------------------------------


def day_words(totals: dict[str, Any]) -> str:
    """``TP1 W16A16: 6 chips at the peak, 3.12 on average, $ 221 a day, no hour below …``"""
    words = [
        say(
            "{layout}: {chips} at the peak, {mean} on average",
            layout=totals["layout"],
            chips=chips_words(totals["peak_chips"]),
            mean=_mean(totals["mean_chips"]),
        )
    ]
    if totals["usd"] is not None:
        words.append(say("{dollars} a day", dollars=dollars(totals["usd"])))
    if totals["kwh"] is not None:
        words.append(say("{kwh:,.0f} kWh", kwh=totals["kwh"]))
    below = totals["hours_below"]
    words.append(
        say("no hour below the objectives")
        if not below
        else say("1 hour below the objectives")
        if below == 1
        else say("{below} hours below the objectives", below=below)
    )
    return say(", ").join(words)


def _mean(chips: float) -> str:
    return f"{chips:,.0f}" if chips >= 100 else f"{chips:.3g}"


def day_answer(day: Day) -> Answer:
    """A day hour by hour; dollars and energy where somebody says what chips cost and draw."""
    totals, rows = day.totals(), day.rows()
    priced, measured = totals["usd"] is not None, totals["kwh"] is not None
    head = [say(one) for one in ("hour", "req/s", "replicas", "chips", "TTFT", "TPOT", "used")]
    cells = [[*head, *(["$"] if priced else []), *(["kWh"] if measured else []), ""]]
    for row in rows:
        used = row["utilised_percent"]
        one = [
            f"{row['hour']:02d}",
            rate(row["requests_per_second"]),
            str(row["replicas"]),
            str(row["chips"]),
            _time(row["ttft_ms"]),
            _time(row["tpot_ms"]),
            "–" if used is None else f"{used:.0f} %",
        ]
        one += [f"{row['usd']:,.2f}"] if priced else []
        one += ["–" if row["kwh"] is None else f"{row['kwh']:,.1f}"] if measured else []
        cells.append([*one, "" if row["meets"] else say("below the objectives")])
    said = say(
        "{model} on {chip}, {hours}: {words}.",
        model=day.prepared.model.name,
        chip=day.prepared.chip.name,
        hours=say("1 hour") if len(day.hours) == 1 else say("{n} hours", n=len(day.hours)),
        words=day_words(totals),
    )
    return Answer(said, cells, 0, money_notes(day.prepared, day.scenario))


def _time(milliseconds: float | None) -> str:
    return "–" if milliseconds is None else duration(milliseconds)


# --- a stock --------------------------------------------------------------------------------


def split_rows(split: Split) -> list[dict[str, Any]]:
    """What every load gets, as plain values."""
    return [
        {
            "load": name,
            "requests_per_second": float(f"{one.rate:.6g}"),
            "chip": one.chip,
            "chips": one.sized.chips,
            "layout": one.sized.arrangement.name,
            "precision": one.sized.table.precision(one.sized.row).name,
            "ttft_ms": one.sized.value("ttft_ms"),
            "tpot_ms": one.sized.value("tpot_ms"),
            "usd_per_hour": round(one.cost, 4) if split.in_dollars else None,
        }
        for name, parts in zip(split.names, split.chosen, strict=True)
        for one in parts
    ]


def split_answer(split: Split) -> Answer:
    """What every load gets of a stock, what that costs, and whether less would do."""
    cost = (
        say("{dollars} an hour", dollars=dollars(split.cost))
        if split.in_dollars
        else chips_words(split.cost)
    )
    least = (
        say("{dollars}", dollars=dollars(split.bound))
        if split.in_dollars
        else chips_words(split.bound)
    )
    how = (
        say("no split costs less")
        if split.is_best
        else say("no split costs less than {least}", least=least)
    )
    stock = say(", ").join(
        say("{used} of {count} × {chip}", used=split.used(chip), count=count, chip=chip)
        for chip, count in split.stock.items()
    )
    rows = split_rows(split)
    said = say(
        "{loads} on {stock}: {cost}; {how}.",
        loads=say("1 load") if len(split.names) == 1 else say("{n} loads", n=len(split.names)),
        stock=stock,
        cost=cost,
        how=how,
    )
    head = [say(one) for one in ("load", "chip", "plan", "req/s", "chips", "TTFT", "TPOT")]
    cells = [[*head, *([say("$/h")] if split.in_dollars else [])]]
    for row in rows:
        one = [
            row["load"],
            row["chip"],
            f"{row['layout']} {row['precision']}",
            rate(row["requests_per_second"]),
            str(row["chips"]),
            duration(row["ttft_ms"]),
            duration(row["tpot_ms"]),
        ]
        cells.append([*one, *([f"{row['usd_per_hour']:,.4g}"] if split.in_dollars else [])])
    return Answer(said, cells, 3, split.notes)
