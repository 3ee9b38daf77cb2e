"""MiMo-V2-Flash: windows with more KV heads and sinks, keys wider than values."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Dimensions, Traits, read_decoder, read_dimensions
from engine.model.dialects.deepseek import read_experts, read_prediction
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.parts import Mixer, attention
from engine.model.dialects.windows import sliding_layers, window_size
from engine.model.keys import Keys
from engine.words.messages import say

TRAITS = Traits()


def read(keys: Keys) -> Architecture:
    """``hybrid_layer_pattern`` (1: window) or ``layer_types``; the first and every sixth layer
    attend to everything when neither is given."""
    keys.ignore("attention_chunk_size", "attention_value_scale", "hybrid_block_size")
    keys.ignore("attention_projection_layout", "routed_scaling_factor")
    shape = read_dimensions(keys)
    sliding = _pattern(keys, shape.layers)
    full = _attention(keys, shape, window=None)
    windowed = _attention(keys, shape, window=window_size(keys))
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=1)

    def mixer(index: int) -> Mixer:
        return windowed if sliding[index] else full

    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=mixer,
        feed_forward=experts,
        prediction=read_prediction(keys, shape.hidden, windowed, experts(0)),
    )


def _pattern(keys: Keys, layers: int) -> list[bool]:
    flags = keys.integers("hybrid_layer_pattern", maximum=1)
    types = keys.texts("layer_types")
    if flags is not None:
        return [bool(flag) for flag in one_per_layer(keys, "hybrid_layer_pattern", flags, layers)]
    if types is not None:
        return sliding_layers(keys, types, layers)
    return [index != 0 and (index + 1) % 6 != 0 for index in range(layers)]


def _attention(keys: Keys, shape: Dimensions, window: int | None) -> Mixer:
    value_dim = keys.integer("v_head_dim", default=shape.head_dim)
    bias = keys.flag("attention_bias", default=False)
    if window is None:
        sinks = keys.flag("add_full_attention_sink_bias", default=False)
        return attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            value_dim=value_dim,
            qkv_bias=bias,
            sinks=sinks,
        )
    heads = keys.integer("swa_num_attention_heads", default=shape.heads)
    kv_heads = keys.integer(
        "swa_num_key_value_heads",
        default=2 * shape.kv_heads,
        reason=say("twice the full layers' KV heads (class rule)"),
    )
    if heads % kv_heads:
        raise keys.problem(
            "swa_num_key_value_heads",
            kv_heads,
            say("a divisor of the {number} heads", number=heads),
        )
    return attention(
        shape.hidden,
        heads,
        kv_heads,
        keys.integer("swa_head_dim", default=shape.head_dim),
        value_dim=keys.integer("swa_v_head_dim", default=value_dim),
        window=window,
        qkv_bias=bias,
        sinks=keys.flag("add_swa_attention_sink_bias", default=True),
    )
