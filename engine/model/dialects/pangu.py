"""openPangu: dense, with latent attention and experts, or with tokens that every query attends to
as parameters (vLLM 0.33, openpangu.py); Pangu Pro MoE, whose token visits one expert of each group
(arXiv:2505.21411; vllm-ascend 0.10, pangu_moe.py)."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    PartOfLayer,
    Traits,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.deepseek import (
    predicting_decoder,
    read_experts,
    read_latent,
    read_latent_shape,
)
from engine.model.dialects.mixture import read_routing
from engine.model.dialects.parts import Mixer, attention, dense, mixture
from engine.model.keys import Keys


def read(keys: Keys) -> Architecture:
    """``sandwich_norm`` norms what each half of a layer makes as well."""
    if keys.model_type == "pangupromoe":
        return _grouped_experts(keys)
    keys.ignore("router_enable_expert_bias", "router_scale", "is_causal")
    latent = keys.optional_integer("kv_lora_rank", minimum=1) is not None
    shape = read_latent_shape(keys) if latent else _shape(keys)
    traits = Traits(norms=4 if keys.flag("sandwich_norm", default=False) else 2)
    mixer: PartOfLayer = (
        read_latent(keys, shape).__getitem__ if latent else _plain(keys, shape, _windows(keys))
    )
    if not keys.has("n_routed_experts"):
        return read_decoder(keys, replace(traits, mlp_bias="mlp_bias"), shape=shape, mixer=mixer)
    experts = read_experts(keys, shape.hidden, shape.layers)
    return predicting_decoder(keys, traits, shape, mixer, experts)


def _grouped_experts(keys: Keys) -> Architecture:
    """Biased grouped attention, experts with a scale each, and a shared one."""
    shape = read_dimensions(keys)
    routing = read_routing(keys)
    plain = keys.integers("mlp_only_layers", maximum=shape.layers - 1) or []
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size", required=True),
        routing.count,
        routing.top_k,
        shared_width=keys.integer("shared_expert_intermediate_size", minimum=0),
        shared_name="shared_expert",
        other=routing.count,
    )
    if not plain:
        keys.ignore("intermediate_size")
        return read_decoder(keys, _PRO, shape=shape, feed_forward=lambda index: bank)
    wide = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    return read_decoder(
        keys, _PRO, shape=shape, feed_forward=lambda index: wide if index in plain else bank
    )


_PRO = Traits(qkv_bias=True, output_bias=True)


def _shape(keys: Keys) -> Dimensions:
    """Heads with sinks have a width of their own, turned and not turned."""
    found = read_dimensions(keys, floor_head_dim=True)
    if not keys.has("qk_nope_dim"):
        return found
    return replace(found, head_dim=keys.integer("qk_nope_dim") + keys.integer("qk_rope_dim"))


def _windows(keys: Keys) -> list[int]:
    """Of the layers in turn; empty where all attend to everything."""
    given = keys.values.get("interleaved_sliding_window")
    if isinstance(given, list):
        return keys.integers("interleaved_sliding_window", minimum=1) or []
    window = keys.optional_integer("interleaved_sliding_window", minimum=1)
    return [window] if window else []


def _plain(keys: Keys, shape: Dimensions, windows: list[int]) -> PartOfLayer:
    """Grouped attention; with sinks its values are narrower and its keys are normed."""
    bias = keys.flag("attention_bias", default=False) or keys.flag("bias", default=False)
    qkv_bias = keys.flag("qkv_bias", default=bias)
    sinks = keys.optional_integer("param_sink_number", maximum=100_000) or 0
    valued = keys.flag("param_sink_with_value", default=False)
    keys.ignore("param_sink_scalar", "param_sink_of_head_dim")
    value_dim = keys.optional_integer("v_channels", minimum=1) or shape.head_dim
    row = shape.head_dim + (value_dim if valued else 0)
    other = sinks * shape.kv_heads * row + shape.head_dim if sinks else 0

    def build(index: int) -> Mixer:
        found = attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            value_dim=value_dim,
            window=windows[index % len(windows)] if windows else None,
            qkv_bias=qkv_bias,
            output_bias=bias,
        )
        return replace(found, other=found.other + other)

    return build
