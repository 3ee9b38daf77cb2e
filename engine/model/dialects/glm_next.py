"""GLM-5 Next: three layers of Kimi delta attention to one of sparse latent attention without
rotary positions, several residual streams, experts after dense layers."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import LatentCore
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.deepseek import read_experts, read_latent_shape
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import Mixer, SparseIndex, latent_attention, layer
from engine.model.dialects.states import kimi_delta_attention
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

KINDS = {
    "linear_attention": "delta",
    "indexed_attention": "indexed",
    "full_attention": "indexed",
}
WHOLE = Split.REPLICATED


def read(keys: Keys) -> Architecture:
    """Each half of a layer mixes the ``hc_mult`` streams by one small product."""
    shape = read_latent_shape(keys)
    default = ["indexed" if index % 4 == 3 else "delta" for index in range(shape.layers)]
    kinds = layer_kinds(keys, shape.layers, default, KINDS)
    mixers = {"delta": _delta(keys, shape.hidden), "indexed": _indexed(keys, shape.hidden)}
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=3)
    streams = keys.integer("hc_mult", default=4, maximum=64)
    keys.ignore("hc_eps", "hc_sinkhorn_iters", "swiglu_limit", "linear_lower_bound")
    outputs = streams * (streams + 2)
    mixing = tuple(
        Matrix(f"{half}_hc.fn", streams * shape.hidden, outputs, Role.OTHER, WHOLE)
        for half in ("attn", "ffn")
    )
    own = 2 * shape.hidden + 2 * (outputs + 3)
    blocks = [
        replace(block, matrices=mixing + block.matrices)
        for block in (
            layer(mixers[kind], experts(index), norm_parameters=own)
            for index, kind in enumerate(kinds)
        )
    ]
    return assemble(keys, shape.hidden, shape.vocabulary, blocks, Traits())


def _delta(keys: Keys, hidden: int) -> Mixer:
    return kimi_delta_attention(
        hidden,
        keys.integer("linear_num_heads", default=64, maximum=100_000),
        keys.integer("linear_head_dim", default=128),
        keys.integer("linear_conv_kernel_dim", default=4),
    )


def _indexed(keys: Keys, hidden: int) -> Mixer:
    """The indexer keeps one key per ``index_kpool`` tokens, joined with trained weights."""
    heads = keys.integer("index_n_heads")
    dim = keys.integer("index_head_dim")
    pooled = keys.integer("index_kpool", default=16, maximum=4096)
    if dim % pooled:
        raise keys.problem("index_kpool", pooled, say("a divisor of {number}", number=dim))
    keys.ignore("index_kpool_always_select_tail", "indexer_types")
    found = latent_attention(
        hidden,
        keys.integer("num_attention_heads"),
        query_rank=keys.optional_integer("q_lora_rank", minimum=1),
        latent_dim=keys.integer("kv_lora_rank"),
        nope_dim=keys.integer("qk_nope_head_dim"),
        rope_dim=keys.integer("qk_rope_head_dim", minimum=0),
        value_dim=keys.integer("v_head_dim"),
        bias=keys.flag("attention_bias", default=False),
        index=SparseIndex(heads, dim, keys.integer("index_topk")),
    )
    core = found.cores[0]
    assert isinstance(core, LatentCore)
    gate = Matrix("self_attn.indexer.kpool_gate", hidden, dim, Role.INDEXER, WHOLE)
    return Mixer(
        found.kind,
        (*found.matrices, gate),
        (replace(core, index_dim=dim // pooled),),
        found.other + pooled * dim,
    )
