"""HRM: two stacks of layers that a token passes several times, the low one inside the high one.

The weights are held once; every pass does their work and keeps a cache of its own.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import LayerGroup
from engine.model.dialects.decoder import Traits, plain_attention, read_decoder, read_dimensions
from engine.model.dialects.gated import gated
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

TRAITS = Traits(
    qkv_bias="attention_bias",
    output_bias="attention_bias",
    mlp_bias="mlp_bias",
    norm="plain",
)


def read(keys: Keys) -> Architecture:
    """``H_cycles`` passes of the high stack, each after ``L_cycles`` passes of the low one."""
    shape = read_dimensions(keys)
    high = keys.integer("H_cycles", default=2, maximum=1000)
    low = keys.integer("L_cycles", default=3, maximum=1000)
    keys.ignore("L_bp_cycles", "prefix_lm", "embedding_scale")
    stack = keys.optional_integer("num_layers_per_stack", minimum=1)
    passes = high * (low + 1)
    if stack is None:
        stack = shape.layers
    if stack * passes > MAXIMUM_LAYERS:
        raise keys.problem("num_layers_per_stack", stack, say("fewer layers"))
    shape = replace(shape, layers=stack * passes)
    mixer = gated(plain_attention(keys, shape, TRAITS, None), shape)
    found = read_decoder(keys, TRAITS, shape=shape, mixer=mixer, other=shape.hidden)
    shared = (LayerGroup(one.block, one.count // passes * (passes - 2)) for one in found.layers)
    return replace(found, shared=tuple(shared))
