"""A checkpoint of our own: a small model, and what its files say."""

from __future__ import annotations

from typing import Any

from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.model.precision import NumberFormat, Precision
from engine.model.quantisation.stored import read_stored
from tests.engine import builders

DENSE = builders.dense(layers=4)
"""Four layers of attention and an MLP."""


def read(
    section: dict[str, Any] | None = None,
    beside: dict[str, dict[str, Any]] | None = None,
    model: Architecture = DENSE,
    **top: Any,
) -> Precision:
    """The precision of a config with ``section`` as its quantization_config, other keys at its
    ``top``, and files ``beside`` it."""
    config = {**top, "quantization_config": section} if section else top
    return read_stored(config, config, beside or {}, model).precision


def width(stored: NumberFormat) -> float:
    """Bits of one element, scales included."""
    return stored.bytes_per_element * 8


def of(precision: Precision, role: Role) -> tuple[float, str]:
    """Bits of one element of a role, and what it is multiplied with."""
    return width(precision.weight_format(role)), precision.activation_format(role).name
