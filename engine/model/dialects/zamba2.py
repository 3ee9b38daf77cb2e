"""Zamba 2: Mamba 2 layers, some with a transformer block whose weights all of them share.

Every use of a shared block has low-rank adapters of its own. The block sees the hidden state
beside the embedding, so its attention is twice as wide as the model.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.decoder import Dimensions, Traits, assemble
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mamba import inner_width, state_groups
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    attention,
    dense,
    layer,
    output_projection,
)
from engine.model.dialects.states import mamba2
from engine.model.keys import MAXIMUM_LAYERS, MISSING, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

KINDS = {"mamba": "state", "linear_attention": "state", "hybrid": "hybrid"}
DERIVED = (
    "attention_hidden_size",
    "attention_head_dim",
    "mamba_headdim",
    "kv_channels",
    "num_query_groups",
    "hybrid_layer_ids",
    "num_key_value_heads",
    "use_conv_bias",
    "use_mem_rope",
    "use_long_context",
    "rope_theta",
    "conv_dimension",
    "expansion_factor",
    "ffn_hidden_size",
    "gated_linear_unit",
    "lora_rank",
    "mamba_model_type",
    "state_size",
    "use_mem_eff_path",
    "use_shared_attention_lora",
    "use_shared_block_lora",
    "use_shared_mlp_lora",
)
"""Repetitions of other keys, kept by the published files from the training code."""


def read(keys: Keys) -> Architecture:
    """``num_mem_blocks`` blocks take turns over the layers called hybrid."""
    shape = _read_dimensions(keys)
    default = ["state"] + (["state"] * 5 + ["hybrid"]) * 7
    default += ["state"] * 4 + ["hybrid"] + ["state"] * 3 + ["hybrid"] + ["state"] * 2
    words = ("layers_block_type", "layer_types")
    if len(default) != shape.layers and not keys.has(*words):
        raise keys.problem(words[0], MISSING, say("{number}, one per layer", number=shape.layers))
    kinds = layer_kinds(keys, shape.layers, default, KINDS, *words)
    mixer = _mixer(keys, shape)
    state = layer(mixer, FeedForward(""), norms=1, norm_parameters=shape.hidden)
    hybrid, shared = _hybrid(keys, shape, mixer)
    blocks = [state if kind == "state" else hybrid for kind in kinds]
    copies = keys.integer("num_mem_blocks")
    keys.ignore(*DERIVED)
    found = assemble(keys, shape.hidden, shape.vocabulary, blocks, Traits(tied=True))
    repeats = max(kinds.count("hybrid") - copies, 0)
    return replace(found, shared=(LayerGroup(shared, repeats),))


def _read_dimensions(keys: Keys) -> Dimensions:
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    heads = keys.integer("num_attention_heads", required=True, maximum=100_000)
    if 2 * hidden % heads:
        raise keys.problem(
            "num_attention_heads", heads, say("a divisor of {number}", number=2 * hidden)
        )
    kv_heads = keys.optional_integer("num_key_value_heads", minimum=1) or heads
    if heads % kv_heads:
        raise keys.problem(
            "num_key_value_heads", kv_heads, say("a divisor of the {number} heads", number=heads)
        )
    vocabulary = keys.integer("vocab_size", required=True)
    return Dimensions(hidden, layers, heads, kv_heads, 2 * hidden // heads, vocabulary)


def _mixer(keys: Keys, shape: Dimensions) -> Mixer:
    heads = keys.integer("n_mamba_heads")
    return mamba2(
        shape.hidden,
        inner_width(keys, shape.hidden, "mamba_expand"),
        heads=heads,
        groups=state_groups(keys, heads, "mamba_ngroups"),
        state=keys.integer("mamba_d_state"),
        kernel=keys.integer("mamba_d_conv"),
        bias=keys.flag("add_bias_linear", default=False),
        name="mamba",
    )


def _hybrid(keys: Keys, shape: Dimensions, mixer: Mixer) -> tuple[Block, Block]:
    """A layer with a shared block, and that block alone."""
    hidden, wide = shape.hidden, 2 * shape.hidden
    width = keys.optional_integer("intermediate_size", minimum=1) or 4 * hidden
    attending = attention(wide, shape.heads, shape.kv_heads, shape.head_dim)
    *inputs, _ = attending.matrices
    inner = shape.heads * shape.head_dim
    output = output_projection("self_attn.o_proj", inner, hidden)
    feeding = dense(
        hidden,
        width,
        bias=keys.flag("add_bias_linear", default=False),
        name="shared_transformer.feed_forward",
    )
    common = (*inputs, output, *feeding.matrices)
    shared = Block("shared attention", common, (), other_parameters=wide + hidden)
    block = Block(
        "shared attention and mamba 2",
        (
            *common,
            *_adapters(keys, hidden, wide, width),
            Matrix("linear", hidden, hidden, Role.OTHER, Split.REPLICATED),
            *mixer.matrices,
        ),
        attending.cores + mixer.cores,
        None,
        mixer.other + wide + hidden + hidden,
        3,
    )
    return block, shared


def _adapters(keys: Keys, hidden: int, wide: int, width: int) -> tuple[Matrix, ...]:
    """Low-rank additions that each use of a shared block owns."""
    rank = keys.integer("adapter_rank")

    def pair(name: str, inputs: int, outputs: int, role: Role) -> tuple[Matrix, ...]:
        return (
            Matrix(f"{name}.0", inputs, rank, role, Split.REPLICATED),
            Matrix(f"{name}.1", rank, outputs, role),
        )

    found = pair("gate_up_proj_adapter", hidden, 2 * width, Role.DENSE_MLP)
    if keys.flag("use_shared_attention_adapter", default=False):
        for letter in "qkv":
            found += pair(f"linear_{letter}_adapter", wide, wide, Role.ATTENTION)
    return found
