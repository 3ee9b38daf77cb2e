"""How a checkpoint's numbers are stored: ``quantization_config`` in its many dialects.

`read_quantisation` turns what the files say into a `Precision`: a format for the quantised
linear layers, what activations they expect, the cache format, and the parts of the model that
are stored otherwise. Checkpoints in FP32 count as 16 bit: serving engines load them so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from engine.model.architecture import Architecture, Matrix, Role
from engine.model.precision import FORMATS, QUANTISED_ROLES, NumberFormat, Precision
from engine.model.quantisation.dialects import read_scheme
from engine.model.quantisation.modules import coverage
from engine.model.quantisation.scheme import Scheme
from engine.words.errors import InputError
from engine.words.text import clean


def read_quantisation(
    config: dict[str, Any],
    text_config: dict[str, Any],
    hf_quant: dict[str, Any] | None,
    architecture: Architecture,
) -> Precision:
    """The checkpoint's own precision; raises `InputError` for a method it does not know.

    A role (attention, experts …) is stored in the format that most of its elements have; where
    some matrices or layers are stored otherwise, its bytes per element are the average of both.
    """
    plain = _plain_format(architecture.torch_dtype)
    scheme = read_scheme(config, text_config, hf_quant)
    if scheme is None:
        return Precision(plain, plain, plain, plain)
    held = _layers_by_name(architecture)
    by_role = {
        role: _format_of(scheme, matrices, held, plain)
        for role, matrices in _matrices_by_role(architecture).items()
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


def _layers_by_name(architecture: Architecture) -> dict[str, int]:
    """In how many layers a matrix of each name is; the empty name is all layers."""
    held: dict[str, int] = {"": architecture.layer_count}
    for block, count in architecture.blocks():
        names = {matrix.name for matrix in block.matrices}
        if block.experts is not None:
            names |= {matrix.name for matrix in block.experts.matrices}
            if block.experts.router is not None:
                names.add(block.experts.router.name)
        for name in names:
            held[name] = held.get(name, 0) + count
    return held


def _format_of(
    scheme: Scheme,
    matrices: list[tuple[Matrix, int]],
    held: dict[str, int],
    plain: NumberFormat,
) -> NumberFormat:
    """The format that most elements of a role have, with the average bytes of all of them."""
    elements_by_format: dict[NumberFormat, float] = {}
    for matrix, elements in matrices:
        for chosen, share in _matrix_formats(scheme, matrix, held, plain):
            known = elements_by_format.get(chosen, 0.0)
            elements_by_format[chosen] = known + elements * share
    ordered = sorted(elements_by_format, key=lambda one: -elements_by_format[one])
    most = ordered[0]
    total = sum(elements_by_format.values())
    if total - elements_by_format[most] <= NEGLIGIBLE * total:
        return most
    bits = sum(8 * one.bytes_per_element * elements for one, elements in elements_by_format.items())
    return replace(most, scale_bits=bits / total - most.bits, mixed_with=ordered[1].name)


NEGLIGIBLE = 1e-9
"""A smaller share of a role's elements in another format is a rounding error of shares."""


def _matrix_formats(
    scheme: Scheme, matrix: Matrix, held: dict[str, int], plain: NumberFormat
) -> list[tuple[NumberFormat, float]]:
    """The formats of one matrix with the share of its layers that each has."""
    layers, total = held.get(matrix.name, 1), held[""]
    found, left = [], 1.0
    for patterns, chosen in scheme.rules:
        share = min(coverage(patterns, matrix.name, layers, total), left)
        if share > 0:
            found.append((chosen, share))
            left -= share
    quantised = matrix.role in QUANTISED_ROLES or matrix.role in scheme.extra_roles
    if scheme.only_roles and matrix.role not in scheme.only_roles:
        quantised = False
    if left > 0 and quantised and scheme.weights is not None:
        ignored = coverage(scheme.ignored, matrix.name, layers, total)
        found.append((scheme.weights, left * (1.0 - ignored)))
        left *= ignored
    if left > 0:
        found.append((plain, left))
    return found


def _most_used(by_role: dict[Role, NumberFormat], plain: NumberFormat) -> NumberFormat:
    """For mixed checkpoints without a default: the experts' format, else the MLP's, else any."""
    for role in (Role.ROUTED_EXPERT, Role.DENSE_MLP, Role.MIXER, Role.ATTENTION):
        if by_role.get(role, plain) != plain:
            return by_role[role]
    return plain


_QUANTISED_NAME = re.compile(
    r"(?<![A-Za-z0-9])(NVFP4|MXFP4|MXFP8|FP8|FP4|AWQ|GPTQ|INT4|INT8|4bit|8bit|W4A16|W8A8|W4A8)"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)


def name_warning(name: str, precision: Precision) -> tuple[str, ...]:
    """A warning when a model's name says that it is quantised and its files do not."""
    said = _QUANTISED_NAME.search(name)
    if said is None or precision.weights.bits < 16:
        return ()
    return (
        f"the name says {said[1]}, the files hold no quantization_config: weights count as "
        f"{precision.weights.name}; --weights names another format",
    )
