"""Canary and Cohere's transcription: a FastConformer hears a clip of sound, a decoder of plain
layers looks at what it made (transformers, modeling_canary.py and modeling_cohere_asr.py). The
encoder is counted as a tower."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import LayerGroup
from engine.model.cores import AttentionCore
from engine.model.dialects.bart import FRAMES
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.dialects.towers.conformer import FRAMES_PER_SECOND, Conformer, fast_conformer
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Split
from engine.words.messages import say

_CLIP_SECONDS = 35
"""The longest piece of sound that engines hand over at once where the file does not say (Cohere's
``max_audio_clip_s``)."""
_TRAITS = Traits(norm="layer", head_bias=True)


def read(keys: Keys) -> Architecture:
    """Canary nests its decoder and computes its positions, Cohere does neither."""
    nested = keys.model_type == "canary"
    inner = keys.scope("decoder_config", model_type="canary_decoder") if nested else keys
    inner = inner or keys
    heard = keys.scope("encoder_config", model_type="parakeet_encoder")
    if heard is None:
        raise keys.problem("encoder_config", None, say("the config of the encoder"))
    encoder = fast_conformer(heard, biased=True)
    seconds = keys.number("max_audio_clip_s", default=_CLIP_SECONDS)
    keys.ignore("overlap_chunk_second", "supported_languages", "preprocessor", "vocab_size")
    frames = max(math.ceil(seconds * FRAMES_PER_SECOND / encoder.factor), 1)
    shape = read_dimensions(inner)
    block = layer(
        _both(inner, shape, frames),
        dense(
            shape.hidden,
            inner.integer("intermediate_size", required=True),
            gated=False,
            bias=True,
        ),
        norms=3,
        norm_parameters=6 * shape.hidden,
    )
    other = 2 * shape.hidden
    if not nested:
        other += inner.integer("max_position_embeddings") * shape.hidden
        other += encoder.hidden * shape.hidden + shape.hidden
    keys.warnings.append(FRAMES)
    found = assemble(
        inner,
        shape.hidden,
        shape.vocabulary,
        [block] * shape.layers,
        _TRAITS,
        other=other,
        tower=encoder.parameters,
    )
    tied = keys.flag("tie_word_embeddings", default=nested)
    return replace(found, tied_embeddings=tied, encoder=_layers(encoder))


def _layers(encoder: Conformer) -> tuple[LayerGroup, ...]:
    return (LayerGroup(encoder.block, encoder.layers),)


def _both(keys: Keys, shape: Dimensions, frames: int) -> Mixer:
    bias = keys.flag("attention_bias", default=True)
    own = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=bias,
        output_bias=bias,
    )

    def crossed(matrix: Matrix) -> Matrix:
        return replace(
            matrix,
            name=matrix.name.replace("self_attn", "encoder_attn"),
            kernel=matrix.kernel and f"encoder_attn.{matrix.kernel}",
            source=matrix.split is Split.KV,
        )

    other = tuple(map(crossed, own.matrices))
    first = own.cores[0]
    assert isinstance(first, AttentionCore)
    core = replace(first, cross=True, source_tokens=frames)
    return Mixer("self and cross attention", own.matrices + other, (*own.cores, core))
