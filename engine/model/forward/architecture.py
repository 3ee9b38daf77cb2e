"""The neutral description of a vision model or text encoder at one size of its input: its layers.

Such networks are irregular where language models repeat one block, so the description is the
list of layers itself, each with its work for a single image or sequence. Dialects and layer
tables make it; nothing here knows chips or time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from engine.model.kinds import ModelCategory, ModelKind


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
    CHOICE = "choice"
    """What a detector does with the scores of all its boxes: decoding, sorting, suppression of
    duplicates."""


@dataclass(frozen=True, slots=True)
class Image:
    """An image as it goes in, in pixels."""

    category: ClassVar[ModelCategory] = ModelCategory.VISION
    samples: ClassVar[str] = "images"

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Text:
    """A sequence as it goes in, every one of its tokens valid."""

    category: ClassVar[ModelCategory] = ModelCategory.ENCODER
    samples: ClassVar[str] = "sequences"

    tokens: int

    def __str__(self) -> str:
        return f"{self.tokens} tokens"


Input = Image | Text
"""What one sample is; ``samples`` is what several are called."""


@dataclass(frozen=True, slots=True)
class ForwardLayer:
    """One layer's work for one image.

    Convolutions, linear layers and attention are ``groups`` products of (``rows`` × ``depth``) and
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
class ForwardArchitecture:
    """A vision model, or a text encoder, at one size of its input.

    ``parameters`` are the trained ones, running statistics of norms apart, as published counts
    have them.
    """

    kind: ClassVar[ModelKind] = ModelKind.FORWARD
    maximum_positions: ClassVar[int] = 0
    """No context grows: inputs have one shape."""

    name: str
    family: str
    input: Input
    layers: tuple[ForwardLayer, ...]
    version: str = ""
    """As a benchmark name shows it (``V2``); empty where the model has none."""
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def category(self) -> ModelCategory:
        """What people call it."""
        return self.input.category

    @property
    def samples(self) -> str:
        """What it counts per second."""
        return self.input.samples

    @property
    def parameters(self) -> int:
        """Trained parameters."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def total_parameters(self) -> int:
        """All of them, by the name that every architecture answers to."""
        return self.parameters

    @property
    def active_parameters(self) -> int:
        """One sample uses them all."""
        return self.parameters

    @property
    def flops(self) -> float:
        """FLOPs of one forward pass of one sample."""
        return sum(layer.flops for layer in self.layers)

    @property
    def largest_activation_elements(self) -> int:
        """Elements of the largest layer's input and output together, for one sample."""
        return max(layer.input_elements + layer.output_elements for layer in self.layers)
