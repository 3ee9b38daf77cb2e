"""T5Gemma (arXiv:2504.06225; transformers, modeling_t5gemma.py): an encoder and a decoder of Gemma
2's layers, the decoder's with cross-attention between. The encoder is counted as a tower, its own
embedding with it."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block
from engine.model.cores import AttentionCore
from engine.model.dialects.decoder import (
    Dimensions,
    Traits,
    assemble,
    group_layers,
    read_dimensions,
    read_width,
)
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.dialects.t5 import WARNING
from engine.model.dialects.windows import every_nth_full, layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Split
from engine.words.messages import say

TRAITS = Traits(tied=True)


def read(keys: Keys) -> Architecture:
    """``encoder`` and ``decoder`` each describe one side."""
    sides = [_side(keys, name) for name in ("encoder", "decoder")]
    (_, encoder, encoder_blocks), (inner, shape, blocks) = sides
    tower = sum(block.parameters for block in encoder_blocks) + encoder.hidden
    tower += encoder.vocabulary * encoder.hidden
    keys.ignore("vocab_size", "dropout_rate", "classifier_dropout_rate")
    keys.warnings.append(WARNING)
    found = assemble(inner, shape.hidden, shape.vocabulary, blocks, TRAITS, tower=tower)
    tied = keys.flag("tie_word_embeddings", default=True)
    return replace(found, tied_embeddings=tied, encoder=group_layers(encoder_blocks))


def _side(keys: Keys, name: str) -> tuple[Keys, Dimensions, list[Block]]:
    inner = keys.scope(name, model_type="t5_gemma_module")
    if inner is None:
        raise keys.problem(name, None, say("the config of that side"))
    inner.ignore("cross_attention_hidden_size", "query_pre_attn_scalar", "add_cross_attention")
    shape = read_dimensions(inner)
    every = every_nth_full(shape.layers, 2)
    windows = layer_windows(inner, shape.layers, window_size(inner), every)
    part = dense(shape.hidden, read_width(inner, shape.hidden, TRAITS))
    bias = inner.flag("attention_bias", default=False)
    crossed = name == "decoder"

    def mixer(window: int | None) -> Mixer:
        own = _attention(shape, bias, window)
        if not crossed:
            return own
        other = _attention(shape, bias, None)
        core = other.cores[0]
        assert isinstance(core, AttentionCore)
        renamed = tuple(
            replace(
                matrix,
                name=matrix.name.replace("self_attn", "cross_attn"),
                kernel=matrix.kernel and f"cross.{matrix.kernel}",
                source=matrix.split is Split.KV,
            )
            for matrix in other.matrices
        )
        cores = (*own.cores, replace(core, cross=True))
        return Mixer(f"{own.kind} and cross attention", own.matrices + renamed, cores)

    norms = 6 if crossed else 4
    blocks = [
        layer(mixer(window), part, norms=norms, norm_parameters=norms * shape.hidden)
        for window in windows
    ]
    return inner, shape, blocks


def _attention(shape: Dimensions, bias: bool, window: int | None) -> Mixer:
    return attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        window=window,
        qkv_bias=bias,
        output_bias=bias,
    )
