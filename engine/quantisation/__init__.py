"""How a checkpoint's numbers are stored: ``quantization_config`` in its many dialects.

`read_quantisation` turns what the files say into a `Precision`: a format for the quantised
linear layers, what activations they expect, the cache format, and the parts of the model that
are stored otherwise. Checkpoints in FP32 count as 16 bit: serving engines load them so.
"""

from __future__ import annotations

from typing import Any

from engine.architecture import Architecture, Matrix, Role
from engine.errors import InputError
from engine.precision import FORMATS, QUANTISED_ROLES, NumberFormat, Precision
from engine.quantisation.dialects import read_scheme
from engine.quantisation.modules import coverage
from engine.quantisation.scheme import Scheme
from engine.text import clean


def read_quantisation(
    config: dict[str, Any],
    text_config: dict[str, Any],
    hf_quant: dict[str, Any] | None,
    architecture: Architecture,
) -> Precision:
    """The checkpoint's own precision; raises `InputError` for a method it does not know.

    A role (attention, experts …) is stored in the format that most of its elements have:
    ignore lists that name a few layers of many do not change it.
    """
    plain = _plain_format(architecture.torch_dtype)
    scheme = read_scheme(config, text_config, hf_quant)
    if scheme is None:
        return Precision(plain, plain, plain, plain)
    by_role = {
        role: _format_of(scheme, names, architecture, plain)
        for role, names in _matrices_by_role(architecture).items()
    }
    weights = scheme.weights or _most_used(by_role, plain)
    overrides = tuple(
        (role, chosen)
        for role, chosen in by_role.items()
        if chosen != (weights if role in QUANTISED_ROLES else plain)
    )
    activations = scheme.activations if weights.bits < 16 else plain
    return Precision(weights, activations, scheme.cache or plain, plain, overrides)


_DTYPES = {
    **dict.fromkeys(("float16", "fp16", "half"), "fp16"),
    **dict.fromkeys(("bfloat16", "bf16", "auto", ""), "bf16"),
    **dict.fromkeys(("float32", "fp32", "float", "float64", "double"), "bf16"),
}


def _plain_format(dtype: str) -> NumberFormat:
    name = dtype.removeprefix("torch.")
    if name not in _DTYPES:
        raise InputError(
            f"torch_dtype: found {clean(dtype, 40)!r}, expected bfloat16, float16 or float32"
        )
    return FORMATS[_DTYPES[name]]


def _matrices_by_role(architecture: Architecture) -> dict[Role, list[tuple[Matrix, int]]]:
    """Every matrix of a layer with the elements it has in the whole model, by role."""
    found: dict[Role, list[tuple[Matrix, int]]] = {}
    for block, count in architecture.blocks():
        for matrix in block.matrices:
            found.setdefault(matrix.role, []).append((matrix, matrix.weights * count))
        if block.experts is not None:
            for matrix in block.experts.matrices:
                elements = matrix.weights * block.experts.count * count
                found.setdefault(matrix.role, []).append((matrix, elements))
            if block.experts.router is not None:
                router = block.experts.router
                found.setdefault(router.role, []).append((router, router.weights * count))
    head = architecture.lm_head
    found.setdefault(head.role, []).append((head, head.weights))
    return found


def _format_of(
    scheme: Scheme,
    matrices: list[tuple[Matrix, int]],
    architecture: Architecture,
    plain: NumberFormat,
) -> NumberFormat:
    """The format that most elements of a role have."""
    votes: dict[NumberFormat, int] = {}
    for matrix, elements in matrices:
        chosen = _matrix_format(scheme, matrix, architecture.layer_count) or plain
        votes[chosen] = votes.get(chosen, 0) + elements
    return max(votes, key=lambda one: votes[one])


def _matrix_format(scheme: Scheme, matrix: Matrix, layers: int) -> NumberFormat | None:
    """The format of one matrix in most layers; None for the plain one."""
    for patterns, chosen in scheme.rules:
        if coverage(patterns, matrix.name, layers) > 0.5:
            return chosen
    quantised = matrix.role in QUANTISED_ROLES or matrix.role in scheme.extra_roles
    if scheme.only_roles and matrix.role not in scheme.only_roles:
        quantised = False
    if not quantised or scheme.weights is None:
        return None
    return None if coverage(scheme.ignored, matrix.name, layers) > 0.5 else scheme.weights


def _most_used(by_role: dict[Role, NumberFormat], plain: NumberFormat) -> NumberFormat:
    """For mixed checkpoints without a default: the experts' format, else the MLP's, else any."""
    for role in (Role.ROUTED_EXPERT, Role.DENSE_MLP, Role.MIXER, Role.ATTENTION):
        if by_role.get(role, plain) != plain:
            return by_role[role]
    return plain
