"""Layers → kernels: what runs as a kernel of its own, and what joins the one before it.

A convolution without bias is followed by a batch norm that folds into its weights; activations
and residual additions run in the epilogue of the product before them where the framework's
compiler does that. What is left over is a pass over memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from engine.hardware.parts.forward import ForwardRuntime
from engine.model.forward.architecture import ForwardArchitecture, ForwardLayer, LayerKind

CONVOLUTION = "convolution"
DEPTHWISE = "depthwise"
DENSE = "dense"
ATTENTION = "encoder_attention"
POINTWISE = "pointwise"
FAMILIES = (CONVOLUTION, DEPTHWISE, DENSE, ATTENTION, POINTWISE)
"""Kernel families, as named in the profiles (``convolution.bf16``)."""

MATRIX_FAMILIES = (CONVOLUTION, DENSE, ATTENTION)
"""Families that run on the matrix units."""

_FAMILY = {
    LayerKind.CONVOLUTION: CONVOLUTION,
    LayerKind.DEPTHWISE: DEPTHWISE,
    LayerKind.LINEAR: DENSE,
    LayerKind.ATTENTION: ATTENTION,
}
_CHOICE_PASSES = 4
"""Scores of a detector's boxes are written in FP32, read and written in the order of the boxes, and
read where the best are sought: the suppression of duplicates takes nothing else (MLPerf inference
v3.0, NVIDIA's NMSOptPlugin: FP32 in linear layout)."""
_SCORE_PASSES = 7
"""Unfused attention writes its scores, reads and writes them for scale and bias, reads and writes
them for the softmax in twice the width, reads them again."""


@dataclass(frozen=True, slots=True)
class ForwardKernel:
    """One kernel's work for one image; elements, not bytes. ``layers`` it stands for."""

    name: str
    family: str
    layers: int
    flops: float
    moved_elements: int
    weight_elements: int
    single_elements: int = 0
    """Moved in single precision, whatever the model's."""
    rows: int = 0
    depth: int = 0
    columns: int = 0
    groups: int = 1
    output_elements: int = 0
    foldable: bool = False
    """A convolution without bias: the norm after it folds into its weights."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """What joins the kernel before it."""

    norm: bool
    activation: bool
    elementwise: bool
    attention: bool
    biased_attention: bool

    @classmethod
    def of(cls, runtime: ForwardRuntime) -> Fusion:
        """A framework's habits."""
        return cls(
            runtime.fuses_norm,
            runtime.fuses_activation,
            runtime.fuses_elementwise,
            runtime.fuses_attention,
            runtime.fuses_biased_attention,
        )


@lru_cache(maxsize=256)
def kernels_of(architecture: ForwardArchitecture, fusion: Fusion) -> tuple[ForwardKernel, ...]:
    """The kernels of one forward pass in order."""
    return tuple(_fused(architecture.layers, fusion))


def _fused(layers: Iterable[ForwardLayer], fusion: Fusion) -> list[ForwardKernel]:
    kernels: list[ForwardKernel] = []
    for layer in layers:
        last = kernels[-1] if kernels else None
        if last is not None and _joins(layer, last, fusion):
            kernels[-1] = _joined(last, layer)
        elif layer.flops or layer.input_elements or layer.output_elements:
            kernels.append(_kernel(layer, fusion))
    return kernels


def _joins(layer: ForwardLayer, last: ForwardKernel, fusion: Fusion) -> bool:
    if layer.output_elements != last.output_elements:
        return False
    if layer.kind is LayerKind.NORM:
        return fusion.norm and last.foldable
    if layer.kind is LayerKind.ACTIVATION:
        return fusion.activation and layer.input_elements == last.output_elements
    if layer.kind is LayerKind.ELEMENTWISE:
        return fusion.elementwise
    return False


def _joined(last: ForwardKernel, layer: ForwardLayer) -> ForwardKernel:
    """A residual addition still reads its other operand."""
    others = max(layer.input_elements - last.output_elements, 0)
    return replace(
        last,
        layers=last.layers + 1,
        moved_elements=last.moved_elements + others,
        foldable=last.foldable and layer.kind is not LayerKind.NORM,
    )


def _kernel(layer: ForwardLayer, fusion: Fusion) -> ForwardKernel:
    family = _FAMILY.get(layer.kind, POINTWISE)
    weights = layer.groups * layer.depth * layer.columns
    moved = layer.input_elements + layer.output_elements
    fused = fusion.biased_attention if layer.parameters else fusion.attention
    if family == ATTENTION and not fused:
        moved += _SCORE_PASSES * layer.groups * layer.rows * layer.columns
    single = 0
    if layer.kind is LayerKind.CHOICE:
        single, moved = _CHOICE_PASSES * layer.input_elements, layer.output_elements
    convolves = family in (CONVOLUTION, DEPTHWISE)
    return ForwardKernel(
        name=layer.name,
        family=family,
        layers=1,
        flops=layer.flops,
        moved_elements=moved,
        weight_elements=layer.parameters,
        single_elements=single,
        rows=layer.rows,
        depth=layer.depth,
        columns=layer.columns,
        groups=layer.groups,
        output_elements=layer.output_elements,
        foldable=convolves and layer.parameters == weights,
    )
