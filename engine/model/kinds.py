"""The two kinds of models (those that generate tokens, those of one forward pass), and what people
call them."""

from __future__ import annotations

from enum import Enum, StrEnum


class ModelKind(Enum):
    """What a model does with a request."""

    TOKENS = "generates tokens, one pass after the other"
    FORWARD = "answers with one forward pass: images, or sequences that are encoded"


class ModelCategory(StrEnum):
    """What people call a model, as files say it: by its kind, and by what its input is."""

    LANGUAGE = "language"
    VISION = "vision"
    ENCODER = "encoder"

    @property
    def kind(self) -> ModelKind:
        """What such a model does with a request."""
        return ModelKind.TOKENS if self is ModelCategory.LANGUAGE else ModelKind.FORWARD

    @property
    def noun(self) -> str:
        """As sentences call one of them; its plural ends with an s."""
        return _NOUNS[self]


_NOUNS = {
    ModelCategory.LANGUAGE: "language model",
    ModelCategory.VISION: "vision model",
    ModelCategory.ENCODER: "text encoder",
}
