"""Layer tables: a CSV with one row per layer is a model too.

Columns that must be there: ``name``, ``type``, ``in_shape``, ``out_shape``, ``params`` and
``flops``; ``attrs`` is needed for convolutions (``k3x3 s1 p1 d1 g1 cin64 cout64 bias0``). Others
are ignored. Shapes are JSON lists with the batch first, which is 1 in the first row; FLOPs count a
multiply-accumulate as two. Types carry the names of the usual PyTorch modules.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.model.forward.architecture import (
    ForwardArchitecture,
    ForwardLayer,
    Image,
    Input,
    LayerKind,
    Text,
)
from engine.model.forward.table_types import ADDITIONS, KINDS, NO_WORK
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
_HEAD_WIDTH = 64
_WINDOW_HEAD_WIDTH = 32


@dataclass(frozen=True, slots=True)
class _Row:
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


def read_layer_table(path: Path) -> ForwardArchitecture:
    """Read and check a table; raises `InputError` with file, line, column, found and expected."""
    shown = clean(str(path))
    rows = list(_read(path, shown))
    if not rows:
        raise InputError(say("{shown}: no rows, expected one per layer", shown=shown))
    layers = [layer for row in rows for layer in _layers(row)]
    if not any(layer.flops for layer in layers):
        raise InputError(say("{shown}: no layer has FLOPs", shown=shown))
    unknown = sorted({row.type for row in rows if _is_unknown(row)})
    warnings = [f"layer type {one} is unknown, counted by its figures alone" for one in unknown]
    return ForwardArchitecture(
        name=clean(path.stem, 120),
        family="layer table",
        input=_sample(rows[0]),
        layers=tuple(layers),
        assumptions=_assumptions(rows),
        warnings=tuple(warnings),
    )


def _assumptions(rows: list[_Row]) -> tuple[str, ...]:
    kinds = {KINDS.get(row.type) for row in rows}
    notes = []
    if LayerKind.ATTENTION in kinds:
        notes.append(
            f"attention heads are {_HEAD_WIDTH} wide, {_WINDOW_HEAD_WIDTH} inside windows: "
            "the table does not say"
        )
    if not any(row.type in ADDITIONS for row in rows):
        notes.append("no additions or concatenations: the table lists none")
    return tuple(notes)


def _sample(first: _Row) -> Input:
    """What goes in: from the first row's input."""
    if not first.inputs:
        raise InputError(
            say("{place}: in_shape: found no shape, expected the model's input", place=first.place)
        )
    shape = first.inputs[0]
    if len(shape) == 4 or (len(shape) == 3 and shape[0] == 3):
        batch = shape[0] if len(shape) == 4 else 1
        if batch != 1:
            raise InputError(
                say(
                    "{place}: in_shape: found a batch of {batch}, expected one image",
                    place=first.place,
                    batch=batch,
                )
            )
        return Image(width=shape[-1], height=shape[-2])
    return Text(shape[1] if len(shape) > 1 else shape[0])


# --- one row --------------------------------------------------------------------------------


def _is_unknown(row: _Row) -> bool:
    return row.type not in KINDS and row.type not in NO_WORK


def _layers(row: _Row) -> Iterator[ForwardLayer]:
    """The layers one row stands for: none for what moves nothing, three for attention that
    brings its projections."""
    kind = KINDS.get(row.type)
    if row.type in NO_WORK and not row.flops and not row.parameters:
        return
    if kind is LayerKind.CONVOLUTION:
        yield _convolution(row)
    elif kind is LayerKind.LINEAR:
        yield _linear(row)
    elif kind is LayerKind.ATTENTION or (kind is None and row.flops and not row.parameters):
        yield from _attention(row)
    elif kind is None and row.flops:
        yield _product(row)
    elif kind is not None or row.inputs != row.outputs:
        yield _plain(row, kind or LayerKind.ELEMENTWISE)


def _plain(row: _Row, kind: LayerKind) -> ForwardLayer:
    return ForwardLayer(
        row.name, kind, row.parameters, row.flops, row.input_elements, row.output_elements
    )


def _convolution(row: _Row) -> ForwardLayer:
    shape = row.outputs[0]
    if len(shape) < 3:
        raise InputError(
            say(
                "{place}: out_shape: found {shape}, expected channels and sizes",
                place=row.place,
                shape=list(shape),
            )
        )
    groups, inputs, outputs = row.attribute("g"), row.attribute("cin"), row.attribute("cout")
    if groups < 1 or inputs % groups or outputs % groups:
        raise InputError(
            say(
                "{place}: attrs: found g{groups} cin{inputs} cout{outputs}, "
                "expected channels divisible by groups",
                place=row.place,
                groups=groups,
                inputs=inputs,
                outputs=outputs,
            )
        )
    transposed = "Transpose" in row.type
    # A transposed convolution multiplies every input position with the whole filter.
    positions = (row.input_elements // inputs) if transposed else (row.output_elements // outputs)
    taps = row.attribute("k")
    depth, columns = inputs // groups, outputs // groups
    depth, columns = (depth, columns * taps) if transposed else (depth * taps, columns)
    weights = groups * depth * columns
    row.check("flops", row.flops, 2 * positions * weights)
    if row.parameters:
        bias = outputs if row.attributes.get("bias", (0,))[0] else 0
        row.check("params", row.parameters, weights + bias)
    depthwise = groups == inputs and groups > 1
    return ForwardLayer(
        row.name,
        LayerKind.DEPTHWISE if depthwise else LayerKind.CONVOLUTION,
        row.parameters,
        row.flops,
        row.input_elements,
        row.output_elements,
        rows=positions,
        depth=depth,
        columns=columns,
        groups=groups,
    )


def _linear(row: _Row) -> ForwardLayer:
    depth, columns = row.inputs[0][-1], row.outputs[0][-1]
    rows = row.output_elements // max(columns, 1)
    row.check("flops", row.flops, 2 * rows * depth * columns)
    if row.parameters:
        bias = columns if row.attributes.get("bias", (0,))[0] else 0
        row.check("params", row.parameters, depth * columns + bias)
    return _one_product(row, rows, depth, columns)


def _one_product(row: _Row, rows: int, depth: int, columns: int) -> ForwardLayer:
    return ForwardLayer(
        row.name,
        LayerKind.LINEAR,
        row.parameters,
        row.flops,
        row.input_elements,
        row.output_elements,
        rows=rows,
        depth=depth,
        columns=columns,
    )


def _product(row: _Row) -> ForwardLayer:
    """A layer of a type nobody described that has weights and FLOPs: one product of that size."""
    columns = row.outputs[0][-1] if row.outputs else 1
    rows = max(row.output_elements // max(columns, 1), 1)
    depth = max(round(row.flops / (2 * rows * max(columns, 1))), 1)
    return _one_product(row, rows, depth, columns)


def _attention(row: _Row) -> Iterator[ForwardLayer]:
    """Attention, with its projections where the row's parameters hold them: what FLOPs remain
    beyond the projections say how many keys each query sees."""
    if not row.inputs or not row.outputs:
        raise InputError(
            say(
                "{place}: in_shape: found no shape, expected one for {type}",
                place=row.place,
                type=row.type,
            )
        )
    width = row.outputs[0][-1]
    queries = max(math.prod(row.outputs[0]) // max(width, 1), 1)
    tokens, elements = math.prod(row.inputs[0]) // max(row.inputs[0][-1], 1), queries * width
    core, spare = row.flops, row.parameters
    if spare >= 4 * width * width:
        projections = [("qkv", 3 * width), ("projection", width)]
        for name, columns in projections:
            flops = 2 * tokens * width * columns
            parameters = width * columns + (columns if name == "projection" else 0)
            core, spare = core - flops, spare - parameters
            yield ForwardLayer(
                f"{row.name}.{name}",
                LayerKind.LINEAR,
                parameters,
                flops,
                tokens * width,
                tokens * columns,
                rows=tokens,
                depth=width,
                columns=columns,
            )
    if core < 0 or spare < 0:
        raise InputError(
            say(
                "{place}: flops: found {flops:,}, expected at least those of the "
                "projections that its {parameters:,} parameters are",
                place=row.place,
                flops=row.flops,
                parameters=row.parameters,
            )
        )
    keys = max(round(core / (4 * elements)), 1)
    windowed = "Window" in row.type or "RelativePositional" in row.type
    head = min(_WINDOW_HEAD_WIDTH if windowed else _HEAD_WIDTH, width)
    windows = max(queries // keys, 1) if windowed else 1
    yield ForwardLayer(
        row.name,
        LayerKind.ATTENTION,
        spare,
        core,
        3 * tokens * width,
        elements,
        rows=max(queries // windows, 1),
        depth=head,
        columns=keys,
        groups=windows * max(width // head, 1),
    )


# --- reading the file -----------------------------------------------------------------------


def _read(path: Path, shown: str) -> Iterator[_Row]:
    with open_csv(path, MAXIMUM_BYTES, "a layer table") as stream:
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


def _row(cells: Mapping[str, Any], place: str) -> _Row:
    def text(column: str, length: int = 400) -> str:
        value = cells.get(column)
        return clean(value.strip(), length) if isinstance(value, str) else ""

    kind = text("type", 80)
    if not kind:
        raise InputError(
            say("{place}: type: found nothing, expected a layer type, as Conv2d", place=place)
        )
    row = _Row(
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
