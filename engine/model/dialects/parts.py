"""The parts that layers are made of: attention, latent attention, feed-forward, experts.

Every function returns matrices with the module names that checkpoints use, so that a dialect
states only dimensions and what is unusual about its family.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.blocks import Block, Experts
from engine.model.cores import AttentionCore, Core, LatentCore
from engine.model.matrices import Matrix, Role, Split


@dataclass(frozen=True, slots=True)
class Mixer:
    """What mixes tokens in a layer. ``other`` counts elements outside matrices."""

    kind: str
    matrices: tuple[Matrix, ...] = ()
    cores: tuple[Core, ...] = ()
    other: int = 0


@dataclass(frozen=True, slots=True)
class FeedForward:
    """What works on each token alone in a layer."""

    kind: str
    matrices: tuple[Matrix, ...] = ()
    experts: Experts | None = None
    other: int = 0


def norm_elements(norm: str, width: int) -> int:
    """Elements of one normalisation: ``rms`` and ``scale`` hold a weight, ``layer`` a weight and
    a bias, ``plain`` nothing."""
    return {"rms": 1, "scale": 1, "layer": 2, "plain": 0}[norm] * width


def output_projection(name: str, inputs: int, hidden: int, bias: bool = False) -> Matrix:
    """What turns the heads' results back into a hidden state, divided by head."""
    return Matrix(name, inputs, hidden, Role.ATTENTION_OUTPUT, Split.ROW, bias=bias)


def attention(
    hidden: int,
    heads: int,
    kv_heads: int,
    head_dim: int,
    *,
    value_dim: int = 0,
    window: int | None = None,
    qkv_bias: bool = False,
    output_bias: bool = False,
    qk_norm: str = "",
    qk_norm_kind: str = "rms",
    sinks: bool = False,
    owns_cache: bool = True,
    output_gate: bool = False,
    kind: str = "",
) -> Mixer:
    """Softmax attention with ``heads`` query and ``kv_heads`` key/value heads.

    ``qk_norm``: "head" normalises each head with shared weights, "heads" each head with its own,
    "full" the whole projection. ``owns_cache`` False leaves out the key and value projections.
    ``output_gate`` doubles the query projection (a gate per output element).
    """
    value_dim = value_dim or head_dim
    name = "self_attn"
    query = heads * head_dim * (2 if output_gate else 1)
    matrices = [
        Matrix(f"{name}.q_proj", hidden, query, Role.ATTENTION, kernel="qkv", bias=qkv_bias)
    ]
    if owns_cache:
        for letter, width in (("k", head_dim), ("v", value_dim)):
            matrices.append(
                Matrix(
                    f"{name}.{letter}_proj",
                    hidden,
                    kv_heads * width,
                    Role.ATTENTION,
                    Split.KV,
                    "qkv",
                    qkv_bias,
                    heads=kv_heads,
                )
            )
    matrices.append(output_projection(f"{name}.o_proj", heads * value_dim, hidden, output_bias))
    key_heads = kv_heads if owns_cache else 0
    widths = {
        "": 0,
        "head": head_dim * (2 if owns_cache else 1),
        "heads": (heads + key_heads) * head_dim,
        "full": (heads + key_heads) * head_dim,
    }
    core = AttentionCore(
        heads,
        kv_heads,
        head_dim,
        value_dim,
        window,
        owns_cache,
        normed_across_heads=qk_norm == "full",
    )
    return Mixer(
        kind or ("attention" if window is None else "sliding attention"),
        tuple(matrices),
        (core,),
        norm_elements(qk_norm_kind, widths[qk_norm]) + (heads if sinks else 0),
    )


@dataclass(frozen=True, slots=True)
class SparseIndex:
    """DeepSeek sparse attention's indexer (DeepSeek-V3.2 report, §2.1): ``heads`` of ``dim``
    score cached index keys, each query then attends to its ``top_k`` best tokens."""

    heads: int
    dim: int
    top_k: int
    owned: bool = True
    query_inputs: int = 0


def latent_attention(
    hidden: int,
    heads: int,
    *,
    query_rank: int | None,
    latent_dim: int,
    nope_dim: int,
    rope_dim: int,
    value_dim: int,
    bias: bool = False,
    index: SparseIndex | None = None,
    window: int | None = None,
) -> Mixer:
    """Multi-head latent attention (arXiv:2405.04434 §2.1), optionally with an indexer."""
    name = "self_attn"
    key_dim = nope_dim + rope_dim
    other = latent_dim
    matrices: list[Matrix] = []
    if query_rank is None:
        matrices.append(Matrix(f"{name}.q_proj", hidden, heads * key_dim, Role.ATTENTION))
    else:
        other += query_rank
        matrices += [
            Matrix(
                f"{name}.q_a_proj",
                hidden,
                query_rank,
                Role.ATTENTION,
                Split.REPLICATED,
                "qkv_a",
                bias,
            ),
            Matrix(f"{name}.q_b_proj", query_rank, heads * key_dim, Role.ATTENTION),
        ]
    matrices += [
        Matrix(
            f"{name}.kv_a_proj_with_mqa",
            hidden,
            latent_dim + rope_dim,
            Role.ATTENTION,
            Split.REPLICATED,
            "qkv_a",
            bias,
        ),
        Matrix(
            f"{name}.kv_b_proj",
            latent_dim,
            heads * (nope_dim + value_dim),
            Role.ATTENTION,
            batched=True,
        ),
        output_projection(f"{name}.o_proj", heads * value_dim, hidden, bias),
    ]
    if index is not None and index.owned:
        matrices += indexer(hidden, index.query_inputs or query_rank or hidden, index)
        other += norm_elements("layer", index.dim)
    core = LatentCore(
        heads,
        latent_dim,
        nope_dim,
        rope_dim,
        value_dim,
        top_k=index.top_k if index else None,
        index_heads=index.heads if index else 0,
        index_dim=index.dim if index else 0,
        owns_index=index.owned if index else False,
        window=window,
    )
    kind = "latent attention" if index is None else "sparse latent attention"
    if index is not None and not index.owned:
        kind = "sparse latent attention (shared index)"
    return Mixer(kind, tuple(matrices), (core,), other)


def indexer(hidden: int, query_inputs: int, index: SparseIndex) -> list[Matrix]:
    """The matrices that make index queries, index keys and head weights."""
    name = "self_attn.indexer"
    whole = Split.REPLICATED
    return [
        Matrix(f"{name}.wq_b", query_inputs, index.heads * index.dim, Role.INDEXER, whole),
        Matrix(f"{name}.wk", hidden, index.dim, Role.INDEXER, whole, "index_k"),
        Matrix(f"{name}.weights_proj", hidden, index.heads, Role.INDEXER, whole, "index_k"),
    ]


def feed_forward_matrices(
    hidden: int,
    width: int,
    *,
    gated: bool = True,
    bias: bool = False,
    role: Role = Role.DENSE_MLP,
    name: str = "mlp",
) -> tuple[Matrix, ...]:
    """Gate, up and down projections (up and down when not ``gated``)."""
    kernel = f"{name}.gate_up" if gated else ""
    gate = (Matrix(f"{name}.gate_proj", hidden, width, role, kernel=kernel, bias=bias),)
    return (
        *(gate if gated else ()),
        Matrix(f"{name}.up_proj", hidden, width, role, kernel=kernel, bias=bias),
        Matrix(f"{name}.down_proj", width, hidden, role, Split.ROW, bias=bias),
    )


def dense(
    hidden: int, width: int, *, gated: bool = True, bias: bool = False, name: str = "mlp"
) -> FeedForward:
    """A dense feed-forward part."""
    return FeedForward(
        "dense", feed_forward_matrices(hidden, width, gated=gated, bias=bias, name=name)
    )


def mixture(
    hidden: int,
    width: int,
    count: int,
    top_k: int,
    *,
    gated: bool = True,
    bias: bool = False,
    router_bias: bool = False,
    groups: int = 1,
    groups_per_token: int = 1,
    identity_count: int = 0,
    shared_width: int = 0,
    shared_gate: bool = False,
    shared_bias: bool = False,
    expert_hidden: int = 0,
    name: str = "mlp",
    shared_name: str = "shared_experts",
    other: int = 0,
) -> FeedForward:
    """A bank of routed experts with its router and, when ``shared_width``, shared experts.

    ``expert_hidden`` is the width the experts see when the model projects into a smaller space
    first; `latent_projections` are then part of the layer.
    """
    routed = expert_hidden or hidden
    matrices: list[Matrix] = []
    if shared_width:
        matrices += feed_forward_matrices(
            hidden,
            shared_width,
            gated=gated,
            bias=shared_bias,
            role=Role.SHARED_EXPERT,
            name=f"{name}.{shared_name}",
        )
    if shared_gate:
        matrices.append(
            Matrix(f"{name}.shared_expert_gate", hidden, 1, Role.ROUTER, Split.REPLICATED)
        )
    if routed != hidden:
        matrices += latent_projections(hidden, routed, name)
    experts = Experts(
        count,
        top_k,
        feed_forward_matrices(
            routed,
            width,
            gated=gated,
            bias=bias,
            role=Role.ROUTED_EXPERT,
            name=f"{name}.experts",
        ),
        Matrix(
            f"{name}.gate",
            hidden,
            count + identity_count,
            Role.ROUTER,
            Split.REPLICATED,
            bias=router_bias,
        ),
        groups,
        groups_per_token,
        identity_count,
    )
    return FeedForward("mixture of experts", tuple(matrices), experts, other)


def latent_projections(hidden: int, routed: int, name: str) -> list[Matrix]:
    """Down to the width that the routed experts work in, and back up."""
    whole = Split.REPLICATED
    return [
        Matrix(f"{name}.fc1_latent_proj", hidden, routed, Role.OTHER, whole),
        Matrix(f"{name}.fc2_latent_proj", routed, hidden, Role.OTHER, whole),
    ]


def layer(
    mixer: Mixer,
    feed_forward: FeedForward,
    *,
    norms: int = 2,
    norm_parameters: int,
    parallel: bool = False,
) -> Block:
    """One decoder layer of ``mixer`` and ``feed_forward`` with ``norms`` normalisations."""
    kinds = [kind for kind in (mixer.kind, feed_forward.kind) if kind]
    return Block(
        " + ".join(kinds),
        mixer.matrices + feed_forward.matrices,
        mixer.cores,
        feed_forward.experts,
        mixer.other + feed_forward.other + norm_parameters,
        norms,
        parallel,
    )
