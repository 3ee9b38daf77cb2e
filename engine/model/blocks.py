"""Layers, of matrices, cores and routed experts; equal layers are one group of a block."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.cores import Core
from engine.model.image_rules import ImageRule
from engine.model.matrices import Matrix


@dataclass(frozen=True, slots=True)
class Experts:
    """A bank of routed experts, of which each token visits ``top_k``.

    ``matrices`` are those of one expert. With ``groups`` > 1 the experts are divided into that
    many groups and a token may use experts of at most ``groups_per_token`` of them, which
    bounds how many nodes it is sent to (DeepSeek-V3, arXiv:2412.19437 §2.1.2).
    """

    count: int
    top_k: int
    matrices: tuple[Matrix, ...]
    router: Matrix | None
    groups: int = 1
    groups_per_token: int = 1
    identity_count: int = 0
    """Weightless experts that pass their input on (LongCat); a token may be routed to them."""
    biases: int = 0
    """Bias elements of one expert beyond its matrices' own."""

    @property
    def parameters_of_one(self) -> int:
        """Elements of one expert."""
        return sum(matrix.parameters for matrix in self.matrices) + self.biases

    @property
    def parameters(self) -> int:
        """Elements of all routed experts, without the router."""
        return self.count * self.parameters_of_one


@dataclass(frozen=True, slots=True)
class Block:
    """One kind of layer.

    ``matrices`` holds every dense matrix in order of execution, shared experts included.
    ``other_parameters`` are elements that take part in no matrix product (norms, sinks,
    decay rates, per-head scales).
    """

    kind: str
    matrices: tuple[Matrix, ...]
    cores: tuple[Core, ...]
    experts: Experts | None = None
    other_parameters: int = 0
    norms: int = 2
    """Normalisation passes over the hidden state."""
    parallel: bool = False
    """Mixer and feed-forward read the same input and are summed (GPT-J, Falcon): their results
    need one all-reduce instead of two."""

    @property
    def dense_parameters(self) -> int:
        """Elements every token uses: all but the routed experts (the router is included)."""
        router = self.experts.router.parameters if self.experts and self.experts.router else 0
        return sum(m.parameters for m in self.matrices) + self.other_parameters + router

    @property
    def parameters(self) -> int:
        """All elements of the layer."""
        return self.dense_parameters + (self.experts.parameters if self.experts else 0)

    @property
    def active_parameters(self) -> int:
        """Elements one token uses."""
        if self.experts is None:
            return self.dense_parameters
        return self.dense_parameters + self.experts.top_k * self.experts.parameters_of_one


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """``count`` layers of the same block (not necessarily neighbours)."""

    block: Block
    count: int


@dataclass(frozen=True, slots=True)
class ImageTower:
    """What images pass before they are part of a prompt.

    ``layers`` work on patches, the ``projector`` on what comes out of them; ``layer_count`` are
    transformer layers, of which each is two groups' blocks (attention, feed-forward).
    """

    rule: ImageRule
    hidden_size: int
    layer_count: int
    layers: tuple[LayerGroup, ...]
    projector: tuple[Matrix, ...]

    @property
    def widest(self) -> int:
        """Outputs of its widest matrices that run together."""
        blocks = (group.block for group in self.layers)
        return max(sum(one.outputs for one in block.matrices[:-1]) for block in blocks)
