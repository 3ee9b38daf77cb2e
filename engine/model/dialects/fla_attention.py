"""Softmax attention as flash-linear-attention builds it (fla/models of
https://github.com/fla-org/flash-linear-attention): its plain Transformer, and Samba, which has
Mamba between layers of attention over a window (arXiv:2406.07522).
"""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, assemble
from engine.model.dialects.fla import COSMETIC, softmax_layers, usual_width
from engine.model.dialects.mamba import read_mamba1
from engine.model.dialects.nesting import flat_keys
from engine.model.dialects.parts import Mixer, attention, dense, layer
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.words.messages import say

_SAMBA_ATTENTION = {"num_heads": 18, "num_kv_heads": 18, "window_size": 2048}
_SAMBA_LAYERS = range(1, 18, 2)
"""Where the class has attention when the file says nothing."""


def read(keys: Keys) -> Architecture:
    """Layers of attention or Mamba, each with a gated feed-forward part behind it."""
    keys.ignore(*COSMETIC, "hidden_act", "qkv_bias", "qk_norm")
    hidden = keys.integer("hidden_size", required=True, maximum=1_000_000)
    layers = keys.integer("num_hidden_layers", required=True, maximum=MAXIMUM_LAYERS)
    if keys.optional_integer("attnres_block_size", minimum=1) is not None:
        raise keys.problem("attnres_block_size", keys.values["attnres_block_size"], "null")
    if keys.model_type == "samba":
        mixers, width = _samba(keys, hidden, layers), usual_width(keys, hidden)
    else:
        mixers = [_attention(keys, hidden)] * layers
        width = keys.integer(
            "intermediate_size",
            default=usual_width(keys, hidden),
            reason=say("two thirds of hidden_ratio"),
        )
    part = dense(hidden, width)
    blocks = [layer(mixer, part, norm_parameters=2 * hidden) for mixer in mixers]
    return assemble(keys, hidden, keys.integer("vocab_size", default=32_000), blocks, Traits())


def _attention(keys: Keys, hidden: int) -> Mixer:
    heads = keys.integer("num_heads", default=32, maximum=100_000)
    kv_heads = keys.optional_integer("num_kv_heads", minimum=1) or heads
    if hidden % heads or heads % kv_heads:
        raise keys.problem(
            "num_heads",
            heads,
            say("a divisor of {number}, a multiple of {other}", number=hidden, other=kv_heads),
        )
    return attention(
        hidden,
        heads,
        kv_heads,
        hidden // heads,
        window=keys.optional_integer("window_size", minimum=1),
        qkv_bias=keys.flag("qkv_bias", default=False),
        qk_norm="head" if keys.flag("qk_norm", default=False) else "",
    )


def _samba(keys: Keys, hidden: int, layers: int) -> list[Mixer]:
    """``intermediate_size`` is Mamba's inner width."""
    found = softmax_layers(keys, hidden, layers)
    if not keys.has("attn"):
        keys.assume(
            "attn.layers", list(_SAMBA_LAYERS), say("class default of {name}", name="samba")
        )
        heads = _SAMBA_ATTENTION["num_heads"]
        part = attention(
            hidden, heads, heads, hidden // heads, window=_SAMBA_ATTENTION["window_size"]
        )
        found = {index: part for index in _SAMBA_LAYERS if index < layers}
    mamba = read_mamba1(flat_keys(keys, "mamba"), hidden)
    return [found.get(index, mamba) for index in range(layers)]
