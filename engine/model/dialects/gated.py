"""Attention whose output is gated by a projection of the layer's input: Laguna, Step 3.7 (other
numbers of heads per layer) and Muse Glimmer."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    PartOfLayer,
    Traits,
    plain_attention,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import predicting_decoder
from engine.model.dialects.mixture import mlp_layer_types, read_routing
from engine.model.dialects.parts import Mixer, attention, dense, mixture
from engine.model.dialects.windows import layer_windows, window_size
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role
from engine.words.messages import say

BASE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")
MUSE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", norms=4)
FIRST_DENSE = {"laguna": 1, "step3p5": 3}
"""Dense layers at the start when the file does not say."""


def gated(inner: PartOfLayer, shape: Dimensions) -> PartOfLayer:
    """``inner`` with one gate per output element."""
    return lambda index: with_gate(inner(index), shape.hidden, shape.heads * shape.head_dim)


def with_gate(mixer: Mixer, hidden: int, width: int) -> Mixer:
    """``mixer`` with a gate of ``width`` beside its query projection."""
    gate = Matrix("self_attn.g_proj", hidden, width, Role.ATTENTION, kernel="qkv")
    return replace(mixer, matrices=(*mixer.matrices[:-1], gate, mixer.matrices[-1]))


def read(keys: Keys) -> Architecture:
    """By model type."""
    shape = read_dimensions(keys)
    window = window_size(keys)
    windows = layer_windows(keys, shape.layers, window, [False] * shape.layers)
    if keys.model_type == "muse_glimmer_text":
        keys.ignore("layer_rope_theta", "output_multiplier", "qk_scale_factor")
        mixer = gated(plain_attention(keys, shape, MUSE, windows), shape)
        return read_decoder(keys, MUSE, shape=shape, mixer=mixer)
    mixer = _per_head_gates(keys, shape, windows)
    experts = _experts(keys, shape)
    keys.ignore("mtp_layer_types", "mtp_mlp_layer_types", "swiglu_limits", "swiglu_limits_shared")
    return predicting_decoder(keys, BASE, shape, mixer, experts)


def _heads(keys: Keys, shape: Dimensions, windows: list[int | None]) -> list[int]:
    """Query heads of every layer, from a list or from the count of windowed layers."""
    listed = keys.integers("num_attention_heads_per_layer", minimum=1, maximum=100_000)
    other = keys.scope("attention_other_setting", model_type="none")
    windowed = keys.optional_integer("num_sliding_attention_heads", minimum=1)
    if other is not None:
        windowed = windowed or other.optional_integer("num_attention_heads", minimum=1)
        other.ignore("attention_type", "num_attention_groups", "head_dim", "true_head_dim")
    if listed is None:
        chosen = windowed or shape.heads
        listed = [chosen if window is not None else shape.heads for window in windows]
    if len(listed) < shape.layers:
        raise keys.problem(
            "num_attention_heads_per_layer",
            say("{number} entries", number=len(listed)),
            say("{number} entries", number=shape.layers),
        )
    for count in listed:
        if count % shape.kv_heads:
            raise keys.problem(
                "num_attention_heads_per_layer",
                count,
                say("a multiple of the {number} KV heads", number=shape.kv_heads),
            )
    return listed


def _per_head_gates(keys: Keys, shape: Dimensions, windows: list[int | None]) -> PartOfLayer:
    heads = _heads(keys, shape, windows)
    gating = keys.values.get("gating", True)
    keys.ignore("gating", "gating_types", "use_head_wise_attn_gate")
    per_head = gating is True or gating == "per-head"
    bias = keys.flag("attention_bias", default=False)

    def build(index: int) -> Mixer:
        count = heads[index]
        mixer = attention(
            shape.hidden,
            count,
            shape.kv_heads,
            shape.head_dim,
            window=windows[index],
            qkv_bias=bias,
            output_bias=bias,
            qk_norm="head",
        )
        return with_gate(mixer, shape.hidden, count if per_head else count * shape.head_dim)

    return build


def _experts(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Experts after the dense layers, with one shared expert; Laguna's router adds a bias that is
    a parameter."""
    keys.ignore("decoder_sparse_step", "n_shared_experts", "use_moe_router_bias")
    keys.ignore("moe_router_scaling_factor", "moe_router_logit_softcapping", "need_fp32_gate")
    keys.ignore("moe_apply_router_weight_on_input", "swa_attention_sink_enabled")
    sparse = mlp_layer_types(keys, shape.layers)
    only = set(keys.integers("mlp_only_layers", maximum=shape.layers - 1) or ())
    first = keys.optional_integer("first_k_dense_replace", maximum=shape.layers)
    if sparse is None:
        listed = listed_layers(keys)
        count = FIRST_DENSE[keys.model_type] if first is None else first
        dense_layers = only or set(range(count))
        sparse = [
            index in listed if listed is not None else index not in dense_layers
            for index in range(shape.layers)
        ]
    routing = read_routing(keys)
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size", required=True),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size", "share_expert_dim"),
        shared_name="shared_expert",
        other=routing.count if keys.model_type == "laguna" else 0,
    )
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    return lambda index: bank if sparse[index] else plain


def listed_layers(keys: Keys) -> set[int] | None:
    """``moe_layers_enum``: a list of layers, or the same as text with commas."""
    raw = keys.values.get("moe_layers_enum")
    keys.ignore("moe_layers_enum")
    if raw is None:
        return None
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not all(_is_number(part) for part in parts):
        raise keys.problem("moe_layers_enum", raw, say("layer indices"))
    return {int(part) for part in parts}


def _is_number(part: object) -> bool:
    text = str(part).strip()
    return text.isascii() and text.isdecimal()
