"""The parts that vision networks are made of, recorded layer by layer with their work.

A `Network` follows the shape of the data through the model: each part takes a `Shape`, notes one
`ForwardLayer` and returns the shape it leaves. Everything is for one image (or sequence).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from engine.model.forward.architecture import ForwardLayer, LayerKind
from engine.words.errors import InputError
from engine.words.messages import say

MAXIMUM_LAYERS = 20_000
"""The deepest public networks have a few thousand layers in this form."""
MAXIMUM_ELEMENTS = 1 << 40
MAXIMUM_FLOPS = 1e18

Pair = int | tuple[int, int]
"""One figure for both directions, or (vertical, horizontal)."""


def pair(value: Pair) -> tuple[int, int]:
    """``value`` as (vertical, horizontal)."""
    return value if isinstance(value, tuple) else (value, value)


def divisible(value: float, divisor: int = 8, minimum: int = 0, limit: float = 0.9) -> int:
    """The multiple of ``divisor`` nearest to ``value``, at least ``limit`` of it: how the
    MobileNet family rounds channels (arXiv:1801.04381, reference code)."""
    rounded = max(minimum or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded


@dataclass(frozen=True, slots=True)
class Shape:
    """A feature map, or tokens of ``channels`` elements (height 1)."""

    channels: int
    height: int
    width: int

    @property
    def positions(self) -> int:
        """Pixels or tokens."""
        return self.height * self.width

    @property
    def elements(self) -> int:
        """Numbers in it."""
        return self.channels * self.height * self.width

    def resized(self, channels: int) -> Shape:
        """The same positions with other channels."""
        return Shape(channels, self.height, self.width)

    def tokens(self, extra: int = 0) -> Shape:
        """The positions as a sequence with ``extra`` tokens more (class token, registers)."""
        return Shape(self.channels, 1, self.positions + extra)


class Network:
    """Layers in order of execution. Raises `InputError` for shapes that cannot be."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.layers: list[ForwardLayer] = []
        self._scopes: list[str] = []

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Names of layers inside begin with ``name`` and a dot."""
        self._scopes.append(name)
        try:
            yield
        finally:
            self._scopes.pop()

    def problem(self, name: str, text: str) -> InputError:
        """An error about layer ``name``."""
        return InputError(
            say(
                "{source}: layer {full}: {text}",
                source=self.source,
                full=self._full(name),
                text=text,
            )
        )

    def _full(self, name: str) -> str:
        return ".".join([*self._scopes, name])

    def record(
        self,
        name: str,
        kind: LayerKind,
        inputs: int,
        outputs: int,
        parameters: int = 0,
        *,
        flops: float = 0.0,
        rows: int = 0,
        depth: int = 0,
        columns: int = 0,
        groups: int = 1,
    ) -> None:
        """Note one layer; raises `InputError` when the network grows beyond any real one."""
        if len(self.layers) >= MAXIMUM_LAYERS:
            raise self.problem(name, say("more than {number:,} layers", number=MAXIMUM_LAYERS))
        if inputs < 1 or outputs < 1:
            raise self.problem(
                name, say("has no elements; expected larger widths or a larger image")
            )
        if max(inputs, outputs, parameters) > MAXIMUM_ELEMENTS or flops > MAXIMUM_FLOPS:
            largest = max(inputs, outputs, parameters)
            raise self.problem(name, say("{number:,} elements, too large", number=largest))
        self.layers.append(
            ForwardLayer(
                self._full(name),
                kind,
                parameters,
                float(flops),
                inputs,
                outputs,
                rows,
                depth,
                columns,
                groups,
            )
        )

    # Matrix work --------------------------------------------------------------------------

    def conv(
        self,
        name: str,
        x: Shape,
        channels: int,
        kernel: Pair = 1,
        stride: int = 1,
        *,
        padding: Pair | None = None,
        same: bool = False,
        groups: int = 1,
        dilation: int = 1,
        bias: bool = False,
    ) -> Shape:
        """A convolution. ``padding`` is half the filter unless given; ``same`` pads as TensorFlow
        does, so that only the stride divides the size."""
        if groups < 1 or x.channels % groups or channels % groups:
            raise self.problem(
                name,
                say(
                    "{groups} groups divide neither {number} nor {other} channels",
                    groups=groups,
                    number=x.channels,
                    other=channels,
                ),
            )
        out = self._slid(name, x, channels, kernel, stride, padding, same, dilation)
        down, across = pair(kernel)
        depth = x.channels // groups * down * across
        columns = channels // groups
        kind = LayerKind.CONVOLUTION
        if groups > 1 and groups == x.channels:
            kind = LayerKind.DEPTHWISE
        self.record(
            name,
            kind,
            x.elements,
            out.elements,
            depth * channels + (channels if bias else 0),
            flops=2.0 * out.positions * depth * channels,
            rows=out.positions,
            depth=depth,
            columns=columns,
            groups=groups,
        )
        return out

    def upsampling_conv(self, name: str, x: Shape, channels: int, factor: int) -> Shape:
        """A transposed convolution whose filters do not overlap, with bias."""
        depth, columns = x.channels, channels * factor**2
        out = Shape(channels, x.height * factor, x.width * factor)
        self.record(
            name,
            LayerKind.CONVOLUTION,
            x.elements,
            out.elements,
            depth * columns + channels,
            flops=2.0 * x.positions * depth * columns,
            rows=x.positions,
            depth=depth,
            columns=columns,
        )
        return out

    def linear(
        self,
        name: str,
        x: Shape,
        outputs: int,
        bias: bool = True,
        more: int = 0,
        tied: bool = False,
    ) -> Shape:
        """The same projection at every position; ``more`` are parameters beside (a bias on a part
        of the outputs), ``tied`` weights are counted with the layer they belong to."""
        out = x.resized(outputs)
        self.record(
            name,
            LayerKind.LINEAR,
            x.elements,
            out.elements,
            (0 if tied else x.channels * outputs) + (outputs if bias else 0) + more,
            flops=2.0 * x.positions * x.channels * outputs,
            rows=x.positions,
            depth=x.channels,
            columns=outputs,
        )
        return out

    def attention(
        self,
        name: str,
        queries: int,
        keys: int,
        heads: int,
        width: int,
        value_width: int = 0,
        windows: int = 1,
        parameters: int = 0,
    ) -> Shape:
        """Both products of softmax attention, in each of ``windows`` groups of tokens.

        ``width`` is a head's, ``value_width`` its values' when they differ. ``parameters`` are
        those of a bias on the logits.
        """
        values = value_width or width
        groups = heads * windows
        inputs = groups * (queries * width + keys * (width + values))
        self.record(
            name,
            LayerKind.ATTENTION,
            inputs,
            groups * queries * values,
            parameters,
            flops=2.0 * groups * queries * keys * (width + values),
            rows=queries,
            depth=width,
            columns=keys,
            groups=groups,
        )
        return Shape(heads * values, 1, queries * windows)

    # Memory traffic -----------------------------------------------------------------------

    def norm(self, name: str, x: Shape, per_channel: int = 2) -> Shape:
        """A normalisation with ``per_channel`` trained figures for each channel."""
        self.record(name, LayerKind.NORM, x.elements, x.elements, per_channel * x.channels)
        return x

    def activation(self, name: str, x: Shape, parameters: int = 0) -> Shape:
        """A function of each element."""
        self.record(name, LayerKind.ACTIVATION, x.elements, x.elements, parameters)
        return x

    def gated_activation(self, name: str, x: Shape) -> Shape:
        """Half of the channels gates the other half."""
        out = x.resized(x.channels // 2)
        self.record(name, LayerKind.ACTIVATION, x.elements, out.elements)
        return out

    def pool(
        self,
        name: str,
        x: Shape,
        kernel: Pair,
        stride: int,
        padding: Pair = 0,
        *,
        ceil: bool = False,
        same: bool = False,
    ) -> Shape:
        """Maximum or mean over a sliding window; ``ceil`` keeps a last incomplete window."""
        out = self._slid(name, x, x.channels, kernel, stride, padding, same, 1, ceil)
        self.record(name, LayerKind.POOLING, x.elements, out.elements)
        return out

    def pool_to(self, name: str, x: Shape, height: int = 1, width: int = 1) -> Shape:
        """A mean over all positions, or down to a fixed size."""
        out = Shape(x.channels, height, width)
        self.record(name, LayerKind.POOLING, x.elements, out.elements)
        return out

    def add(self, name: str, x: Shape, others: int = 1, parameters: int = 0) -> Shape:
        """A sum (or product) with ``others`` of the same shape."""
        inputs = x.elements * (1 + others)
        self.record(name, LayerKind.ELEMENTWISE, inputs, x.elements, parameters)
        return x

    def scale(self, name: str, x: Shape, parameters: int = 0) -> Shape:
        """A product with one figure per channel (a gate, a layer scale)."""
        self.record(name, LayerKind.ELEMENTWISE, x.elements + x.channels, x.elements, parameters)
        return x

    def concat(self, name: str, shapes: Sequence[Shape]) -> Shape:
        """Channels of several maps of one size side by side."""
        first = shapes[0]
        for other in shapes[1:]:
            if (other.height, other.width) != (first.height, first.width):
                raise self.problem(
                    name,
                    say(
                        "maps of {first} and {other} cannot be joined; expected a resolution that "
                        "divides evenly",
                        first=f"{first.height}×{first.width}",
                        other=f"{other.height}×{other.width}",
                    ),
                )
        out = first.resized(sum(shape.channels for shape in shapes))
        self.record(name, LayerKind.ELEMENTWISE, out.elements, out.elements)
        return out

    def share_weights(self, first: int) -> None:
        """The layers from number ``first`` on use weights that were counted before."""
        self.layers[first:] = [replace(layer, parameters=0) for layer in self.layers[first:]]

    def freeze_norms(self, first: int) -> None:
        """The norms from number ``first`` on are constants, no trained parameters."""
        self.layers[first:] = [
            replace(layer, parameters=0) if layer.kind is LayerKind.NORM else layer
            for layer in self.layers[first:]
        ]

    def copy(self, name: str, x: Shape, out: Shape | None = None) -> Shape:
        """A move of data into another order, or by repetition into another size."""
        out = out or x
        self.record(name, LayerKind.ELEMENTWISE, x.elements, out.elements)
        return out

    def table(self, name: str, x: Shape, parameters: int) -> Shape:
        """Something learnt that is added to, or put before, the data (positions, class token)."""
        self.record(name, LayerKind.EMBEDDING, x.elements, x.elements, parameters)
        return x

    def _slid(
        self,
        name: str,
        x: Shape,
        channels: int,
        kernel: Pair,
        stride: int,
        padding: Pair | None,
        same: bool,
        dilation: int,
        ceil: bool = False,
    ) -> Shape:
        """The size a sliding window leaves, as in "A guide to convolution arithmetic"
        (arXiv:1603.07285, relationship 14)."""
        sizes = []
        pads = pair(padding) if padding is not None else None
        for position, (size, width) in enumerate(
            zip((x.height, x.width), pair(kernel), strict=True)
        ):
            reach = dilation * (width - 1) + 1
            pad = pads[position] if pads is not None else reach // 2
            room = size + 2 * pad - reach
            if same:
                sizes.append(math.ceil(size / stride))
                continue
            if room < 0:
                raise self.problem(
                    name,
                    say(
                        "the map is {size} here, smaller than its window of {reach}; expected a "
                        "larger resolution",
                        size=f"{x.height}×{x.width}",
                        reach=reach,
                    ),
                )
            steps = math.ceil(room / stride) if ceil else room // stride
            if ceil and steps * stride >= size + pad:
                steps -= 1
            sizes.append(steps + 1)
        return Shape(channels, sizes[0], sizes[1])
