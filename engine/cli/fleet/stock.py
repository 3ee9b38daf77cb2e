"""Several loads on one stock of chips."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from engine.cli.fleet.told import Told, tell_answer
from engine.cli.report.document import Bars, Grid
from engine.cli.tables import print_csv
from engine.plan.stock import Split
from engine.words.messages import say
from engine.words.quantities import dollars, duration


def print_split(arguments: argparse.Namespace, split: Split) -> None:
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
    cost = (
        say("{dollars} an hour", dollars=dollars(split.cost))
        if split.in_dollars
        else say("{cost:,.0f} chips", cost=split.cost)
    )
    least = (
        say("{dollars}", dollars=dollars(split.bound))
        if split.in_dollars
        else say("{bound:,.0f} chips", bound=split.bound)
    )
    how = (
        say("no split costs less")
        if split.is_best
        else say("no split costs less than {least}", least=least)
    )
    stock = ", ".join(
        say("{used} of {count} × {chip}", used=used[chip], count=count, chip=chip)
        for chip, count in split.stock.items()
    )
    said = say(
        "{rows} loads on {stock}: {cost}; {how}.", rows=len(rows), stock=stock, cost=cost, how=how
    )
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
    tell_answer(
        arguments,
        Told(
            say("Several loads on one stock"),
            said,
            Grid(lines, (2, 4, 5)),
            Bars(say("Chips of each load"), say("chips"), chips),
        ),
    )
