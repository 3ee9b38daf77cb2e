"""The table's filter: words that every row must match.

``meets``, ``fits`` and ``misses`` are verdicts; ``b>64``, ``tpot<=40``, ``ttft<1.5s`` compare a
column; anything else is looked for in the row's layout, precision and the limit it misses;
``!`` in front turns a word around.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np

from engine.plan.metrics.table import METRICS, NOTHING, VERDICTS
from engine.plan.results import Table
from engine.words.arrays import BoolArray, FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.units import parse_decimal, parse_milliseconds

_COMPARED = re.compile(r"([a-z0-9]+)(<=|>=|<|>|=)(.+)")
_UNFINISHED = re.compile(r"[a-z0-9]+[<>=]+")
_COMPARE: dict[str, Callable[[FloatArray, float], BoolArray]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "=": np.equal,
}
_COLUMNS = {
    **dict.fromkeys(("b", "bs", "batch"), "batch"),
    **{word: metric.id for metric in METRICS for word in metric.words},
}


def matching(table: Table, text: str) -> BoolArray:
    """Which rows match every word of ``text``; raises `InputError` for a comparison that makes
    no sense, naming it."""
    keep = np.ones(len(table), dtype=bool)
    for word in text.lower().split():
        inverse = word.startswith("!")
        bare = word.removeprefix("!")
        if bare:
            keep &= ~_one(table, bare) if inverse else _one(table, bare)
    return keep


def _one(table: Table, word: str) -> BoolArray:
    compared = _COMPARED.fullmatch(word)
    if compared is not None:
        return _compared(table, *compared.groups())
    if _UNFINISHED.fullmatch(word):
        return np.ones(len(table), dtype=bool)
    if word in ("meets", "fits"):
        return table.meets if word == "meets" else table.fits
    if word == "misses":
        return ~table.meets
    return _containing(table, word)


def _compared(table: Table, name: str, sign: str, value: str) -> BoolArray:
    column = _COLUMNS.get(name)
    if column is None or (column != "batch" and column not in table.metrics):
        known = sorted(
            short for short, id in _COLUMNS.items() if id == "batch" or id in table.metrics
        )
        raise InputError(
            say(
                "filter: no column {name!r}, expected one of {known}",
                name=name,
                known=" ".join(known),
            )
        )
    values = table.batch if column == "batch" else table.metrics[column]
    number = _number(column, value)
    with np.errstate(invalid="ignore"):
        return _COMPARE[sign](values.astype(float), number)


def _number(column: str, value: str) -> float:
    try:
        number = parse_milliseconds(value) if column.endswith("_ms") else parse_decimal(value)
    except InputError:
        number = math.nan
    if math.isnan(number):
        raise InputError(say("filter: found {value!r}, expected a number", value=value))
    return number


def _containing(table: Table, word: str) -> BoolArray:
    layouts = np.array([_named(word, one.name) for one in table.arrangements], dtype=bool)
    precisions = np.array([_named(word, one.label) for one in table.precisions], dtype=bool)
    limits = np.array([one is not NOTHING and _named(word, one.id) for one in VERDICTS])
    found: BoolArray = layouts[table.arrangement_index] | precisions[table.precision_index]
    found |= limits[table.binding]
    return found


def _named(word: str, name: str) -> bool:
    """Whether ``word`` is in ``name``; one that ends in a digit is a whole part of it, so that
    ``tp1`` is not TP16."""
    parts = name.lower().split()
    return word in parts if word[-1].isdigit() else word in name.lower()
