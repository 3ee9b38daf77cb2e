"""Molmo (remote code): Qwen 2's or OLMo's layers under the training code's keys, with the CLIP
tower that every released Molmo has."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.parts import dense
from engine.model.dialects.towers.parts import linear, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say

NEW_WORDS = 128
"""Rows of the second embedding table, for the marks of pictures."""
TOWER = (1024, 4096, 23, 14, 336)
"""Width, feed-forward width, layers, patch and image of the tower in the released files."""


def read(keys: Keys) -> Architecture:
    """``intermediate_size`` holds gate and up together; ``embedding_size`` pads the vocabulary."""
    if keys.model_type == "molmo2_text":
        return _second(keys)
    keys.ignore("layer_norm_type", "use_position_ids", "clip_qkv", "embedding_size")
    if keys.flag("norm_after", default=False) or keys.flag("attention_layer_norm", default=False):
        raise keys.problem("norm_after", True, say("false, as in the models on Qwen 2"))
    shape = read_dimensions(keys)
    words = keys.integer("embedding_size", "vocab_size", required=True)
    both = keys.integer("intermediate_size", required=True, minimum=2)
    part = dense(shape.hidden, both // 2)
    hidden, width, layers, patch, image = TOWER
    keys.assume("vision", f"{layers} layers of {hidden}", say("the tower of the released files"))
    count = (image // patch) ** 2 + 1
    tower = 3 * patch**2 * hidden + count * hidden + 3 * hidden
    tower += layers * transformer_layer(hidden, width)
    pooling = 3 * linear(2 * hidden, hidden) + linear(hidden, hidden) + 4 * hidden
    projector = 2 * hidden * (both // 2) + (both // 2) * shape.hidden
    found = read_decoder(
        keys,
        Traits(qkv_bias="qkv_bias"),
        shape=replace(shape, vocabulary=words),
        feed_forward=lambda index: part,
        other=NEW_WORDS * shape.hidden,
        tower=tower + pooling + projector,
    )
    return replace(found, tied_embeddings=keys.flag("weight_tying", default=False))


def _second(keys: Keys) -> Architecture:
    """Molmo 2's text model: Qwen 3's layers, with more words in the embedding than in the head."""
    keys.ignore("rope_scaling_layers")
    kind = keys.text("qk_norm_type", default="")
    if keys.flag("norm_after", default=False):
        raise keys.problem("norm_after", True, "false")
    traits = Traits(qkv_bias="attention_bias", qk_norm="head" if kind == "qwen3" else "full")
    shape = read_dimensions(keys)
    more = keys.integer("additional_vocab_size", default=NEW_WORDS, minimum=0)
    return read_decoder(keys, traits, shape=shape, other=more * shape.hidden)
