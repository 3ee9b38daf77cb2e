"""DeepSeek-V4: a sliding window beside compressed caches, sparse or heavily compressed.

Every layer attends to a short window of single-headed entries whose key is also their value. By
``compress_ratios`` a layer adds one cache entry per 4 tokens, of which an indexer selects
``index_topk`` (CSA), or one per 128 tokens, all of which are read (HCA). Engines keep one copy of
an entry; transformers keeps key and value apart, so its window is twice as large. The residual
stream is ``hc_mult`` hidden states wide (manifold-constrained hyper-connections).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.cores import Core, LatentCore, StateCore
from engine.model.dialects.decoder import Traits, assemble, first_apart, read_dimensions
from engine.model.dialects.layer_kinds import layer_kinds, one_per_layer
from engine.model.dialects.parts import FeedForward, Mixer, layer, mixture, output_projection
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

WINDOW, SPARSE, HEAVY = "window", "sparse", "heavy"
KINDS = {
    "sliding_attention": WINDOW,
    "compressed_sparse_attention": SPARSE,
    "heavily_compressed_attention": HEAVY,
}
RATIOS = {0: WINDOW, 4: SPARSE, 128: HEAVY}
WHOLE = Split.REPLICATED


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The sizes that V4's attention is made of."""

    hidden: int
    heads: int
    head_dim: int
    query_rank: int
    output_groups: int
    output_rank: int
    window: int
    rates: tuple[tuple[str, int], ...]
    index_heads: int
    index_dim: int
    index_entries: int
    streams: int

    def rate(self, kind: str) -> int:
        """Tokens per cache entry of a kind of layer."""
        return dict(self.rates)[kind]


def read(keys: Keys) -> Architecture:
    """All layers are mixtures of experts; the first ones route by token id."""
    shape = read_dimensions(keys)
    sizes = _dimensions(keys, shape.hidden, shape.heads, shape.head_dim)
    experts = _experts(keys, shape.hidden)
    kinds, last = _kinds(keys, shape.layers)
    blocks = [_layer(sizes, kind, experts) for kind in kinds]
    at_once = bool(keys.optional_integer("dspark_block_size"))
    drafting = _layer(sizes, last, experts)
    text = assemble(
        keys,
        shape.hidden,
        shape.vocabulary,
        blocks,
        Traits(),
        other=_joined_streams(sizes),
        prediction=_stages(keys, sizes, drafting, shape.vocabulary)
        if at_once
        else _prediction(keys, sizes, drafting),
    )
    return replace(text, predicts_blocks=at_once, residual_streams=sizes.streams)


def _dimensions(keys: Keys, hidden: int, heads: int, head_dim: int) -> Dimensions:
    rates = keys.scope("compress_rates", model_type="")
    sparse, heavy = 4, 128
    if rates is not None:
        sparse = rates.integer("compressed_sparse_attention", default=4)
        heavy = rates.integer("heavily_compressed_attention", default=128)
    groups = keys.integer("o_groups")
    if heads % groups:
        raise keys.problem(
            "o_groups", groups, say("a divisor of the {number} attention heads", number=heads)
        )
    keys.ignore("qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "num_hash_layers")
    keys.ignore("mlp_layer_types", "hc_sinkhorn_iters", "swiglu_limit", "kv_lora_rank")
    return Dimensions(
        hidden,
        heads,
        head_dim,
        keys.integer("q_lora_rank"),
        groups,
        keys.integer("o_lora_rank"),
        keys.integer("sliding_window"),
        (
            (SPARSE, keys.integer("compress_rate_csa", default=sparse, reason=say("CSA's rate"))),
            (HEAVY, keys.integer("compress_rate_hca", default=heavy, reason=say("HCA's rate"))),
        ),
        keys.integer("index_n_heads"),
        keys.integer("index_head_dim"),
        keys.integer("index_topk"),
        keys.integer("hc_mult", default=4),
    )


def _kinds(keys: Keys, layers: int) -> tuple[list[str], str]:
    """Kinds of the layers, and of the prediction layer that a longer list describes."""
    interleaved = [SPARSE if index % 2 else HEAVY for index in range(max(layers - 2, 0))]
    default = [HEAVY] * min(layers, 2) + interleaved
    ratios = keys.integers("compress_ratios")
    if keys.has("layer_types") or ratios is None:
        return layer_kinds(keys, layers, default, KINDS), WINDOW
    one_per_layer(keys, "compress_ratios", ratios, layers)
    for ratio in ratios:
        if ratio not in RATIOS:
            raise keys.problem("compress_ratios", ratio, say("one of {names}", names="0, 4, 128"))
    found = [RATIOS[ratio] for ratio in ratios]
    return found[:layers], found[layers] if len(found) > layers else WINDOW


def _experts(keys: Keys, hidden: int) -> FeedForward:
    count = keys.integer("n_routed_experts", "num_local_experts")
    width = keys.integer("moe_intermediate_size", "intermediate_size")
    bias = keys.flag("mlp_bias", default=False)
    return mixture(
        hidden,
        width,
        count,
        keys.integer("num_experts_per_tok", maximum=count),
        shared_width=width * keys.integer("n_shared_experts", default=1, minimum=0),
        shared_bias=bias,
        name="mlp",
    )


def _layer(sizes: Dimensions, kind: str, experts: FeedForward) -> Block:
    mixing = 2 * sizes.hidden
    mixing += 2 * ((2 + sizes.streams) * sizes.streams + 3)
    block = layer(
        _attention(sizes, kind), experts, norms=2 + 2 * sizes.streams, norm_parameters=mixing
    )
    return replace(block, matrices=_streams(sizes) + block.matrices)


def _streams(sizes: Dimensions) -> tuple[Matrix, ...]:
    """The weights that mix the residual streams before and after both halves of a layer."""
    wide = sizes.streams * sizes.hidden
    outputs = (2 + sizes.streams) * sizes.streams
    return tuple(
        Matrix(f"{half}_hc.fn", wide, outputs, Role.OTHER, WHOLE) for half in ("attn", "ffn")
    )


def _joined_streams(sizes: Dimensions) -> int:
    """Elements of the final mix of the streams into one hidden state."""
    return sizes.streams * sizes.streams * sizes.hidden + sizes.streams + 1


def _attention(sizes: Dimensions, kind: str) -> Mixer:
    name, role = "self_attn", Role.ATTENTION
    width = sizes.heads * sizes.head_dim
    matrices = [
        Matrix(f"{name}.q_a_proj", sizes.hidden, sizes.query_rank, role, WHOLE, "qkv_a"),
        Matrix(f"{name}.kv_proj", sizes.hidden, sizes.head_dim, role, WHOLE, "qkv_a"),
        Matrix(f"{name}.q_b_proj", sizes.query_rank, width, role),
        Matrix(
            f"{name}.o_a_proj",
            width // sizes.output_groups,
            sizes.output_groups * sizes.output_rank,
            role,
            batched=True,
        ),
        output_projection(
            f"{name}.o_b_proj", sizes.output_groups * sizes.output_rank, sizes.hidden
        ),
    ]
    other = sizes.query_rank + sizes.head_dim + sizes.heads
    cores: list[Core] = [_core(sizes, window=sizes.window)]
    if kind != WINDOW:
        compressor, core, tail, elements = _compressor(sizes, kind)
        matrices += compressor
        cores += [core, tail]
        other += elements
    names = {
        WINDOW: "sliding attention",
        SPARSE: "compressed sparse attention",
        HEAVY: "heavily compressed attention",
    }
    return Mixer(names[kind], tuple(matrices), tuple(cores), other)


def _core(sizes: Dimensions, *, window: int | None = None, rate: int = 1) -> LatentCore:
    """One head of entries for all query heads; the whole entry is key and value."""
    return LatentCore(
        sizes.heads,
        latent_dim=sizes.head_dim,
        nope_dim=sizes.head_dim,
        rope_dim=0,
        value_dim=sizes.head_dim,
        window=window,
        tokens_per_entry=rate,
        expanded=False,
    )


def _compressor(sizes: Dimensions, kind: str) -> tuple[list[Matrix], LatentCore, StateCore, int]:
    """What makes cache entries of several tokens, with the tokens that wait for their entry.

    CSA's entries overlap, so that its projections and its waiting tokens count twice.
    """
    rate = sizes.rate(kind)
    overlap = 2 if kind == SPARSE else 1
    name = "self_attn.compressor"
    matrices = _pooling(name, sizes.hidden, overlap * sizes.head_dim, Role.ATTENTION)
    core = _core(sizes, rate=rate)
    other = rate * overlap * sizes.head_dim + sizes.head_dim
    width = sizes.head_dim
    if kind == SPARSE:
        index = f"{name}.indexer"
        index_width = sizes.index_heads * sizes.index_dim
        matrices += [
            *_pooling(index, sizes.hidden, 2 * sizes.index_dim, Role.INDEXER),
            Matrix(f"{index}.q_b_proj", sizes.query_rank, index_width, Role.INDEXER, WHOLE),
            Matrix(
                f"{index}.scorer.weights_proj",
                sizes.hidden,
                sizes.index_heads,
                Role.INDEXER,
                WHOLE,
            ),
        ]
        other += rate * 2 * sizes.index_dim + sizes.index_dim
        width += sizes.index_dim
        core = replace(
            core,
            top_k=sizes.index_entries * rate,
            index_heads=sizes.index_heads,
            index_dim=sizes.index_dim,
            owns_index=True,
        )
    waiting = 2 * (rate - 1) * overlap * width
    previous = 2 * rate * width if overlap == 2 else 0
    tail = StateCore("compressor", 1, 0, waiting + previous, 6 * overlap * width)
    return matrices, core, tail, other


def _pooling(name: str, hidden: int, width: int, role: Role) -> list[Matrix]:
    """Values and softmax weights of the tokens that are pooled into one entry."""
    return [
        Matrix(f"{name}.kv_proj", hidden, width, role, WHOLE, f"{name}.kv_gate"),
        Matrix(f"{name}.gate_proj", hidden, width, role, WHOLE, f"{name}.kv_gate"),
    ]


def _prediction(keys: Keys, sizes: Dimensions, block: Block) -> tuple[LayerGroup, ...]:
    """Multi-token prediction: a layer after projections of the embedding and of the state."""
    count = keys.optional_integer("num_nextn_predict_layers") or 0
    if not count:
        return ()
    joining = tuple(
        Matrix(f"{name}_proj", sizes.hidden, sizes.hidden, Role.OTHER, WHOLE) for name in "eh"
    )
    other = block.other_parameters + 3 * sizes.hidden + _joined_streams(sizes)
    first = replace(block, matrices=joining + block.matrices, other_parameters=other)
    return (LayerGroup(replace(first, norms=block.norms + 3), count),)


def _stages(keys: Keys, sizes: Dimensions, block: Block, vocabulary: int) -> tuple[LayerGroup, ...]:
    """DSpark's stages in place of multi-token prediction, as many as layers of the model that they
    look at: in front of the first a projection of these states, behind the last the low-rank heads
    of the token before (DeepSeek-V4-Pro-DSpark, June 2026; sglang's deepseek_v4_dspark.py)."""
    keys.ignore("dspark_noise_token_id", "num_nextn_predict_layers")
    layers = keys.integers("dspark_target_layer_ids")
    if not layers:
        raise keys.problem("dspark_target_layer_ids", layers, say("layers of the model"))
    rank, states = keys.integer("dspark_markov_rank"), len(layers)
    joining = Matrix("main_proj", states * sizes.hidden, sizes.hidden, Role.OTHER, WHOLE)
    head = Matrix("markov_head", rank, vocabulary, Role.OTHER, WHOLE, serial=True)
    ends = block.other_parameters + 2 * sizes.hidden + _joined_streams(sizes)
    ends += vocabulary * rank + sizes.hidden + rank
    first = replace(
        block,
        matrices=(joining, *block.matrices, head),
        other_parameters=ends,
        norms=block.norms + 2,
    )
    return first_apart(first, block, states)
