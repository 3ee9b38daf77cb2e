"""Dory: nGPT's layers (arXiv:2410.01131) of which those in the middle are passed several times.

Norms have no elements; gates, queries with keys, and residuals are scaled by trained vectors
(transformers, modeling_dory.py). Every pass of the middle does its work and keeps a cache of its
own; the weights are held once.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Traits,
    group_layers,
    plain_attention,
    plain_feed_forward,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import Mixer, layer
from engine.model.dialects.windows import window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role
from engine.words.messages import say

TRAITS = Traits(
    qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias", norm="plain"
)
_KINDS = {"sliding_attention": "sliding", "full_attention": "full", "mlp": "mlp"}


def read(keys: Keys) -> Architecture:
    """Released files list attention and feed-forward as blocks of their own, two for a layer."""
    shape = read_dimensions(keys)
    blocks = shape.layers
    default = ["full" if (index + 1) % 4 == 0 else "sliding" for index in range(blocks)]
    kinds = layer_kinds(keys, blocks, default, _KINDS)
    apart = 2 if "mlp" in kinds else 1
    kinds = kinds[::apart]
    first = keys.integer("n_input_layers", default=8, minimum=0) // apart
    last = keys.integer("n_output_layers", default=8, minimum=0) // apart
    middle = keys.optional_integer("n_recurrent_layers")
    middle = len(kinds) - first - last if middle is None else middle // apart
    if middle < 0 or first + middle + last != len(kinds):
        raise keys.problem(
            "n_recurrent_layers", middle, say("{number} layers in all", number=len(kinds))
        )
    loops = keys.integer("n_recurrent_loops", default=2, maximum=100)
    mode = keys.text("recurrent_kv_cache_mode", default="per_loop")
    if mode != "per_loop":
        raise keys.problem(
            "recurrent_kv_cache_mode",
            mode,
            say("{value}, the only one understood", value="per_loop"),
        )
    keys.ignore("ngpt_alpha_init")
    once = [*range(first + middle)]
    order = (
        once + [*range(first, first + middle)] * (loops - 1) + [*range(first + middle, len(kinds))]
    )
    window = window_size(keys)
    windows = [window if kinds[index] == "sliding" else None for index in order]
    shape = replace(shape, layers=len(order))
    plain = plain_attention(keys, shape, TRAITS, windows)
    wide = shape.heads * shape.head_dim

    def mixer(index: int) -> Mixer:
        part = plain(index)
        gate = Matrix("self_attn.gate_proj", shape.hidden, wide, Role.ATTENTION)
        return replace(
            part, matrices=(*part.matrices, gate), other=part.other + 2 * wide + 2 * shape.hidden
        )

    inner = plain_feed_forward(keys, shape, TRAITS)
    width = inner(0).matrices[-1].inputs
    part = replace(inner(0), other=2 * width)
    traits = replace(TRAITS, norms=4)
    found = read_decoder(
        keys,
        traits,
        shape=shape,
        mixer=mixer,
        feed_forward=lambda index: part,
        other=shape.vocabulary,
    )
    again = range(first + middle, first + middle * loops)
    repeated = (layer(mixer(index), part, norms=4, norm_parameters=0) for index in again)
    return replace(found, shared=group_layers(repeated))
