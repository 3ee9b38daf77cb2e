"""Chameleon (arXiv:2405.09818; transformers, modeling_chameleon.py): Llama's layers with queries
and keys normalised head by head; pictures become tokens outside of the decoder."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder
from engine.model.keys import Keys
from engine.words.messages import say

TRAITS = Traits(
    qkv_bias="attention_bias",
    output_bias="attention_bias",
    mlp_bias="mlp_bias",
    qk_norm="heads",
    qk_norm_kind="layer",
)


def read(keys: Keys) -> Architecture:
    """The tokenizer of pictures is named as not counted."""
    keys.ignore("swin_norm", "vocabulary_map", "model_parallel_size", "vq_config")
    keys.leave_out(say("the tokenizer of pictures is"), "vq_config")
    return read_decoder(keys, TRAITS)
