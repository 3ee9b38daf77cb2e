"""A model before and after anyone interprets its config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.model.architecture import Architecture
from engine.model.kinds import ModelCategory
from engine.model.precision import Precision

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture

Edits = Sequence[tuple[str, object]]
"""What-ifs: dotted key paths with the JSON values to put there."""

Resolution = tuple[int, int]
"""Width and height of a vision model's input."""


@dataclass(frozen=True)
class LoadedModel:
    """A model as it was read: where from, the raw config after edits, and what it means.

    ``origin`` is "bundled", a path or a hub id. ``precision`` is the checkpoint's own.
    """

    name: str
    reference: str
    origin: str
    config: dict[str, Any]
    architecture: Architecture | ForwardArchitecture
    precision: Precision
    warnings: tuple[str, ...] = ()
    repository: str = ""
    """Where engines find the checkpoint on the hub, as ``org/name``; empty where unknown."""

    @property
    def kind(self) -> ModelCategory:
        """What people call it."""
        return self.architecture.category


@dataclass(frozen=True)
class RawConfig:
    """A parsed config.json with its neighbours, before anyone interprets it."""

    name: str
    origin: str
    source: str
    """How messages name the file."""
    config: dict[str, Any]
    beside: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Files beside it that speak of quantisation, by name."""
    notes: tuple[str, ...] = ()
    """What the reader should know about where this came from."""
    repository: str = ""
    embeds: str = ""
    """The file beside it that says the model embeds; empty where none does."""
    added: tuple[str, ...] = ()
    """The paths of what-ifs on keys that nobody has heard of but, perhaps, who reads the config."""
