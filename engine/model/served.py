"""The precision that a model is served in when somebody names a format for it.

"NVFP4" or "FP8" of a model means the usual checkpoint of it: four-bit checkpoints of mixture models
quantise the routed experts and leave attention alone (NVIDIA ModelOpt, AMD Quark and OpenAI
releases), some quantise more, FP8 ones scale by blocks or by tensor, ModelSlim's for Ascend keep
some matrices in 16 bits. ``profiles/checkpoints.toml`` says which. ``EXPERTS/OTHERS``
(``mxfp4/fp8_block``, ``int4/int4``) names the formats of routed experts and of all other linear
layers instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.model.precision import (
    FORMATS,
    QUANTISED_ROLES,
    NumberFormat,
    Precision,
    default_activations,
    number_format,
)
from engine.model.quantisation.stored import scheme_precision
from engine.model.usual import checkpoint_facts, usual_checkpoint

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
    generation: str = "",
) -> Precision:
    """The checkpoint's ``own`` precision with what is named of it changed, on chips of a
    ``generation``; raises `InputError`.

    Names that are empty change nothing. All layers of a model of one forward pass take one format.
    """
    chosen = _stored_as(weights.lower(), own, architecture, generation) if weights else own
    if activations:
        chosen = replace(
            chosen, activations=number_format(activations), activation_overrides=(), modules=()
        )
    return replace(chosen, kv=number_format(kv)) if kv else chosen


def _stored_as(
    weights: str,
    own: Precision,
    architecture: Architecture | ForwardArchitecture,
    generation: str,
) -> Precision:
    first, apart, second = weights.partition("/")
    named = number_format(first)
    if not apart and named.name == own.weights.name:
        return own
    others = number_format(second) if apart else named
    wide = others if 8 <= others.bits < 16 else named
    if isinstance(architecture, Architecture):
        usual = usual_checkpoint(architecture, weights, generation)
        if usual is not None:
            by = default_activations(wide) if wide.bits > 4 else _four_bit(wide, architecture)
            scheme = usual.scheme(architecture, weights, by)
            return replace(scheme_precision(scheme, architecture, own.plain), kv=own.kv)
    if apart:
        return _experts_only(named, default_activations(wide), own.kv, others)
    if not isinstance(architecture, Architecture):
        return Precision(named, default_activations(named), own.kv, own.plain)
    if named.bits > 4:
        if named.name == "fp8" and architecture.model_type.startswith(_block_scaled()):
            named = FORMATS["fp8_block"]
        return Precision(named, default_activations(named), own.kv)
    activations = _four_bit(named, architecture)
    if not architecture.is_mixture:
        return Precision(named, activations, own.kv)
    return _experts_only(named, activations, own.kv, _PLAIN)


def _four_bit(named: NumberFormat, architecture: Architecture) -> NumberFormat:
    """What four-bit weights are multiplied with."""
    wide = architecture.model_type in checkpoint_facts()["sixteen_bit_activations"]
    if named.compute == "fp4" and not wide:
        return named
    return _PLAIN


def _experts_only(
    experts: NumberFormat, activations: NumberFormat, kv: NumberFormat, others: NumberFormat
) -> Precision:
    """Routed experts in one format, all other linear layers in another."""
    if others is experts:
        return Precision(experts, activations, kv)
    overrides = tuple((role, others) for role in sorted(_NOT_EXPERTS))
    return Precision(experts, activations, kv, overrides=overrides)


def _block_scaled() -> tuple[str, ...]:
    return tuple(checkpoint_facts()["block_scaled"])
