"""Beam: windows but for every sixth layer, gated and normed attention, four norms, experts."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, plain_attention, read_decoder, read_dimensions
from engine.model.dialects.deepseek import read_experts
from engine.model.dialects.gated import with_gate
from engine.model.dialects.parts import Mixer
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head", norms=4)
FIRST_DENSE = 3


def read(keys: Keys) -> Architecture:
    """One gate per output element with a trained bias per head."""
    shape = read_dimensions(keys)
    pattern = every_nth_full(shape.layers, 6)
    windows = layer_windows(keys, shape.layers, window_size(keys), pattern)
    plain = plain_attention(keys, shape, TRAITS, windows)

    def mixer(index: int) -> Mixer:
        found = with_gate(plain(index), shape.hidden, shape.heads * shape.head_dim)
        return replace(found, other=found.other + shape.heads)

    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=FIRST_DENSE)
    return read_decoder(keys, TRAITS, shape=shape, mixer=mixer, feed_forward=experts)
