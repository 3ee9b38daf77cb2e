"""The matrices of each part of a model by the formats they are stored in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.matrices import Matrix, Role
from engine.model.precision import QUANTISED_ROLES, NumberFormat, Portion, Precision
from engine.model.quantisation.modules import layers_named, names_single_experts, share
from engine.model.quantisation.scheme import Scheme

Named = tuple[frozenset[int], ...]
"""The layers in which a module is ignored, and those in which each rule names it."""
Operands = tuple[NumberFormat, NumberFormat]
"""How weights are stored, and what they are multiplied with."""


def matrices_by_role(architecture: Architecture) -> dict[Role, list[tuple[Matrix, int]]]:
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
class Held:
    """By a matrix's name: in how many layers it is (the empty name is all layers), and how many
    experts have one."""

    layers: dict[str, int]
    experts: dict[str, int]


def held_of(architecture: Architecture) -> Held:
    """In how many layers and experts a model has each of its matrices."""
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
    return Held(held, experts)


def unlike_their_role(
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


def operands_of(
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


def matrix_portions(
    scheme: Scheme, matrix: Matrix, held: Held, plain: NumberFormat
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


def most_used(by_role: dict[Role, Operands], plain: NumberFormat) -> Operands:
    """For mixed checkpoints without a default: the experts' format, else the MLP's, else any."""
    for role in (Role.ROUTED_EXPERT, Role.DENSE_MLP, Role.MIXER, Role.ATTENTION):
        if by_role.get(role, (plain, plain))[0] != plain:
            return by_role[role]
    return plain, plain
