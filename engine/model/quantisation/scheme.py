"""What a quantisation config comes down to, whatever its dialect."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.architecture import Role
from engine.model.precision import FORMATS, NumberFormat


@dataclass(frozen=True, slots=True)
class Scheme:
    """``weights`` for every linear layer that ``ignored`` does not name (None: only what
    ``rules`` name), ``activations`` they are multiplied with, ``cache`` when it is said.

    ``only_roles`` limits the default to some roles, ``extra_roles`` extends it beyond the usual
    ones (a quantised LM head).
    """

    weights: NumberFormat | None
    activations: NumberFormat = FORMATS["bf16"]
    cache: NumberFormat | None = None
    ignored: tuple[str, ...] = ()
    rules: tuple[tuple[tuple[str, ...], NumberFormat], ...] = ()
    only_roles: frozenset[Role] = frozenset()
    extra_roles: frozenset[Role] = frozenset()
