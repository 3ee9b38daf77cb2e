"""How a checkpoint's numbers are stored: ``quantization_config`` in its many dialects.

`read_stored` turns what the files say into a `Precision`: a format for the quantised
linear layers, what activations they expect, the cache format, and the parts of the model that
are stored otherwise. Checkpoints in FP32 count as 16 bit: serving engines load them so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from engine.model.architecture import Architecture, Matrix, Role
from engine.model.precision import FORMATS, QUANTISED_ROLES, NumberFormat, Portion, Precision
from engine.model.quantisation.dialects import read_scheme
from engine.model.quantisation.modules import layers_named, names_single_experts, share
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


def read_quantisation(
    config: Config, text_config: Config, beside: Mapping[str, Config], architecture: Architecture
) -> Precision:
    """The checkpoint's own precision, as `read_stored` finds it."""
    return read_stored(config, text_config, beside, architecture).precision


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
    return Stored(_precision(scheme, architecture, plain), scheme.warnings)


def _precision(scheme: Scheme, architecture: Architecture, plain: NumberFormat) -> Precision:
    held = _held(architecture)
    matrices = _matrices_by_role(architecture)
    portions = {
        matrix.name: _portions(scheme, matrix, held, plain)
        for named in matrices.values()
        for matrix, _ in named
    }
    _check_named(scheme, portions)
    by_role = {role: _operands_of(named, portions) for role, named in matrices.items()}
    table = by_role.get(Role.EMBEDDING)
    if architecture.tied_embeddings and table is not None and table[0] != plain:
        by_role[Role.LM_HEAD] = table
    stored = {role: weights for role, (weights, _) in by_role.items()}
    weights, activations = scheme.weights, scheme.activations
    if weights is None:
        weights, activations = _most_used(by_role, plain)
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
    return replace(precision, modules=_unlike_their_role(precision, matrices, portions))


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
    if architecture.embedding_parameters:
        width, rows = architecture.hidden_size, architecture.vocabulary_size
        table = Matrix("embed_tokens", width, rows, Role.EMBEDDING)
        found[table.role] = [(table, architecture.embedding_parameters)]
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    """By a matrix's name: in how many layers it is (the empty name is all layers), and how many
    experts have one."""

    layers: dict[str, int]
    experts: dict[str, int]


def _held(architecture: Architecture) -> _Held:
    held: dict[str, int] = {"": architecture.layer_count}
    experts: dict[str, int] = {}
    for block, count in architecture.blocks():
        names = {matrix.name for matrix in block.matrices}
        if block.experts is not None:
            routed = {matrix.name for matrix in block.experts.matrices}
            experts |= dict.fromkeys(routed, block.experts.count)
            names |= routed
            if block.experts.router is not None:
                names.add(block.experts.router.name)
        for name in names:
            held[name] = held.get(name, 0) + count
    return _Held(held, experts)


Operands = tuple[NumberFormat, NumberFormat]
"""How weights are stored, and what they are multiplied with."""


def _unlike_their_role(
    precision: Precision,
    matrices: dict[Role, list[tuple[Matrix, int]]],
    portions: dict[str, tuple[Portion, ...]],
) -> tuple[tuple[str, tuple[Portion, ...]], ...]:
    """The matrices in layers that are not stored as their role is, by name. The head runs once,
    as what it is stored as."""
    found = {}
    for role, named in matrices.items():
        if role in (Role.LM_HEAD, Role.EMBEDDING):
            continue
        weights, by = precision.weight_format(role), precision.activation_format(role)
        for matrix, _ in named:
            own = portions[matrix.name]
            if any(one.weights != weights or _multiplied_with(one, by) != by for one in own):
                found[matrix.name] = own
    return tuple(found.items())


def _multiplied_with(portion: Portion, usual: NumberFormat) -> NumberFormat:
    """What a portion is multiplied with; plain weights go with whatever is ``usual``."""
    return portion.activations if portion.weights.bits < 16 else usual


def _operands_of(
    matrices: list[tuple[Matrix, int]], portions: dict[str, tuple[Portion, ...]]
) -> Operands:
    """The format that most elements of a role have, with the average bytes of all of them."""
    elements: dict[NumberFormat, float] = {}
    multiplied: dict[NumberFormat, NumberFormat] = {}
    for matrix, count in matrices:
        for one in portions[matrix.name]:
            elements[one.weights] = elements.get(one.weights, 0.0) + count * one.share
            multiplied.setdefault(one.weights, one.activations)
    ordered = sorted(elements, key=lambda one: -elements[one])
    most = ordered[0]
    total = sum(elements.values())
    if total - elements[most] <= NEGLIGIBLE * total:
        return most, multiplied[most]
    stored = sum(one.bytes_per_element * count for one, count in elements.items())
    other = next((one.name for one in ordered if one.name != most.name), "")
    return replace(most.of_bytes(stored / total), mixed_with=other), multiplied[most]


NEGLIGIBLE = 1e-9
"""A smaller share of a role's elements in another format is a rounding error of shares."""


def _portions(
    scheme: Scheme, matrix: Matrix, held: _Held, plain: NumberFormat
) -> tuple[Portion, ...]:
    """The formats of one matrix with the share of its layers (of experts, of those of all layers)
    that each has."""
    layers, total = held.layers.get(matrix.name, 1), held.layers[""]
    found: dict[Portion, float] = {}
    for named, experts in _as_named(scheme, matrix, total, held.experts.get(matrix.name, 1)):
        for one in _portions_of(scheme, matrix, named, layers, total, plain):
            whole = replace(one, share=1.0)
            found[whole] = found.get(whole, 0.0) + one.share * experts
    return tuple(replace(whole, share=part) for whole, part in found.items())


Named = tuple[frozenset[int], ...]
"""The layers in which a module is ignored, and those in which each rule names it."""


def _as_named(
    scheme: Scheme, matrix: Matrix, total: int, experts: int
) -> Iterator[tuple[Named, float]]:
    """What the lists name of a matrix, with the share of the experts of which they do."""
    lists = (scheme.ignored, *(rule.patterns for rule in scheme.rules))
    apart = matrix.role is Role.ROUTED_EXPERT and any(map(names_single_experts, lists))
    numbers = range(experts if apart else 1)
    alike = Counter(
        tuple(layers_named(one, matrix.name, total, number) for one in lists) for number in numbers
    )
    for named, count in alike.items():
        yield named, count / len(numbers)


def _portions_of(
    scheme: Scheme, matrix: Matrix, named: Named, layers: int, total: int, plain: NumberFormat
) -> list[Portion]:
    """The formats of a matrix whose layers are ``named`` so."""
    found: list[Portion] = []
    decided, *ruled = named
    left = 1.0 - share(decided, layers, total)
    for rule, where in zip(scheme.rules, ruled, strict=True):
        part = min(share(where - decided, layers, total), left)
        if part > 0:
            weights = rule.weights or plain
            by = rule.activations if weights.bits < 16 else plain
            found.append(Portion(part, weights, by))
            left -= part
        decided |= where
    if left > 0 and scheme.weights is not None and _by_default(scheme, matrix):
        found.append(Portion(left, scheme.weights, scheme.activations))
    rest = 1.0 - sum(one.share for one in found)
    if rest > NEGLIGIBLE or not found:
        found.append(Portion(rest, plain, plain))
    return found


def _by_default(scheme: Scheme, matrix: Matrix) -> bool:
    """Whether a matrix that nothing names is stored as the scheme's default."""
    if scheme.only_roles and matrix.role not in scheme.only_roles:
        return False
    if matrix.inputs % scheme.divisor:
        return False
    return matrix.role in QUANTISED_ROLES or matrix.role in scheme.extra_roles


def _most_used(by_role: dict[Role, Operands], plain: NumberFormat) -> Operands:
    """For mixed checkpoints without a default: the experts' format, else the MLP's, else any."""
    for role in (Role.ROUTED_EXPERT, Role.DENSE_MLP, Role.MIXER, Role.ATTENTION):
        if by_role.get(role, (plain, plain))[0] != plain:
            return by_role[role]
    return plain, plain


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
    note = say(
        "the name says {stated}, the files hold no quantization_config: weights count as "
        "{weights}; --weights names another format",
        stated=said[1],
        weights=precision.weights.name,
    )
    return (note,)
