"""ZAYA: attention in a compressed space with small convolutions, a deep router."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import Dimensions, Traits, assemble, read_dimensions
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.parts import FeedForward, Mixer, attention, layer, mixture
from engine.model.dialects.states import convolution_tail
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split

KINDS = {"hybrid": "full", "hybrid_sliding": "sliding"}


def read(keys: Keys) -> Architecture:
    """The first layer's router has no memory of an earlier one; residuals are scaled."""
    shape = read_dimensions(keys)
    window = keys.optional_integer("sliding_window") or None
    kinds = layer_kinds(keys, shape.layers, ["full"] * shape.layers, KINDS)
    mixers = {"full": _mixer(keys, shape, None), "sliding": _mixer(keys, shape, window)}
    experts = _experts(keys, shape)
    scaling = 8 * shape.hidden
    blocks = [
        layer(
            mixers[kind],
            experts[min(index, 1)],
            norm_parameters=2 * shape.hidden + scaling,
        )
        for index, kind in enumerate(kinds)
    ]
    traits = Traits(tied=True, head_bias=keys.flag("lm_head_bias", default=False))
    return assemble(keys, shape.hidden, shape.vocabulary, blocks, traits, other=2 * shape.hidden)


def _mixer(keys: Keys, shape: Dimensions, window: int | None) -> Mixer:
    """Query and key pass a depthwise and a grouped convolution; half the values are delayed."""
    bias = keys.flag("attention_bias", default=False)
    mixer = attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        window=window,
        qkv_bias=bias,
        output_bias=bias,
    )
    first, second = keys.integer("cca_time0"), keys.integer("cca_time1")
    channels = (shape.heads + shape.kv_heads) * shape.head_dim
    grouped = Matrix(
        "self_attn.qkv_proj.conv_qk_grouped",
        shape.head_dim * second,
        channels,
        Role.ATTENTION,
        bias=True,
    )
    tail = convolution_tail(channels, first) + convolution_tail(channels, second)
    delayed = shape.kv_heads * shape.head_dim // 2
    core = StateCore("convolution", 1, 0, tail + delayed, 2 * first * channels)
    *inputs, output = mixer.matrices
    return replace(
        mixer,
        matrices=(*inputs, grouped, output),
        cores=(core, *mixer.cores),
        other=mixer.other + channels * first + channels + shape.kv_heads,
    )


def _experts(keys: Keys, shape: Dimensions) -> tuple[FeedForward, FeedForward]:
    """The feed-forward part of the first layer and of the others.

    The router is a small network over experts and one skip class.
    """
    count = keys.integer("num_experts")
    inner = keys.integer("router_hidden_size")
    bank = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        count,
        keys.integer("num_experts_per_tok", maximum=count),
    )
    whole = Split.REPLICATED
    router = tuple(
        Matrix(f"mlp.gate.{name}", inputs, outputs, Role.ROUTER, whole, bias=bias)
        for name, inputs, outputs, bias in (
            ("down_proj", shape.hidden, inner, True),
            ("router_mlp.fc1", inner, inner, True),
            ("router_mlp.fc2", inner, inner, True),
            ("router_mlp.out_proj", inner, count + 1, False),
        )
    )
    assert bank.experts is not None
    first = replace(
        bank,
        matrices=router,
        experts=replace(bank.experts, router=None, identity_count=1),
        other=inner,
    )
    return first, replace(first, other=2 * inner)
