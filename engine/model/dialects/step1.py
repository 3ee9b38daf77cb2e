"""Step 1: a plain decoder with positions as slopes; groups are its key and value heads
(vLLM 0.33, step1.py)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.keys import Keys
from engine.words.messages import say

_TRAITS = Traits(
    qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias", tied=True
)


def read(keys: Keys) -> Architecture:
    """``num_attention_groups`` goes before ``num_key_value_heads``; neither is one group."""
    shape = read_dimensions(keys)
    groups = keys.integer(
        "num_attention_groups", "num_key_value_heads", default=1, maximum=shape.heads
    )
    if shape.heads % groups:
        raise keys.problem(
            "num_attention_groups",
            groups,
            say("a divisor of the {number} heads", number=shape.heads),
        )
    return read_decoder(keys, _TRAITS, shape=replace(shape, kv_heads=groups))
