"""Layer tables: a CSV with one row per layer is a model too.

Columns that must be there: ``name``, ``type``, ``in_shape``, ``out_shape``, ``params`` and
``flops``; ``attrs`` is needed for convolutions (``k3x3 s1 p1 d1 g1 cin64 cout64 bias0``). Others
are ignored. Shapes are JSON lists with the batch first, which is 1 in the first row; FLOPs count a
multiply-accumulate as two. Types carry the names of the usual PyTorch modules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from engine.model.forward.architecture import (
    ForwardArchitecture,
    ForwardLayer,
    Image,
    Input,
    LayerKind,
    Text,
)
from engine.model.forward.table_rows import TableRow, read_rows
from engine.model.forward.table_types import ADDITIONS, KINDS, NO_WORK
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

_HEAD_WIDTH = 64
_WINDOW_HEAD_WIDTH = 32


def read_layer_table(path: Path) -> ForwardArchitecture:
    """Read and check a table; raises `InputError` with file, line, column, found and expected."""
    shown = clean(str(path))
    rows = list(read_rows(path, shown))
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


def _assumptions(rows: list[TableRow]) -> tuple[str, ...]:
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


def _sample(first: TableRow) -> Input:
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


def _is_unknown(row: TableRow) -> bool:
    return row.type not in KINDS and row.type not in NO_WORK


def _layers(row: TableRow) -> Iterator[ForwardLayer]:
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


def _plain(row: TableRow, kind: LayerKind) -> ForwardLayer:
    return ForwardLayer(
        row.name, kind, row.parameters, row.flops, row.input_elements, row.output_elements
    )


def _convolution(row: TableRow) -> ForwardLayer:
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


def _linear(row: TableRow) -> ForwardLayer:
    depth, columns = row.inputs[0][-1], row.outputs[0][-1]
    rows = row.output_elements // max(columns, 1)
    row.check("flops", row.flops, 2 * rows * depth * columns)
    if row.parameters:
        bias = columns if row.attributes.get("bias", (0,))[0] else 0
        row.check("params", row.parameters, depth * columns + bias)
    return _one_product(row, rows, depth, columns)


def _one_product(row: TableRow, rows: int, depth: int, columns: int) -> ForwardLayer:
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


def _product(row: TableRow) -> ForwardLayer:
    """A layer of a type nobody described that has weights and FLOPs: one product of that size."""
    columns = row.outputs[0][-1] if row.outputs else 1
    rows = max(row.output_elements // max(columns, 1), 1)
    depth = max(round(row.flops / (2 * rows * max(columns, 1))), 1)
    return _one_product(row, rows, depth, columns)


def _attention(row: TableRow) -> Iterator[ForwardLayer]:
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
    projections = _projections(row, tokens, width)
    yield from projections
    core = row.flops - sum(one.flops for one in projections)
    spare = row.parameters - sum(one.parameters for one in projections)
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


def _projections(row: TableRow, tokens: int, width: int) -> list[ForwardLayer]:
    """The projections before and after attention, where the row's parameters hold them."""
    if row.parameters < 4 * width * width:
        return []
    return [
        ForwardLayer(
            f"{row.name}.{name}",
            LayerKind.LINEAR,
            width * columns + bias,
            2 * tokens * width * columns,
            tokens * width,
            tokens * columns,
            rows=tokens,
            depth=width,
            columns=columns,
        )
        for name, columns, bias in (("qkv", 3 * width, 0), ("projection", width, width))
    ]
