"""Zamba 1: Mamba layers with several heads, some behind one transformer block that they share.

The shared block sees the hidden state beside the embedding, so its attention is twice as wide as
the model; a projection leads back into the Mamba layer.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mamba import inner_width, step_rank
from engine.model.dialects.parts import (
    FeedForward,
    Mixer,
    attention,
    dense,
    layer,
    output_projection,
)
from engine.model.dialects.states import mamba1
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

KINDS = {"mamba": "state", "linear_attention": "state", "hybrid": "hybrid"}


def read(keys: Keys) -> Architecture:
    """The block is stored once; every hybrid layer does its work."""
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    period = keys.integer("attn_layer_period", maximum=MAXIMUM_LAYERS)
    offset = keys.integer("attn_layer_offset", minimum=0)
    default = ["state", "state", "hybrid"]
    default += ["hybrid" if index % period == offset else "state" for index in range(layers - 3)]
    default = default[:layers]
    kinds = layer_kinds(keys, layers, default, KINDS, "layers_block_type", "layer_types")
    mixer = _mixer(keys, hidden)
    state = layer(mixer, FeedForward(""), norms=1, norm_parameters=hidden)
    hybrid, shared = _hybrid(keys, hidden, mixer)
    wide = keys.optional_integer("attention_hidden_size", minimum=1)
    if wide not in (None, 2 * hidden):
        raise keys.problem(
            "attention_hidden_size", wide, say("twice the hidden size, {number}", number=hidden)
        )
    keys.ignore("num_key_value_heads")
    found = assemble(
        keys,
        hidden,
        keys.integer("vocab_size", required=True),
        [state if kind == "state" else hybrid for kind in kinds],
        Traits(tied=True),
    )
    return replace(found, shared=(LayerGroup(shared, max(kinds.count("hybrid") - 1, 0)),))


def _mixer(keys: Keys, hidden: int) -> Mixer:
    """One Mamba per head over its part of the channels: B, C and the step size come per head."""
    inner = inner_width(keys, hidden, "mamba_expand")
    heads = keys.integer("n_mamba_heads", maximum=10_000)
    if inner % heads:
        raise keys.problem(
            "n_mamba_heads", heads, say("a divisor of the {number} channels", number=inner)
        )
    state = keys.integer("mamba_d_state")
    rank = step_rank(keys, hidden, "mamba_dt_rank")
    found = mamba1(
        hidden,
        inner,
        state=state,
        kernel=keys.integer("mamba_d_conv"),
        step_rank=rank,
        convolution_bias=keys.flag("mamba_conv_bias", default=True),
        bias=keys.flag("mamba_proj_bias", default=False),
        name="mamba",
    )
    return found


def _hybrid(keys: Keys, hidden: int, mixer: Mixer) -> tuple[Block, Block]:
    """A layer behind the shared block, and that block alone."""
    wide = 2 * hidden
    heads = keys.integer("num_attention_heads", required=True, maximum=100_000)
    if wide % heads:
        raise keys.problem("num_attention_heads", heads, say("a divisor of {number}", number=wide))
    head_dim = keys.integer("attention_head_dim", default=wide // heads)
    *inputs, _ = attention(wide, heads, heads, head_dim).matrices
    inner = heads * head_dim
    output = output_projection("self_attn.o_proj", inner, hidden)
    width = keys.integer("intermediate_size", required=True)
    feeding = dense(hidden, width, name="shared_transf.feed_forward")
    common = (*inputs, output, *feeding.matrices)
    shared = Block("shared attention", common, (), other_parameters=wide + hidden)
    block = Block(
        "shared attention and mamba",
        (
            *common,
            Matrix("linear", hidden, hidden, Role.OTHER, Split.REPLICATED),
            *mixer.matrices,
        ),
        attention(wide, heads, heads, head_dim).cores + mixer.cores,
        None,
        mixer.other + wide + hidden + hidden,
        3,
    )
    return block, shared
