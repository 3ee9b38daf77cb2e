"""Several loads on one stock of chips."""

from __future__ import annotations

import argparse
import json
import sys

from engine.cli.fleet.told import Told, tell_answer
from engine.cli.report.document import Bars, Grid
from engine.cli.tables import print_csv
from engine.plan.fleet_told import split_answer, split_rows
from engine.plan.stock import Split
from engine.words.messages import say


def print_split(arguments: argparse.Namespace, split: Split) -> None:
    """What each load gets, and what is left of the stock."""
    rows = split_rows(split)
    if arguments.json:
        document = {
            "loads": rows,
            "used": {chip: split.used(chip) for chip in split.stock},
            "stock": dict(split.stock),
            "cost": split.cost,
            "bound": split.bound,
            "is_best": split.is_best,
        }
        json.dump(document, sys.stdout, indent=1, ensure_ascii=False)
        print()
    elif arguments.csv:
        print_csv(rows)
    answer = split_answer(split)
    chips = [(row["load"], float(row["chips"]), None, True) for row in rows]
    tell_answer(
        arguments,
        Told(
            say("Several loads on one stock"),
            answer.said,
            Grid(answer.cells, range(answer.right, len(answer.cells[0]))),
            Bars(say("Chips of each load"), say("chips"), chips),
            [say("note: {note}", note=one) for one in answer.notes],
        ),
    )
