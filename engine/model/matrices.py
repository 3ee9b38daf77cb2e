"""Weight matrices: every dense matrix product that a layer does."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Split(StrEnum):
    """How tensor parallelism divides a matrix between ranks."""

    COLUMN = "column"
    """Outputs are divided; no communication."""
    ROW = "row"
    """Inputs are divided; the product ends in an all-reduce."""
    KV = "kv"
    """Outputs are divided by KV head; replicated when there are fewer heads than ranks."""
    REPLICATED = "replicated"
    """Every rank holds and computes the whole matrix."""


class Role(StrEnum):
    """What part of the model a matrix belongs to; quantisation schemes go by it."""

    ATTENTION = "attention"
    ATTENTION_OUTPUT = "attention_output"
    MIXER = "mixer"
    DENSE_MLP = "dense_mlp"
    ROUTED_EXPERT = "routed_expert"
    SHARED_EXPERT = "shared_expert"
    ROUTER = "router"
    INDEXER = "indexer"
    EMBEDDING = "embedding"
    LM_HEAD = "lm_head"
    TOWER = "tower"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Matrix:
    """A weight matrix of ``outputs × inputs`` elements, used once per token.

    ``name`` is the module path inside the layer as checkpoints spell it
    (``self_attn.q_proj``), because ignore lists of quantisation configs speak of those.
    Matrices of one block with the same ``kernel`` name run as one GEMM (q, k and v as
    ``qkv``; gate and up as ``gate_up``).
    """

    name: str
    inputs: int
    outputs: int
    role: Role
    split: Split = Split.COLUMN
    kernel: str = ""
    bias: bool = False
    heads: int = 0
    """For `Split.KV`: how many heads the outputs hold."""
    batched: bool = False
    """A stack of per-head products in decode (MLA's absorbed up-projections), not one GEMM.
    FLOPs per token are the same either way: 2 × elements."""
    source: bool = False
    """Works on what an encoder made of the request, once (keys and values of cross-attention)."""
    serial: bool = False
    """Runs for one token of each sequence after the other, which depends on the one before (heads
    of drafts that make a block at once)."""

    @property
    def weights(self) -> int:
        """Elements without the bias."""
        return self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        """Elements with the bias."""
        return self.inputs * self.outputs + (self.outputs if self.bias else 0)
