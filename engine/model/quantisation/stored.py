"""How a checkpoint's numbers are stored: ``quantization_config`` in its many dialects.

`read_stored` turns what the files say into a `Precision`: a format for the quantised
linear layers, what activations they expect, the cache format, and the parts of the model that
are stored otherwise. Checkpoints in FP32 count as 16 bit: serving engines load them so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.model.precision import FORMATS, QUANTISED_ROLES, NumberFormat, Portion, Precision
from engine.model.quantisation.dialects import read_scheme
from engine.model.quantisation.portions import (
    held_of,
    matrices_by_role,
    matrix_portions,
    most_used,
    operands_of,
    unlike_their_role,
)
from engine.model.quantisation.scheme import Scheme
from engine.model.quantisation.values import OVERRIDE, Config
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint's own precision, and what its reader should know about it."""

    precision: Precision
    warnings: tuple[str, ...] = ()


def read_stored(
    config: Config, text_config: Config, beside: Mapping[str, Config], architecture: Architecture
) -> Stored:
    """How the checkpoint's numbers are stored; raises `InputError` for a method it does not know.

    ``beside`` holds the files beside config.json that speak of quantisation, by name. A role
    (attention, experts …) is stored in the format that most of its elements have; where some
    matrices or layers are stored otherwise, its bytes per element are the average of both.
    """
    plain = _plain_format(architecture.torch_dtype)
    scheme = read_scheme(config, text_config, beside)
    if scheme is None:
        return Stored(Precision(plain, plain, plain, plain))
    return Stored(scheme_precision(scheme, architecture, plain), scheme.warnings)


def scheme_precision(scheme: Scheme, architecture: Architecture, plain: NumberFormat) -> Precision:
    """The precision of a model whose numbers are stored by ``scheme``, else ``plain``."""
    held = held_of(architecture)
    matrices = matrices_by_role(architecture)
    portions = {
        matrix.name: matrix_portions(scheme, matrix, held, plain)
        for named in matrices.values()
        for matrix, _ in named
    }
    _check_named(scheme, portions)
    by_role = {role: operands_of(named, portions) for role, named in matrices.items()}
    table = by_role.get(Role.EMBEDDING)
    if architecture.tied_embeddings and table is not None and table[0] != plain:
        by_role[Role.LM_HEAD] = table
    stored = {role: weights for role, (weights, _) in by_role.items()}
    weights, activations = scheme.weights, scheme.activations
    if weights is None:
        weights, activations = most_used(by_role, plain)
    overrides = tuple(
        (role, chosen)
        for role, chosen in stored.items()
        if chosen != (weights if role in QUANTISED_ROLES else plain)
    )
    if weights.bits >= 16:
        activations = plain
    multiplied = tuple(
        (role, by)
        for role, (chosen, by) in by_role.items()
        if chosen.bits < 16 and by != activations
    )
    precision = Precision(weights, activations, scheme.cache or plain, plain, overrides, multiplied)
    return replace(precision, modules=unlike_their_role(precision, matrices, portions))


def _check_named(scheme: Scheme, portions: Mapping[str, tuple[Portion, ...]]) -> None:
    """Raise for a scheme of rules alone of which none names a matrix of the model: its weights are
    stored as some format, and nobody would know which."""
    narrow = [rule for rule in scheme.rules if rule.weights is not None and rule.weights.bits < 16]
    if scheme.weights is not None or not narrow:
        return
    if all(one.weights.bits >= 16 for parts in portions.values() for one in parts):
        found = ", ".join(clean(name, 40) for rule in narrow[:3] for name in rule.patterns[:2])
        raise InputError(
            say(
                "quantization_config: found targets that name no layer of the model ({found}), "
                "expected Linear, names or re: expressions of layers; {OVERRIDE}",
                found=found,
                OVERRIDE=OVERRIDE,
            )
        )


_DTYPES = {
    **dict.fromkeys(("float16", "fp16", "half"), "fp16"),
    **dict.fromkeys(("bfloat16", "bf16", "auto", ""), "bf16"),
    **dict.fromkeys(("float32", "fp32", "float", "float64", "double"), "bf16"),
}


def _plain_format(dtype: str) -> NumberFormat:
    name = dtype.removeprefix("torch.")
    if name not in _DTYPES:
        raise InputError(
            say(
                "torch_dtype: found {dtype!r}, expected bfloat16, float16 or float32",
                dtype=clean(dtype, 40),
            )
        )
    return FORMATS[_DTYPES[name]]
