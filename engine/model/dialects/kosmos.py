"""Text models of Kosmos-2 and 2.5 (arXiv:2306.14824, 2309.11419; transformers, modeling_kosmos2.py
and modeling_kosmos2_5.py): decoders with a further norm in front of projections back, and computed
positions."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder
from engine.model.dialects.parts import dense
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

TRAITS = Traits(
    qkv_bias=True, output_bias=True, mlp_bias=True, gated=False, norm="layer", norms=4, tied=True
)


def read(keys: Keys) -> Architecture:
    """Sizes under names of their own."""
    hidden = keys.integer("embed_dim", required=True, maximum=1_000_000)
    heads = keys.integer("attention_heads", required=True, maximum=100_000)
    if hidden % heads:
        raise keys.problem("attention_heads", heads, say("a divisor of {number}", number=hidden))
    shape = Dimensions(
        hidden=hidden,
        layers=keys.integer("layers", required=True, maximum=MAXIMUM_LAYERS),
        heads=heads,
        kv_heads=heads,
        head_dim=hidden // heads,
        vocabulary=keys.integer("vocab_size", required=True),
    )
    keys.ignore("scale_embedding", "activation_function", "add_cross_attention")
    width = keys.integer("ffn_dim", required=True)
    # One of the four norms is as wide as the feed-forward part.
    part = replace(dense(hidden, width, gated=False, bias=True), other=2 * (width - hidden))
    newer = keys.model_type == "kosmos_2_5_text_model"
    # The newer has none in its attention, and a table that tells text from pictures.
    return read_decoder(
        keys,
        replace(TRAITS, norms=3) if newer else TRAITS,
        shape=shape,
        feed_forward=lambda index: part,
        other=2 * hidden if newer else 0,
    )
