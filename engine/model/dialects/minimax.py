"""MiniMax-M2 (full-width query and key norms) and M3 (block-sparse attention)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.decoder import (
    Dimensions,
    Traits,
    plain_attention,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import read_prediction
from engine.model.dialects.mixture import SHARED, after_first_dense, read_routing, shared_count
from engine.model.dialects.parts import Mixer, SparseIndex, attention, dense, mixture
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits(qk_norm="full")


BLOCK, BLOCKS = 128, 16
"""Tokens of a block and blocks that a query reads, where the file is silent (transformers,
MiniMaxM3VLTextConfig)."""


def read(keys: Keys) -> Architecture:
    """By generation."""
    return _third(keys) if keys.model_type == "minimax_m3" else _second(keys)


def _third(keys: Keys) -> Architecture:
    """Dense layers first; sparse layers score blocks of the cache by an index key per token and
    read the best blocks only."""
    keys.ignore("rotary_dim", "qk_norm_type", "use_qk_norm", "use_routing_bias", "use_gemma_norm")
    keys.ignore("swiglu_alpha", "swiglu_limit", "num_mtp_modules", "mtp_transformer_layers")
    shape = read_dimensions(keys)
    sparse_layers, index = _read_index(keys, shape)
    own = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim, qk_norm="head")
    indexed = _with_index(own, shape, index) if index else own

    def mixer(layer: int) -> Mixer:
        return indexed if layer in sparse_layers else own

    routing = read_routing(keys)
    width = keys.integer("moe_intermediate_size", "intermediate_size", required=True)
    has_shared = shared_count(keys) if keys.has(*SHARED) else 1
    shared = has_shared and keys.integer("shared_intermediate_size", default=width)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, shared_width=shared)
    experts = after_first_dense(keys, shape.layers)
    plain = (
        dense(shape.hidden, keys.integer("dense_intermediate_size")) if not all(experts) else bank
    )
    if all(experts):
        keys.ignore("dense_intermediate_size")
    prediction = read_prediction(keys, shape.hidden, mixer(shape.layers - 1), bank)
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=mixer,
        feed_forward=lambda layer: bank if experts[layer] else plain,
        prediction=prediction,
    )


def _read_index(keys: Keys, shape: Dimensions) -> tuple[set[int], SparseIndex | None]:
    """Which layers are sparse, and their index: nested keys, or flat ones with layer types."""
    nested = keys.scope("sparse_attention_config", model_type="none")
    if nested is None:
        types = keys.texts("layer_types") or []
        chosen = {index for index, kind in enumerate(types) if "sparse" in kind}
        keys.ignore("index_block_size", "index_topk_blocks", "index_n_heads", "index_head_dim")
        keys.ignore("index_local_blocks")
        if not chosen:
            return set(), None
        block = keys.integer("index_block_size")
        best = keys.integer("index_topk_blocks")
        keys.ignore("index_local_blocks")
        heads, dim = keys.integer("index_n_heads"), keys.integer("index_head_dim")
        return chosen, SparseIndex(heads, dim, block * best)
    nested.ignore("sparse_disable_index_value", "sparse_init_block", "sparse_local_block")
    nested.ignore("sparse_score_type")
    if not nested.flag("use_sparse_attention", default=True):
        return set(), None
    flags = nested.integers("sparse_attention_freq", maximum=1)
    if flags is None or len(flags) < shape.layers:
        raise nested.problem(
            "sparse_attention_freq", flags, say("{number} entries", number=shape.layers)
        )
    tokens = nested.integer("sparse_block_size", default=BLOCK)
    tokens *= nested.integer("sparse_topk_blocks", default=BLOCKS)
    heads = nested.integer("sparse_num_index_heads")
    dim = nested.integer("sparse_index_dim")
    return {i for i, flag in enumerate(flags) if flag}, SparseIndex(heads, dim, tokens)


def _with_index(mixer: Mixer, shape: Dimensions, index: SparseIndex) -> Mixer:
    core = mixer.cores[0]
    if not isinstance(core, AttentionCore):
        raise TypeError("attention() makes attention cores")
    # As many index heads as key heads, divided like them; one product with queries, keys and
    # values (vLLM and ATOM: MinimaxM3QKVParallelLinearWithIndexer).
    name, width = "self_attn.indexer", index.heads * index.dim
    own = (
        Matrix(
            f"{name}.q_proj", shape.hidden, width, Role.INDEXER, Split.KV, "qkv", heads=index.heads
        ),
        Matrix(f"{name}.k_proj", shape.hidden, index.dim, Role.INDEXER, Split.REPLICATED, "qkv"),
    )
    sparse = replace(core, index_dim=index.dim, index_heads=index.heads, top_k=index.top_k)
    return Mixer("sparse attention", mixer.matrices + own, (sparse,), mixer.other + 2 * index.dim)


def _second(keys: Keys) -> Architecture:
    """Softmax attention in every layer; ``attn_type_list`` must not say otherwise."""
    keys.ignore("rotary_dim", "qk_norm_type", "use_qk_norm", "use_routing_bias", "scoring_func")
    keys.ignore("mtp_transformer_layers", "mlp_intermediate_size", "shared_moe_mode")
    shape = read_dimensions(keys)
    kinds = keys.integers("attn_type_list", maximum=1)
    if kinds is not None and (0 in kinds or len(kinds) != shape.layers):
        raise keys.problem(
            "attn_type_list", kinds, say("{number} ones (softmax attention)", number=shape.layers)
        )
    if keys.optional_integer("shared_intermediate_size"):
        raise keys.problem("shared_intermediate_size", keys.values["shared_intermediate_size"], "0")
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(shape.hidden, width, routing.count, routing.top_k, name="block_sparse_moe")
    mixer = plain_attention(keys, shape, TRAITS, None)
    prediction = read_prediction(keys, shape.hidden, mixer(shape.layers - 1), bank)
    used = keys.flag("use_mtp", default=True)
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=mixer,
        feed_forward=lambda index: bank,
        prediction=prediction if used else (),
    )
