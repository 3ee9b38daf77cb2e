"""OLMo hybrid: gated delta nets with full attention every fourth layer."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import attention
from engine.model.dialects.states import gated_delta_net
from engine.model.keys import Keys

KINDS = {"linear_attention": "linear", "full_attention": "full"}


def read(keys: Keys) -> Architecture:
    """Norms over the whole query and key in attention; delta heads follow attention's."""
    shape = read_dimensions(keys)
    bias = keys.flag("attention_bias", default=False)
    full = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=bias,
        output_bias=bias,
        qk_norm="full",
    )
    key_heads = keys.optional_integer("linear_num_key_heads") or shape.heads
    key_dim = keys.optional_integer("linear_key_head_dim")
    key_dim = key_dim or int(0.75 * shape.hidden / key_heads)
    value_dim = keys.optional_integer("linear_value_head_dim") or 2 * key_dim
    linear = gated_delta_net(
        shape.hidden,
        key_heads=key_heads,
        value_heads=keys.optional_integer("linear_num_value_heads") or shape.heads,
        key_dim=key_dim,
        value_dim=value_dim,
        kernel=keys.integer("linear_conv_kernel_dim"),
        norm_elements=value_dim,
    )
    keys.ignore("linear_allow_neg_eigval", "linear_use_gate")
    default = ["linear" if index % 4 != 3 else "full" for index in range(shape.layers)]
    if "full" not in default:
        default[-1] = "full"
    kinds = layer_kinds(keys, shape.layers, default, KINDS)
    return read_decoder(
        keys,
        Traits(),
        shape=shape,
        mixer=lambda index: full if kinds[index] == "full" else linear,
    )
