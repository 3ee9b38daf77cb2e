"""The rows of a layer table: its cells, typed and checked."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.model.forward.architecture import LayerKind
from engine.model.forward.table_types import KINDS
from engine.sources.csv_text import open_csv
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

MAXIMUM_BYTES = 4 << 20
MAXIMUM_LAYERS = 20_000
MAXIMUM_ELEMENTS = 1 << 50
MAXIMUM_FLOPS = 1 << 60
REQUIRED = ("name", "type", "in_shape", "out_shape", "params", "flops")
TOLERANCE = 0.01
"""How far FLOPs and parameters of a row may be from what its shapes say."""

_ATTRIBUTE = re.compile(r"(cin|cout|bias|in|out|k|s|p|d|g)(\d{1,7}(?:x\d{1,7}){0,2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line, typed."""

    place: str
    name: str
    type: str
    attributes: Mapping[str, tuple[int, ...]]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[tuple[int, ...], ...]
    parameters: int
    flops: int

    @property
    def input_elements(self) -> int:
        return sum(math.prod(shape) for shape in self.inputs)

    @property
    def output_elements(self) -> int:
        return sum(math.prod(shape) for shape in self.outputs)

    def attribute(self, name: str) -> int:
        """The product of an attribute's figures (``k3x3`` is 9); raises `InputError`."""
        if name not in self.attributes:
            raise InputError(
                say(
                    "{place}: attrs: {name} is missing, expected all of k g cin cout, "
                    "as k3x3 s1 p1 d1 g1 cin64 cout64 bias0",
                    place=self.place,
                    name=name,
                )
            )
        return math.prod(self.attributes[name])

    def check(self, what: str, found: float, expected: float) -> None:
        """Raise `InputError` when ``found`` is not what the row's shapes say."""
        if abs(found - expected) > TOLERANCE * expected:
            raise InputError(
                say(
                    "{place}: {what}: found {found:,}, expected {expected:,} from the shapes",
                    place=self.place,
                    what=what,
                    found=found,
                    expected=expected,
                )
            )


def read_rows(path: Path, shown: str) -> Iterator[TableRow]:
    """The rows of a file; raises `InputError` with file, line, column, found and expected."""
    with open_csv(path, MAXIMUM_BYTES, say("a layer table")) as stream:
        table = csv.DictReader(stream)
        _check_columns(table.fieldnames or (), shown)
        for count, cells in enumerate(table, 1):
            if count > MAXIMUM_LAYERS:
                raise InputError(
                    say(
                        "{shown}: more than {MAXIMUM_LAYERS:,} layers",
                        shown=shown,
                        MAXIMUM_LAYERS=MAXIMUM_LAYERS,
                    )
                )
            yield _row(cells, f"{shown}: line {table.line_num}")


def _check_columns(columns: Sequence[str], shown: str) -> None:
    for column in REQUIRED:
        if column not in columns:
            raise InputError(
                say(
                    "{shown}: column {column} is missing, expected a layer table with {REQUIRED}",
                    shown=shown,
                    column=column,
                    REQUIRED=", ".join(REQUIRED),
                )
            )


def _row(cells: Mapping[str, Any], place: str) -> TableRow:
    def text(column: str, length: int = 400) -> str:
        value = cells.get(column)
        return clean(value.strip(), length) if isinstance(value, str) else ""

    kind = text("type", 80)
    if not kind:
        raise InputError(
            say("{place}: type: found nothing, expected a layer type, as Conv2d", place=place)
        )
    row = TableRow(
        place=place,
        name=text("name", 200) or kind,
        type=kind,
        attributes=_attributes(text("attrs")),
        inputs=_shapes(text("in_shape", 4000), f"{place}: in_shape"),
        outputs=_shapes(text("out_shape", 4000), f"{place}: out_shape"),
        parameters=_whole(text("params"), f"{place}: params", MAXIMUM_ELEMENTS),
        flops=_whole(text("flops"), f"{place}: flops", MAXIMUM_FLOPS),
    )
    if KINDS.get(kind, LayerKind.ELEMENTWISE) is not LayerKind.ELEMENTWISE and not (
        row.inputs and row.outputs
    ):
        column = "out_shape" if row.inputs else "in_shape"
        raise InputError(
            say(
                "{place}: {column}: found no shape, expected one for {kind}",
                place=place,
                column=column,
                kind=kind,
            )
        )
    return row


def _attributes(text: str) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for word in text.split():
        match = _ATTRIBUTE.fullmatch(word)
        if match:
            found[match[1]] = tuple(int(part) for part in match[2].split("x"))
    return found


def _whole(text: str, place: str, most: int) -> int:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or value > most or value != int(value):
        raise InputError(
            say(
                "{place}: found {text!r}, expected a whole number from 0 to {most:,}",
                place=place,
                text=text[:40],
                most=most,
            )
        )
    return int(value)


def _shapes(text: str, place: str) -> tuple[tuple[int, ...], ...]:
    """Every list of numbers in a JSON cell: one tensor's shape, or several nested ones."""
    if not text or text == '""':
        return ()
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError, ValueError):
        raise InputError(
            say(
                "{place}: found {text!r}, expected a shape, as [1,64,56,56]",
                place=place,
                text=text[:40],
            )
        ) from None
    shapes = tuple(_nested(value, place))
    if sum(math.prod(shape) for shape in shapes) > MAXIMUM_ELEMENTS:
        raise InputError(
            say(
                "{place}: more than {MAXIMUM_ELEMENTS:,} elements",
                place=place,
                MAXIMUM_ELEMENTS=MAXIMUM_ELEMENTS,
            )
        )
    return shapes


def _nested(value: Any, place: str) -> Iterator[tuple[int, ...]]:
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        raise InputError(
            say(
                "{place}: found {value!r}, expected a list of sizes",
                place=place,
                value=clean(str(value), 40),
            )
        )
    if any(isinstance(one, list | dict) for one in value):
        for one in value:
            yield from _nested(one, place)
        return
    for one in value:
        if not isinstance(one, int) or isinstance(one, bool) or not 1 <= one <= MAXIMUM_ELEMENTS:
            raise InputError(
                say(
                    "{place}: found {one!r}, expected whole numbers from 1",
                    place=place,
                    one=clean(str(one), 40),
                )
            )
    if value:
        yield tuple(value)
