"""Mixtures of experts with normed query and key heads and shared experts: dots.llm1, HY 3,
Solar Open, Mellum, AFMoE, Laguna."""

from __future__ import annotations

from dataclasses import replace

from engine.architecture import Architecture, Matrix, Role
from engine.dialects.decoder import (
    FeedForwardOfLayer,
    PartOfLayer,
    Shape,
    Traits,
    plain_attention,
    read_bias,
    read_decoder,
    read_shape,
)
from engine.dialects.deepseek import read_experts, read_prediction
from engine.dialects.mixture import mlp_layer_types, read_routing
from engine.dialects.parts import Mixer, attention, dense, mixture
from engine.dialects.windows import every_nth_full, layer_windows, window_size
from engine.keys import Keys

BASE = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")

TRAITS = {
    "dots1": BASE,
    "hy_v3": BASE,
    "mellum": BASE,
    "laguna": BASE,
    "afmoe": replace(BASE, norms=4),
    "solar_open": Traits(qkv_bias="attention_bias"),
}
FIRST_DENSE = {"hy_v3": 1}
"""Dense layers at the start when the file does not say."""


def read(keys: Keys) -> Architecture:
    """By model type; Laguna has its own number of heads per layer."""
    shape = read_shape(keys)
    traits = TRAITS[keys.model_type]
    keys.ignore("enable_moe_fp32_combine", "route_scale", "mup_enabled", "router_scaling_factor")
    windows = _windows(keys, shape.layers)
    if keys.model_type == "laguna":
        return read_decoder(
            keys,
            traits,
            shape=shape,
            mixer=_laguna_attention(keys, shape, windows),
            feed_forward=_laguna_experts(keys, shape),
        )
    mixer = plain_attention(keys, shape, traits, windows)
    if keys.model_type == "afmoe":
        mixer = _gated(mixer, shape)
    first = FIRST_DENSE.get(keys.model_type, 0)
    per_expert = 1 if keys.model_type == "afmoe" else 0
    experts = read_experts(keys, shape.hidden, shape.layers, first_dense=first, other=per_expert)
    last = shape.layers - 1
    keys.ignore("mtp_layer_types", "mtp_mlp_layer_types")
    return read_decoder(
        keys,
        traits,
        shape=shape,
        mixer=mixer,
        feed_forward=experts,
        prediction=read_prediction(keys, shape.hidden, mixer(last), experts(last)),
    )


def _windows(keys: Keys, layers: int) -> list[int | None] | None:
    window = window_size(keys)
    if keys.model_type == "dots1":
        first = keys.optional_integer("max_window_layers") or 0
        return layer_windows(keys, layers, window, [index >= first for index in range(layers)])
    if keys.model_type == "afmoe":
        period = keys.integer("global_attn_every_n_layers", default=4)
        return layer_windows(keys, layers, window, every_nth_full(layers, period))
    return layer_windows(keys, layers, window, [False] * layers)


def _gated(inner: PartOfLayer, shape: Shape) -> PartOfLayer:
    """Attention whose output is gated by a projection of the layer's input."""
    gate = Matrix(
        "self_attn.gate_proj",
        shape.hidden,
        shape.heads * shape.head_dim,
        Role.ATTENTION,
        kernel="qkv",
    )

    def build(index: int) -> Mixer:
        mixer = inner(index)
        return replace(mixer, matrices=(*mixer.matrices[:-1], gate, mixer.matrices[-1]))

    return build


def _laguna_attention(keys: Keys, shape: Shape, windows: list[int | None] | None) -> PartOfLayer:
    """Heads per layer, and one gate per head or per output element."""
    heads = keys.integers("num_attention_heads_per_layer", minimum=1, maximum=100_000)
    if heads is None:
        heads = [shape.heads] * shape.layers
    if len(heads) < shape.layers:
        raise keys.problem(
            "num_attention_heads_per_layer", f"{len(heads)} entries", f"{shape.layers} entries"
        )
    gating = keys.values.get("gating", keys.defaults.get("gating", True))
    keys.ignore("gating", "gating_types", "moe_router_logit_softcapping")
    keys.ignore("moe_apply_router_weight_on_input", "swa_attention_sink_enabled")
    bias = read_bias(keys, BASE.qkv_bias)

    def build(index: int) -> Mixer:
        count = heads[index]
        if count % shape.kv_heads:
            raise keys.problem(
                "num_attention_heads_per_layer", count, f"a multiple of {shape.kv_heads}"
            )
        mixer = attention(
            shape.hidden,
            count,
            shape.kv_heads,
            shape.head_dim,
            window=windows[index] if windows else None,
            qkv_bias=bias,
            output_bias=bias,
            qk_norm="head",
        )
        per_head = gating is True or gating == "per-head"
        width = count if per_head else count * shape.head_dim
        gate = Matrix("self_attn.g_proj", shape.hidden, width, Role.ATTENTION, kernel="qkv")
        return replace(mixer, matrices=(*mixer.matrices[:-1], gate, mixer.matrices[-1]))

    return build


def _laguna_experts(keys: Keys, shape: Shape) -> FeedForwardOfLayer:
    keys.ignore("decoder_sparse_step")
    sparse = mlp_layer_types(keys, shape.layers)
    only = set(keys.integers("mlp_only_layers") or ())
    if sparse is None:
        sparse = [index not in (only or {0}) for index in range(shape.layers)]
    routing = read_routing(keys)
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size", required=True),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size", required=True),
        shared_name="shared_expert",
        other=routing.count,
    )
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    return lambda index: bank if sparse[index] else plain
