"""Qwen4-Exp: gated delta nets with sparse attention every few layers, experts in each, several
residual streams that mix before every part (hyper-connections), and tables of word sequences that
some layers look up (per-layer embeddings).

Layouts after transformers 5.24 (modeling_qwen4_exp.py); the cache of index keys and the prediction
layers after vLLM 0.33 (models/qwen4_exp: one key for every ``indexer_compress_ratio`` tokens).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, isqrt

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.cores import AttentionCore, StateCore
from engine.model.dialects.decoder import Dimensions, Traits, assemble, first_apart, read_dimensions
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.nesting import text_keys, with_outer
from engine.model.dialects.parts import FeedForward, Mixer, attention, layer, mixture
from engine.model.dialects.qwen_hybrid import delta_net, interval_kinds
from engine.model.dialects.qwen_vision import qwen_vision_tower
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits(final_norm=False)
KINDS = {"linear_attention": "linear", "full_attention": "full", "indexed_attention": "full"}
_WHOLE = Split.REPLICATED
_MOST_TABLES = 1024
"""Tables of all layers together: more is a typing error, and each costs a search for a prime."""


@dataclass(frozen=True, slots=True)
class _Streams:
    """So many residual streams, mixed through a bottleneck of ``rank``."""

    count: int
    rank: int
    hidden: int

    @property
    def width(self) -> int:
        return self.count * self.hidden

    def mixing(self, name: str, *, injects: bool = True) -> tuple[Matrix, ...]:
        """What makes one state of all streams, and how a part's result goes back to each."""
        down = Matrix(f"{name}.input_mix_weight_down", self.width, self.rank, Role.OTHER, _WHOLE)
        up = Matrix(f"{name}.input_mix_weight_up", self.rank, self.width, Role.OTHER, _WHOLE)
        back = Matrix(f"{name}.block_inject_weight", self.width, self.count, Role.OTHER, _WHOLE)
        return (down, up, back) if injects else (down, up)


def read(keys: Keys) -> Architecture:
    """The text model, beside a vision tower or alone."""
    inner = text_keys(keys, "qwen4_exp_text")
    text = _read_text(inner)
    vision = keys.scope("vision_config", model_type="qwen4_exp_vision")
    return with_outer(text, keys, inner, qwen_vision_tower(vision) if vision else 0)


def _read_text(keys: Keys) -> Architecture:
    keys.ignore("seed", "split_ngram_parts", "output_gate_type", "norm_topk_prob")
    shape = read_dimensions(keys)
    streams = _Streams(
        keys.integer("hc_count", minimum=2, maximum=64),
        keys.integer("hc_lowrank"),
        shape.hidden,
    )
    kinds = interval_kinds(keys, shape.layers, KINDS)
    experts = _experts(keys, shape)
    full = _block(_sparse_attention(keys, shape), experts, streams)
    linear = _block(delta_net(keys, shape), experts, streams) if "linear" in kinds else full
    places, embedding, tables = _looked_up(keys, kinds, streams)
    blocks = [
        _with_embedding(full if kind == "full" else linear, embedding if index in places else None)
        for index, kind in enumerate(kinds)
    ]
    blocks[-1] = replace(
        blocks[-1],
        matrices=(*blocks[-1].matrices, *streams.mixing("hyper_connection_mixer", injects=False)),
        other_parameters=blocks[-1].other_parameters + streams.width,
    )
    text = assemble(
        keys,
        shape.hidden,
        shape.vocabulary,
        blocks,
        TRAITS,
        prediction=_prediction(keys, streams, full),
    )
    return replace(text, embedding_parameters=text.embedding_parameters + tables)


def _block(mixer: Mixer, experts: FeedForward, streams: _Streams) -> Block:
    """A norm over all streams and their mixing stand before the mixer and before the experts."""
    mixer = replace(mixer, matrices=(*streams.mixing("attn_hyper_connection"), *mixer.matrices))
    experts = replace(
        experts, matrices=(*streams.mixing("mlp_hyper_connection"), *experts.matrices)
    )
    return layer(mixer, experts, norm_parameters=2 * streams.width)


def _sparse_attention(keys: Keys, shape: Dimensions) -> Mixer:
    """Gated attention to the tokens of the blocks that an indexer chooses; the index key of a block
    is the mean of its tokens' keys."""
    bias = keys.flag("attention_bias", default=False)
    plain = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=bias,
        output_bias=bias,
        qk_norm="head",
        output_gate=True,
    )
    heads, dim = keys.integer("indexer_n_heads"), keys.integer("indexer_head_dim")
    if keys.integer("indexer_kv_heads", default=1) != 1:
        raise keys.problem("indexer_kv_heads", keys.values["indexer_kv_heads"], "1")
    ratio = keys.integer("indexer_compress_ratio", maximum=100_000)
    index = Matrix(
        "self_attn.indexer.index_qk_proj", shape.hidden, (heads + 1) * dim, Role.INDEXER, _WHOLE
    )
    core = plain.cores[0]
    assert isinstance(core, AttentionCore)
    core = replace(
        core,
        top_k=keys.integer("indexer_budget"),
        index_heads=heads,
        index_dim=max(1, dim // ratio),
    )
    return Mixer("sparse attention", (*plain.matrices, index), (core,), plain.other + 2 * dim)


def _experts(keys: Keys, shape: Dimensions) -> FeedForward:
    routing = read_routing(keys)
    return mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size"),
        shared_gate=True,
        shared_name="shared_expert",
    )


def _looked_up(
    keys: Keys, kinds: list[str], streams: _Streams
) -> tuple[set[int], Mixer | None, int]:
    """The layers that look up word sequences, what they do with what they find, and the elements
    of all their tables: one for every length of sequence and head, each of a prime number of
    rows."""
    places = {one - 1 for one in keys.integers("ple_layer_ids", minimum=1) or ()}
    width = keys.optional_integer("ple_embed_dim", minimum=1) or streams.hidden
    longest = keys.integer("ngram_size", minimum=2, maximum=64)
    heads = (longest - 1) * keys.integer("heads_per_ngram", maximum=_MOST_TABLES)
    rows = keys.integer("ngram_vocab_size_base", maximum=1_000_000_000)
    divisor = keys.integer("make_ngram_vocab_size_divisible_by")
    kernel = keys.integer("ple_conv_kernel_size", maximum=1024)
    if not places:
        return places, None, 0
    if any(index >= len(kinds) or kinds[index] != "linear" for index in places):
        listed = keys.values["ple_layer_ids"]
        raise keys.problem("ple_layer_ids", listed, say("layers of linear attention"))
    if width % heads or heads * len(places) > _MOST_TABLES:
        raise keys.problem("heads_per_ngram", heads, say("a divisor of {number}", number=width))
    primes = _primes_from(rows, heads * len(places))
    tables = sum(
        ceil(sum(primes[first : first + heads]) / divisor) * divisor * (width // heads)
        for first in range(0, len(primes), heads)
    )
    tail = (kernel - 1) * longest * streams.width
    core = StateCore("n-gram embedding", streams.count, 0, tail, 2 * kernel * streams.width)
    return (
        places,
        Mixer(
            "",
            (
                Matrix("ple.key_proj", width, streams.width, Role.OTHER, _WHOLE),
                Matrix("ple.value_proj", width, streams.hidden, Role.OTHER, _WHOLE),
            ),
            (core,),
            (3 + kernel) * streams.width,
        ),
        tables,
    )


def _primes_from(start: int, count: int) -> list[int]:
    """The first ``count`` primes from ``start`` on."""
    found: list[int] = []
    number = max(start, 2)
    while len(found) < count:
        if all(number % one for one in range(2, isqrt(number) + 1)):
            found.append(number)
        number += 1
    return found


def _with_embedding(block: Block, embedding: Mixer | None) -> Block:
    if embedding is None:
        return block
    return replace(
        block,
        kind=f"n-gram embedding + {block.kind}",
        matrices=(*embedding.matrices, *block.matrices),
        cores=(*block.cores, *embedding.cores),
        other_parameters=block.other_parameters + embedding.other,
    )


def _prediction(keys: Keys, streams: _Streams, block: Block) -> tuple[LayerGroup, ...]:
    """Layers of sparse attention behind projections of the embedding and of each stream."""
    count = keys.optional_integer("mtp_num_hidden_layers", "num_nextn_predict_layers") or 0
    if not count:
        return ()
    hidden = streams.hidden
    joining = (
        Matrix("mtp.fc_embedding", hidden, hidden, Role.OTHER),
        Matrix("mtp.fc_hidden", hidden, hidden, Role.OTHER),
    )
    mixer = streams.mixing("mtp.hyper_connection_mixer", injects=False)
    first = replace(
        block,
        matrices=(*joining, *block.matrices, *mixer),
        norms=block.norms + 2,
        other_parameters=block.other_parameters + hidden + 2 * streams.width,
    )
    return first_apart(first, block, count)
