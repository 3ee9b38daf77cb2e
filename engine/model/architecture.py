"""One neutral description of a language model, whatever its config.json was called.

A model is a sequence of layers; equal layers share one `Block`. A block is made of weight
matrices (every dense matrix product the layer does), cores (what mixes tokens: softmax
attention over a cache, latent attention, or a recurrent state) and, in mixture-of-experts
layers, a bank of routed experts. Parameter counts, active parameters and cache sizes are sums
over these parts, so a dialect that lists the parts right has the counts right.

Nothing here knows time, chips or parallel layouts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from engine.model.image_rules import ImageRule
from engine.model.kinds import ModelCategory, ModelKind
from engine.words.messages import say


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


@dataclass(frozen=True, slots=True)
class AttentionCore:
    """Softmax attention over cached keys and values (MHA, GQA, MQA).

    ``window`` is the number of most recent tokens a query can see, None for all.
    ``owns_cache`` is False in layers that reuse an earlier layer's keys and values, and in
    cross-attention layers to images. ``cross`` layers look at what an encoder made of the request:
    their keys and values are held once per request, and generated tokens add nothing to them.
    """

    query_heads: int
    kv_heads: int
    key_dim: int
    value_dim: int
    window: int | None = None
    owns_cache: bool = True
    cross: bool = False
    index_dim: int = 0
    """Width of an extra index key cached per token (block-sparse selectors); 0 for none."""
    top_k: int | None = None
    """Sparse attention: a query reads at most this many selected cached tokens."""
    index_heads: int = 0
    normed_across_heads: bool = False
    """Queries and keys are normalised over all heads together, which tensor parallelism divides."""
    source_tokens: int = 0
    """Of a ``cross`` layer: what the encoder makes of any request (Whisper's 1500 frames); 0 where
    it makes as many as the prompt has tokens."""

    @property
    def cached_elements_per_token(self) -> int:
        """Elements that one more token adds to this layer's cache (while inside the window)."""
        return 0 if self.cross else self._held_elements

    @property
    def cached_elements_per_source_token(self) -> int:
        """Elements that a cross-attention layer holds per token of its encoder; 0 for others."""
        return self._held_elements if self.cross else 0

    @property
    def _held_elements(self) -> int:
        if not self.owns_cache:
            return 0
        return self.kv_heads * (self.key_dim + self.value_dim) + self.index_dim


@dataclass(frozen=True, slots=True)
class LatentCore:
    """Multi-head latent attention (DeepSeek V2, arXiv:2405.04434 §2.1).

    The cache holds one latent of ``latent_dim`` and one rotary key of ``rope_dim`` per token
    for all heads together. ``top_k`` and the index fields describe DeepSeek sparse attention
    (DSA); ``owns_index`` is False where the layer reuses another layer's selection.
    ``tokens_per_entry`` > 1 means that the cache holds one entry per so many tokens.
    """

    heads: int
    latent_dim: int
    nope_dim: int
    rope_dim: int
    value_dim: int
    top_k: int | None = None
    index_heads: int = 0
    index_dim: int = 0
    owns_index: bool = False
    window: int | None = None
    tokens_per_entry: int = 1
    expanded: bool = True
    """Prefill without sparsity works on keys and values expanded per head. False: the entries are
    keys and values as they are (DeepSeek-V4)."""

    @property
    def cached_elements_per_token(self) -> float:
        """Latent, rotary key and (where owned) index key elements per token."""
        index = self.index_dim if self.owns_index else 0
        return (self.latent_dim + self.rope_dim + index) / self.tokens_per_entry


@dataclass(frozen=True, slots=True)
class StateCore:
    """A mixer with a constant-size state per sequence: linear attention or a state-space model.

    ``state_elements`` is the recurrent state (kept in FP32 unless ``state_bytes_per_element``
    says otherwise), ``convolution_elements`` the short convolution's tail in the activation
    type. ``flops_per_token`` is the work of the scan itself, without the projections.
    """

    kind: str
    heads: int
    state_elements: int
    convolution_elements: int
    flops_per_token: int
    state_bytes_per_element: int = 4


Core = AttentionCore | LatentCore | StateCore


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


@dataclass(frozen=True, slots=True)
class Assumption:
    """A value that the file did not give, and where it came from instead."""

    key: str
    value: str
    reason: str

    @property
    def words(self) -> str:
        """The key with its value, and why, as one message."""
        return say("{key} = {value} ({reason})", key=self.key, value=self.value, reason=self.reason)


@dataclass(frozen=True, slots=True)
class Architecture:
    """What a model is. Counts follow one convention:

    total = layers + embeddings + LM head (once when tied) + final norm + other towers, without
    multi-token-prediction layers. active = the same with ``top_k`` instead of all experts; the
    embedding table and the towers count in full, as published headlines do.
    """

    kind: ClassVar[ModelKind] = ModelKind.TOKENS
    category: ClassVar[ModelCategory] = ModelCategory.LANGUAGE

    name: str
    model_type: str
    hidden_size: int
    vocabulary_size: int
    layers: tuple[LayerGroup, ...]
    embedding_parameters: int
    lm_head: Matrix
    tied_embeddings: bool
    other_parameters: int = 0
    """Final norm, learned positions, embedding norms."""
    tower_parameters: int = 0
    """Vision and audio towers with their projectors."""
    shared: tuple[LayerGroup, ...] = ()
    """What layers hold in common with an earlier layer: in each layer's block (each layer does
    its work), held once (Zamba)."""
    prediction_layers: tuple[LayerGroup, ...] = ()
    """Multi-token-prediction layers; in no count but their own."""
    prediction_other_parameters: int = 0
    predicts_blocks: bool = False
    """Its prediction layers are stages of one pass that drafts a whole block (DSpark), not modules
    that draft one token each."""
    maximum_positions: int = 0
    torch_dtype: str = "bfloat16"
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[str, ...] = ()
    encoder: tuple[LayerGroup, ...] = ()
    """Layers of an encoder that every request passes once before its first token; their elements
    are among ``tower_parameters``."""
    denoises: bool = False
    """Text comes out of many passes over blocks (diffusion), not token after token."""
    draft: str = ""
    """What kind of draft it is, which speculates for another model; "" for a model."""
    uncounted: tuple[str, ...] = ()
    """Parts of the checkpoint that are in no count, as the config names them."""
    residual_streams: int = 1
    """Hidden states that layers hand on beside each other (hyper-connections, AltUp)."""
    images: ImageTower | None = None
    """What images of a request pass; None where there is no such tower, or none is described."""

    def blocks(self) -> Iterator[tuple[Block, int]]:
        """Every kind of layer with its count."""
        for group in self.layers:
            yield group.block, group.count

    @property
    def layer_count(self) -> int:
        """Decoder layers, without multi-token prediction."""
        return sum(group.count for group in self.layers)

    @property
    def generates(self) -> bool:
        """False for a checkpoint that embeds or scores: it has no LM head."""
        return self.lm_head.name == "lm_head"

    @property
    def source_tokens(self) -> int:
        """What the encoder makes of any request (Whisper's 1500 frames); 0 where it makes as many
        as the prompt has tokens, or there is none."""
        cores = (core for block, _ in self.blocks() for core in block.cores)
        return max(
            (core.source_tokens for core in cores if isinstance(core, AttentionCore)), default=0
        )

    @property
    def head_parameters(self) -> int:
        """The LM head's own elements: 0 when it shares the embedding's."""
        bias = self.lm_head.outputs if self.lm_head.bias else 0
        return bias if self.tied_embeddings else self.lm_head.parameters

    @property
    def shared_parameters(self) -> int:
        """Elements that layers hold in common with an earlier layer."""
        return sum(group.count * group.block.parameters for group in self.shared)

    @property
    def total_parameters(self) -> int:
        """All elements by the convention above."""
        layers = sum(group.count * group.block.parameters for group in self.layers)
        return layers + self._parameters_around_layers

    @property
    def active_parameters(self) -> int:
        """Elements one token uses by the convention above."""
        layers = sum(group.count * group.block.active_parameters for group in self.layers)
        return layers + self._parameters_around_layers

    @property
    def _parameters_around_layers(self) -> int:
        """Elements outside the layers, less those that layers hold in common."""
        return (
            self.embedding_parameters
            + self.head_parameters
            + self.other_parameters
            + self.tower_parameters
            - self.shared_parameters
        )

    @property
    def prediction_parameters(self) -> int:
        """Elements of the multi-token-prediction layers."""
        layers = sum(group.count * group.block.parameters for group in self.prediction_layers)
        return layers + self.prediction_other_parameters

    @property
    def is_mixture(self) -> bool:
        """True when any layer has routed experts."""
        return any(block.experts is not None for block, _ in self.blocks())

    @property
    def expert_count(self) -> int:
        """Routed experts of the largest bank; 0 for dense models."""
        return max((b.experts.count for b, _ in self.blocks() if b.experts), default=0)

    @property
    def query_heads(self) -> int:
        """The most query heads of any softmax or latent core; 0 for pure state-space models."""
        heads = [0]
        for block, _ in self.blocks():
            for core in block.cores:
                if isinstance(core, AttentionCore):
                    heads.append(core.query_heads)
                elif isinstance(core, LatentCore):
                    heads.append(core.heads)
        return max(heads)

    def cached_elements_per_token(self) -> float:
        """Cache elements per token at short context, over all layers and one replica."""
        return sum(
            count * core.cached_elements_per_token
            for block, count in self.blocks()
            for core in block.cores
            if not isinstance(core, StateCore)
        )

    def unbounded_cached_elements_per_token(self) -> float:
        """The part that keeps growing with context: layers without a window."""
        return sum(
            count * core.cached_elements_per_token
            for block, count in self.blocks()
            for core in block.cores
            if not isinstance(core, StateCore) and core.window is None
        )
