"""What a quantisation config comes down to, whatever its dialect."""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.matrices import Role
from engine.model.precision import FORMATS, NumberFormat

BF16 = FORMATS["bf16"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Modules that ``patterns`` name are stored as ``weights``, None as the file's plain type,
    and multiplied with ``activations``."""

    patterns: tuple[str, ...]
    weights: NumberFormat | None
    activations: NumberFormat = BF16


@dataclass(frozen=True, slots=True)
class Scheme:
    """``weights`` for every linear layer that ``ignored`` does not name (None: only what
    ``rules`` name), ``activations`` they are multiplied with, ``cache`` when it is said.

    Modules that are ``ignored`` stay plain whatever the rules say; the first rule that names a
    module decides. ``only_roles`` limits the default to some roles, ``extra_roles`` extends it
    beyond the usual ones (a quantised LM head). The default leaves a matrix plain whose inputs are
    no multiple of ``divisor``. ``warnings`` are for the reader.
    """

    weights: NumberFormat | None
    activations: NumberFormat = BF16
    cache: NumberFormat | None = None
    ignored: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    only_roles: frozenset[Role] = frozenset()
    extra_roles: frozenset[Role] = frozenset()
    divisor: int = 1
    warnings: tuple[str, ...] = ()


def sparse(weights: NumberFormat) -> NumberFormat:
    """``weights`` with two of four elements kept: half of them are stored, and two bits for each
    say which they were (NVIDIA's 2:4 format, arXiv:2104.08378 §2)."""
    return replace(weights, stored_share=0.5, scale_bits=weights.scale_bits + 1.0)
