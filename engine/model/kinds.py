"""The two kinds of models: those that generate tokens, and those of one forward pass."""

from __future__ import annotations

from enum import Enum


class ModelKind(Enum):
    """What a model does with a request."""

    TOKENS = "generates tokens, one pass after the other"
    FORWARD = "answers with one forward pass: images, or sequences that are encoded"
