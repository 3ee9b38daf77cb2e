"""Vision models by name against ``oracle_cv.csv``: parameters exactly, FLOPs within 1 %.

The table counts a multiply-accumulate as two and takes what one image costs, position biases that
are the same for every image included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from engine.evidence.zoo.tables import Comparison, number, read_table
from engine.words.errors import InputError, RooftopError
from engine.words.text import clean

COLUMNS = ("model", "input", "params", "flops_2xMAC")
SUBJECT = "vision"
TOLERANCE = 0.01

_INPUT = re.compile(r"1x3x(\d{1,5})x(\d{1,5})", re.ASCII)


def compare_vision(oracle: Path) -> Iterator[Comparison]:
    """One comparison per row of the table; raises `InputError`."""
    from engine.model.forward.reading import read_vision

    for row in read_table(oracle, COLUMNS):
        name = row["model"]
        size = _INPUT.fullmatch(row["input"])
        if size is None:
            found = clean(row["input"], 40)
            raise InputError(f"oracle row {name}: input is {found!r}, expected 1x3xHEIGHTxWIDTH")
        height, width = int(size[1]), int(size[2])
        title = f"{name} {width}x{height}"
        try:
            architecture = read_vision(
                {"architecture": name}, name, name, resolution=(width, height)
            )
        except RooftopError as error:
            yield Comparison(title, "refused", str(error), subject=SUBJECT)
            continue
        parameters = number(row, "params", name) or 0.0
        flops = number(row, "flops_2xMAC", name) or 0.0
        off = architecture.flops / flops - 1 if flops else 0.0
        problems = []
        if architecture.parameters != parameters:
            problems.append(f"{architecture.parameters:,} parameters, expected {parameters:,.0f}")
        if abs(off) > TOLERANCE:
            problems.append(f"{architecture.flops:.4g} FLOPs, expected {flops:.4g}")
        yield Comparison(
            title,
            "differing" if problems else "matched",
            "; ".join(problems) or f"FLOPs {off:+.2%}",
            architecture.parameters,
            parameters,
            subject=SUBJECT,
        )
