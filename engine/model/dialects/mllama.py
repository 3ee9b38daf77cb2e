"""Llama 3.2 Vision's text model: self-attention layers with cross-attention between them."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions, read_width
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.keys import Keys
from engine.words.messages import say

TRAITS = Traits()
EXTRA_TOKENS = 8
"""Rows that the embedding has beyond the vocabulary, for image tokens."""


def read(keys: Keys) -> Architecture:
    """Cross-attention layers cache vision tokens only: they own no text cache."""
    shape = read_dimensions(keys)
    listed = keys.integers("cross_attention_layers")
    if listed is None:
        listed = [3, 8, 13, 18, 23, 28, 33, 38]
        keys.assume(
            "cross_attention_layers", listed, say("class default of {name}", name=keys.model_type)
        )
    keys.ignore("vision_num_cross_attention_layers")
    cross = set(listed)
    part = dense(shape.hidden, read_width(keys, shape.hidden, TRAITS))
    own = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim)
    other = _cross(shape)
    blocks = [
        layer(other if index in cross else own, part, norm_parameters=2 * shape.hidden)
        for index in range(shape.layers)
    ]
    extra = EXTRA_TOKENS * shape.hidden
    return assemble(keys, shape.hidden, shape.vocabulary, blocks, TRAITS, other=extra)


def _cross(shape: Dimensions) -> Mixer:
    """Normed heads, and two gates on the residuals."""
    mixer = attention(shape.hidden, shape.heads, shape.kv_heads, shape.head_dim, qk_norm="head")
    core = mixer.cores[0]
    if not isinstance(core, AttentionCore):
        raise TypeError("attention() makes attention cores")
    return replace(
        mixer,
        kind="cross attention",
        cores=(replace(core, owns_cache=False, cross=True),),
        matrices=tuple(
            replace(matrix, name=matrix.name.replace("self_attn", "cross_attn"))
            for matrix in mixer.matrices
        ),
        other=mixer.other + 2,
    )
