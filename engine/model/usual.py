"""The usual checkpoints of models in a format: what makers quantise where somebody names only that.

``profiles/checkpoints.toml`` lists them with their sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.model.precision import NumberFormat, number_format
from engine.model.quantisation.formats import grouped
from engine.model.quantisation.scheme import Rule, Scheme
from engine.sources.profile_files import read_toml
from profiles import ROOT

SCALE_BITS = 16
"""Of a group of integers without a zero point."""


@dataclass(frozen=True, slots=True)
class UsualCheckpoint:
    """What is stored how in checkpoints of ``models`` that are called ``weights``.

    Four-bit ones of mixture models quantise the routed experts and what is of ``quantised`` roles,
    others every linear layer, but for modules that are ``kept``. ``layers``, ``group`` and
    ``generations`` say nothing where they are 0 or empty.
    """

    models: tuple[str, ...]
    weights: tuple[str, ...]
    quantised: frozenset[Role] = frozenset()
    kept: tuple[str, ...] = ()
    group: int = 0
    layers: int = 0
    generations: tuple[str, ...] = ()

    def is_of(self, architecture: Architecture, weights: str, generation: str) -> bool:
        """Whether it is meant by ``weights`` of a model on chips of a ``generation``."""
        return (
            architecture.model_type in self.models
            and weights in self.weights
            and self.layers in (0, architecture.layer_count)
            and (not self.generations or generation in self.generations)
        )

    def scheme(self, architecture: Architecture, weights: str, activations: NumberFormat) -> Scheme:
        """How a model is stored as ``weights`` and multiplied with ``activations``."""
        first, apart, second = weights.partition("/")
        named = number_format(first)
        if self.group:
            named = grouped(int(named.bits), self.group, SCALE_BITS)
        if apart:
            rules = (Rule(("experts",), named, activations),)
            return Scheme(number_format(second), activations, None, self.kept, rules)
        experts_alone = architecture.is_mixture and named.bits <= 4
        roles = self.quantised | {Role.ROUTED_EXPERT} if experts_alone else frozenset()
        return Scheme(named, activations, None, self.kept, only_roles=roles)


def usual_checkpoint(
    architecture: Architecture, weights: str, generation: str
) -> UsualCheckpoint | None:
    """What ``weights`` means of a model on chips of a ``generation``; None where it means what it
    usually does."""
    found = (one for one in _listed() if one.is_of(architecture, weights, generation))
    return next(found, None)


@cache
def checkpoint_facts() -> dict[str, Any]:
    """The file."""
    return read_toml(ROOT / "checkpoints.toml")


@cache
def _listed() -> tuple[UsualCheckpoint, ...]:
    return tuple(_read())


def _read() -> Iterator[UsualCheckpoint]:
    for one in checkpoint_facts()["checkpoint"]:
        lists = {key: tuple(one.get(key, ())) for key in ("weights", "models", "kept")}
        yield UsualCheckpoint(
            **lists,
            quantised=frozenset(Role(role) for role in one.get("quantised", ())),
            generations=tuple(one.get("generations", ())),
            group=one.get("group", 0),
            layers=one.get("layers", 0),
        )
