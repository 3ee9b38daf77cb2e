"""The neutral description of a vision model (or encoder) at one input shape: its layers.

Vision networks are irregular where language models repeat one block, so the description is the
list of layers itself, each with its work for a single image. Dialects and layer tables make it;
nothing here knows chips or time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from engine.model.kinds import ModelKind


class LayerKind(Enum):
    """What a layer does, as far as time is concerned."""

    CONVOLUTION = "convolution"
    """Dense or grouped, run as an implicit GEMM."""
    DEPTHWISE = "depthwise"
    """One filter per channel: memory traffic, hardly any reuse."""
    LINEAR = "linear"
    ATTENTION = "attention"
    """Both products of softmax attention, without the projections around it."""
    POOLING = "pooling"
    NORM = "norm"
    ACTIVATION = "activation"
    """Activation functions, softmax and gates."""
    ELEMENTWISE = "elementwise"
    """Residual additions, scalings, concatenations and copies that move data."""
    EMBEDDING = "embedding"


MATRIX_KINDS = frozenset({LayerKind.CONVOLUTION, LayerKind.LINEAR, LayerKind.ATTENTION})
"""Kinds that run on the matrix units."""


@dataclass(frozen=True, slots=True)
class VisionLayer:
    """One layer's work for one image.

    Layers of `MATRIX_KINDS` are ``groups`` products of (``rows`` × ``depth``) and
    (``depth`` × ``columns``) matrices: a convolution has output positions, input channels per
    group times filter size, and output channels per group; attention has query positions,
    head width and key positions, with one group per head and window. ``flops`` counts a
    multiply-accumulate as two.
    """

    name: str
    kind: LayerKind
    parameters: int
    flops: float
    input_elements: int
    output_elements: int
    rows: int = 0
    depth: int = 0
    columns: int = 0
    groups: int = 1


@dataclass(frozen=True, slots=True)
class VisionArchitecture:
    """A vision model at one input shape.

    ``samples`` is what it counts per second: ``images`` or ``sequences``. ``height`` and
    ``width`` are the input's (for encoders of text: 1 and the sequence length). ``parameters``
    are the trained ones, running statistics of norms apart, as published counts have them.
    """

    kind: ClassVar[ModelKind] = ModelKind.FORWARD

    name: str
    family: str
    height: int
    width: int
    layers: tuple[VisionLayer, ...]
    samples: str = "images"
    version: str = ""
    """As a benchmark name shows it (``V2``); empty where the model has none."""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def parameters(self) -> int:
        """Trained parameters."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def flops(self) -> float:
        """FLOPs of one forward pass of one image."""
        return sum(layer.flops for layer in self.layers)

    @property
    def largest_activation_elements(self) -> int:
        """Elements of the largest layer's input and output together, for one image."""
        return max(layer.input_elements + layer.output_elements for layer in self.layers)
