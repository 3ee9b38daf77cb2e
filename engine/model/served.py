"""The precision that a model is served in when somebody names a format for it.

"NVFP4" or "FP8" of a model means the usual checkpoint of it: four-bit checkpoints of mixture models
quantise the routed experts and leave attention alone (NVIDIA ModelOpt, AMD Quark and OpenAI
releases), some quantise more, FP8 ones scale by blocks or by tensor. ``profiles/checkpoints.toml``
says which. ``EXPERTS/OTHERS`` (``mxfp4/fp8_block``, ``int4/int4``) names the formats of routed
experts and of all other linear layers instead.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.model.architecture import Architecture, Role
from engine.model.precision import (
    FORMATS,
    QUANTISED_ROLES,
    NumberFormat,
    Precision,
    default_activations,
    number_format,
)
from engine.sources.profile_files import read_toml
from profiles import ROOT

if TYPE_CHECKING:
    from engine.model.forward.architecture import ForwardArchitecture

_PLAIN = FORMATS["bf16"]
_NOT_EXPERTS = QUANTISED_ROLES - {Role.ROUTED_EXPERT}


def served_precision(
    own: Precision,
    architecture: Architecture | ForwardArchitecture,
    weights: str = "",
    activations: str = "",
    kv: str = "",
) -> Precision:
    """The checkpoint's ``own`` precision with what is named of it changed; raises `InputError`.

    Names that are empty change nothing. All layers of a model of one forward pass take one format.
    """
    chosen = _stored_as(weights, own, architecture) if weights else own
    if activations:
        chosen = replace(
            chosen, activations=number_format(activations), activation_overrides=(), modules=()
        )
    return replace(chosen, kv=number_format(kv)) if kv else chosen


def _stored_as(
    weights: str, own: Precision, architecture: Architecture | ForwardArchitecture
) -> Precision:
    first, apart, second = weights.partition("/")
    named = number_format(first)
    if apart:
        others = number_format(second)
        wide = others if 8 <= others.bits < 16 else named
        return _experts_only(named, default_activations(wide), own.kv, others)
    if named.name == own.weights.name:
        return own
    if not isinstance(architecture, Architecture):
        return Precision(named, default_activations(named), own.kv, own.plain)
    if named.bits > 4:
        if named.name == "fp8" and architecture.model_type.startswith(_block_scaled()):
            named = FORMATS["fp8_block"]
        return Precision(named, default_activations(named), own.kv)
    activations = _four_bit_activations(named, architecture)
    if not architecture.is_mixture:
        return Precision(named, activations, own.kv)
    besides = _quantised_besides().get((architecture.model_type, named.name), frozenset())
    return _experts_only(named, activations, own.kv, _PLAIN, besides)


def _four_bit_activations(named: NumberFormat, architecture: Architecture) -> NumberFormat:
    wide = architecture.model_type in _checkpoints()["sixteen_bit_activations"]
    if named.compute == "fp4" and not wide:
        return named
    return _PLAIN


def _experts_only(
    experts: NumberFormat,
    activations: NumberFormat,
    kv: NumberFormat,
    others: NumberFormat,
    besides: frozenset[Role] = frozenset(),
) -> Precision:
    """Routed experts in one format, all other linear layers but those ``besides`` in another."""
    if others is experts:
        return Precision(experts, activations, kv)
    overrides = tuple((role, others) for role in sorted(_NOT_EXPERTS - besides))
    return Precision(experts, activations, kv, overrides=overrides)


@cache
def _checkpoints() -> dict[str, Any]:
    return read_toml(ROOT / "checkpoints.toml")


def _block_scaled() -> tuple[str, ...]:
    return tuple(_checkpoints()["block_scaled"])


@cache
def _quantised_besides() -> dict[tuple[str, str], frozenset[Role]]:
    """By model type and format: what a checkpoint quantises besides the routed experts."""
    return {
        (one["model_type"], one["weights"]): frozenset(Role(role) for role in one["quantised"])
        for one in _checkpoints()["checkpoint"]
    }
