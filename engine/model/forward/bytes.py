"""The only account of bytes of a forward model's weights."""

from __future__ import annotations

from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.precision import Precision

PLAIN_BYTES = 4.0
"""Of one element outside matrices (norms, scales): kept in FP32 whatever the weights are."""


def weight_bytes(architecture: ForwardArchitecture, precision: Precision) -> float:
    """Bytes of all weights: layers that are matrix products in the weights' format, tables in the
    plain one."""
    matrices = sum(layer.parameters for layer in architecture.layers if layer.depth)
    tables = sum(
        layer.parameters
        for layer in architecture.layers
        if layer.kind is LayerKind.EMBEDDING and not layer.depth
    )
    others = architecture.parameters - matrices - tables
    return (
        matrices * precision.weights.bytes_per_element
        + tables * precision.plain.bytes_per_element
        + others * PLAIN_BYTES
    )
