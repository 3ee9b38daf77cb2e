"""The only account of bytes: what a model's weights take as stored, and what a token caches.

Whoever needs bytes of weights (`rooftop model`, the memory of a chip, published checkpoints) adds
up these parts. A matrix is stored in the format of its role, its scales included; biases, norms
and other elements outside matrices are plain. Prediction layers are in no sum but their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.cores import AttentionCore, Core, StateCore
from engine.model.matrices import Matrix, Role, Split
from engine.model.precision import NumberFormat, Precision

CONVOLUTION_BYTES = 2.0
"""Of one element of a short convolution's tail, which is kept in 16 bits."""


class Spread(StrEnum):
    """Which ranks of a pipeline stage divide a part between them."""

    TENSOR = "tensor"
    """The tensor ranks; attention groups hold copies."""
    KV_HEADS = "kv_heads"
    """As many tensor ranks as there are KV heads."""
    SHARED_EXPERTS = "shared_experts"
    """As the tensor ranks do, or every rank the whole: engines differ."""
    EXPERTS = "experts"
    """All ranks: each holds some experts, or a piece of each."""
    NONE = "none"
    """Every rank holds the whole part."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of weights that ranks divide alike; ``heads`` belongs to `Spread.KV_HEADS`."""

    bytes: float
    spread: Spread
    heads: int = 0


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one kind of layer, and how many layers have them."""

    parts: tuple[Part, ...]
    count: int

    @property
    def bytes(self) -> float:
        """Bytes in all layers."""
        return self.count * sum(part.bytes for part in self.parts)


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """Bytes of a model's weights by where they are held.

    ``layers`` counts what layers have in common in each of them; ``shared`` is how much of that
    is not held again.
    """

    layers: tuple[Parts, ...]
    shared: tuple[Parts, ...]
    embedding: float
    head: float
    """Without the matrix where it is the embedding's."""
    towers: float
    beside: float
    """Final norm, positions: whole on every rank of every stage."""
    prediction: tuple[Parts, ...]
    """Multi-token-prediction layers, which are in no total."""
    prediction_beside: float

    @property
    def total(self) -> float:
        """Bytes of the whole model, each weight once."""
        layers = sum(kind.bytes for kind in self.layers) - sum(kind.bytes for kind in self.shared)
        return layers + self.embedding + self.head + self.towers + self.beside


def stored_weights(architecture: Architecture, precision: Precision) -> StoredWeights:
    """The weights of ``architecture`` as ``precision`` stores them."""
    plain = precision.plain.bytes_per_element
    head = architecture.lm_head
    tower = precision.weight_format(Role.TOWER).bytes_per_element
    embedding = precision.weight_format(Role.EMBEDDING).bytes_per_element
    return StoredWeights(
        layers=_parts_of(architecture.layers, precision),
        shared=_parts_of(architecture.shared, precision),
        embedding=architecture.embedding_parameters * embedding,
        head=architecture.head_parameters * plain
        if architecture.tied_embeddings
        else matrix_bytes(head, precision),
        towers=architecture.tower_parameters * tower,
        beside=architecture.other_parameters * plain,
        prediction=_parts_of(architecture.prediction_layers, precision),
        prediction_beside=architecture.prediction_other_parameters * plain,
    )


def weight_bytes(architecture: Architecture, precision: Precision) -> float:
    """Bytes of all weights, each once."""
    return stored_weights(architecture, precision).total


def prediction_bytes(architecture: Architecture, precision: Precision) -> float:
    """Bytes of the multi-token-prediction layers."""
    held = stored_weights(architecture, precision)
    return sum(kind.bytes for kind in held.prediction) + held.prediction_beside


def matrix_bytes(matrix: Matrix, precision: Precision) -> float:
    """Bytes of one matrix with its scales and its bias."""
    bias = (matrix.parameters - matrix.weights) * precision.plain.bytes_per_element
    return matrix.weights * precision.weight_format(matrix.role).bytes_per_element + bias


def _parts_of(layers: Iterable[LayerGroup], precision: Precision) -> tuple[Parts, ...]:
    return tuple(Parts(_block_parts(one.block, precision), one.count) for one in layers)


def _block_parts(block: Block, precision: Precision) -> tuple[Part, ...]:
    plain = precision.plain.bytes_per_element
    held: dict[tuple[Spread, int], float] = defaultdict(float)
    held[Spread.NONE, 0] = block.other_parameters * plain
    for matrix in block.matrices:
        held[_spread(matrix)] += matrix_bytes(matrix, precision)
    experts = block.experts
    if experts is not None:
        one = sum(matrix_bytes(matrix, precision) for matrix in experts.matrices)
        held[Spread.EXPERTS, 0] = experts.count * (one + experts.biases * plain)
        if experts.router is not None:
            held[Spread.NONE, 0] += matrix_bytes(experts.router, precision)
    return tuple(Part(stored, *divided) for divided, stored in held.items())


def _spread(matrix: Matrix) -> tuple[Spread, int]:
    """What divides a matrix, with the heads of `Spread.KV_HEADS`."""
    if matrix.split is Split.REPLICATED:
        return Spread.NONE, 0
    if matrix.split is Split.KV:
        return Spread.KV_HEADS, max(matrix.heads, 1)
    if matrix.role is Role.SHARED_EXPERT:
        return Spread.SHARED_EXPERTS, 0
    return Spread.TENSOR, 0


def cache_bytes_per_token(architecture: Architecture, kv: NumberFormat) -> float:
    """Bytes that a token adds to the cache of all layers at short context."""
    return architecture.cached_elements_per_token() * kv.bytes_per_element


def unbounded_cache_bytes_per_token(architecture: Architecture, kv: NumberFormat) -> float:
    """The part of `cache_bytes_per_token` that grows with the whole context."""
    return architecture.unbounded_cached_elements_per_token() * kv.bytes_per_element


def cross_bytes_per_source_token(architecture: Architecture, kv: NumberFormat) -> float:
    """Bytes that a request holds per token of its encoder, in all cross-attention layers."""
    return kv.bytes_per_element * sum(
        count * core.cached_elements_per_source_token
        for block, count in architecture.blocks()
        for core in block.cores
        if isinstance(core, AttentionCore)
    )


def source_tokens(architecture: Architecture) -> int:
    """Tokens that the encoder makes of any request; 0 without one or where the prompt decides."""
    return max(
        (
            core.source_tokens
            for block, _ in architecture.blocks()
            for core in block.cores
            if isinstance(core, AttentionCore)
        ),
        default=0,
    )


def state_bytes(architecture: Architecture) -> float:
    """Bytes that a sequence holds in states, however long it is."""
    return sum(
        count * core_state_bytes(core)
        for block, count in architecture.blocks()
        for core in block.cores
    )


def core_state_bytes(core: Core) -> float:
    """Bytes of one core's state and convolution tail; 0 for attention."""
    if not isinstance(core, StateCore):
        return 0.0
    recurrent = core.state_elements * core.state_bytes_per_element
    return recurrent + core.convolution_elements * CONVOLUTION_BYTES
