"""The only account of bytes of a forward model's weights."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture
from engine.model.precision import Precision

PLAIN_BYTES = 4.0
"""Of one element outside matrices (norms, scales): kept in FP32 whatever the weights are."""


def weight_bytes(architecture: ForwardArchitecture, precision: Precision) -> float:
    """Bytes of all weights: layers that are matrix products in the weights' format."""
    matrices = sum(layer.parameters for layer in architecture.layers if layer.depth)
    others = architecture.parameters - matrices
    return matrices * precision.weights.bytes_per_element + others * PLAIN_BYTES
