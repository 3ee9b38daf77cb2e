"""RecurrentGemma (Griffin, arXiv:2402.19427): gated linear recurrences and local attention."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder, read_dimensions
from engine.model.dialects.parts import Mixer, attention, dense
from engine.model.dialects.states import convolution_tail
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits(tied=True)


def read(keys: Keys) -> Architecture:
    """``block_types`` repeats over the layers; ``intermediate_size`` is twice the real width."""
    shape = read_dimensions(keys)
    pattern = keys.texts("block_types", "_block_types") or ["recurrent", "recurrent", "attention"]
    for word in pattern:
        if word not in ("recurrent", "attention"):
            raise keys.problem(
                "block_types", word, say("one of {names}", names="recurrent, attention")
            )
    local = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        window=keys.integer("attention_window_size", "sliding_window"),
        qkv_bias=keys.flag("attention_bias", default=False),
        output_bias=True,
    )
    recurrent = _recurrence(keys, shape)
    width = keys.integer("intermediate_size", required=True) // 2
    part = dense(shape.hidden, width, bias=True, name="mlp_block")
    keys.ignore("layers_block_type")
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=lambda index: recurrent if pattern[index % len(pattern)] == "recurrent" else local,
        feed_forward=lambda index: part,
    )


def _recurrence(keys: Keys, shape: Dimensions) -> Mixer:
    """Two branches, a convolution, and a diagonal recurrence with block-diagonal gates."""
    width = keys.optional_integer("lru_width", minimum=1) or shape.hidden
    kernel = keys.integer("conv1d_width")
    role, name = Role.MIXER, "temporal_block"
    gates = tuple(
        Matrix(f"{name}.rg_lru.{gate}_gate", width // shape.heads, width, role, bias=True)
        for gate in ("input", "recurrent")
    )
    matrices = (
        Matrix(f"{name}.linear_y", shape.hidden, width, role, kernel="linear_xy", bias=True),
        Matrix(f"{name}.linear_x", shape.hidden, width, role, kernel="linear_xy", bias=True),
        *gates,
        Matrix(f"{name}.linear_out", width, shape.hidden, role, Split.ROW, bias=True),
    )
    tail = convolution_tail(width, kernel)
    core = StateCore("gated recurrence", shape.heads, width, tail, (10 + 2 * kernel) * width)
    return Mixer("gated recurrence", matrices, (core,), width * kernel + width + width)
