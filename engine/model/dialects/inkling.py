"""Inkling: sliding and full attention with short convolutions around every part."""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.cores import StateCore
from engine.model.dialects.decoder import HEADS, HIDDEN, LAYERS, Traits, assemble
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mixture import mlp_layer_types, read_routing, shared_count
from engine.model.dialects.parts import FeedForward, Mixer, attention, dense, layer, mixture
from engine.model.dialects.states import convolution_tail
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

KINDS = {"hybrid": "full", "hybrid_sliding": "sliding"}


def read(keys: Keys) -> Architecture:
    """Relative positions come from a projection of each query; the embedding is normed."""
    hidden = keys.integer(*HIDDEN, required=True, maximum=1_000_000)
    layers = keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS)
    kernel = keys.integer("conv_kernel_size", "sconv_kernel_size")
    kinds = _kinds(keys, layers)
    mixers = {kind: _mixer(keys, hidden, kernel, kind) for kind in dict.fromkeys(kinds)}
    first = keys.optional_integer("dense_mlp_idx") or 0
    sparse = mlp_layer_types(keys, layers) or [index >= first for index in range(layers)]
    experts = _experts(keys, hidden)
    plain = _dense(keys, hidden) if not all(sparse) else None
    keys.ignore("intermediate_size", "number_of_conv_states", "shared_expert_sink", "route_scale")
    keys.ignore("logits_mup_width_multiplier", "mtp_hidden_states_first", "log_scaling_n_floor")
    keys.ignore("rms_norm_eps_moe_gate", "unpadded_vocab_size", "log_scaling_alpha")
    blocks = [
        layer(
            mixers[kind],
            experts if routed or plain is None else plain,
            norms=4,
            norm_parameters=2 * hidden,
        )
        for kind, routed in zip(kinds, sparse, strict=True)
    ]
    vocabulary = keys.integer("vocab_size", required=True)
    return assemble(keys, hidden, vocabulary, blocks, Traits(), other=hidden)


def _kinds(keys: Keys, layers: int) -> list[str]:
    listed = keys.integers("local_layer_ids", maximum=layers - 1)
    local = {index for index in range(layers) if (index + 1) % 6} if listed is None else set(listed)
    default = ["sliding" if index in local else "full" for index in range(layers)]
    return layer_kinds(keys, layers, default, KINDS)


def _mixer(keys: Keys, hidden: int, kernel: int, kind: str) -> Mixer:
    """Sliding layers have heads of their own; keys and values pass short convolutions."""
    prefix = "swa_" if kind == "sliding" else ""
    heads = keys.integer(f"{prefix}num_attention_heads", *([] if prefix else HEADS))
    kv_heads = keys.integer(f"{prefix}num_key_value_heads")
    head_dim = keys.integer(f"{prefix}head_dim")
    if heads % kv_heads:
        raise keys.problem(
            f"{prefix}num_key_value_heads", kv_heads, say("a divisor of {number}", number=heads)
        )
    window = keys.integer("sliding_window_size", "sliding_window")
    extent = keys.integer("rel_extent")
    relative = keys.integer("d_rel")
    sliding = kind == "sliding"
    mixer = attention(
        hidden,
        heads,
        kv_heads,
        head_dim,
        window=window if sliding else None,
        qk_norm="head",
    )
    positions = Matrix("self_attn.r_proj", hidden, heads * relative, Role.ATTENTION)
    channels = 2 * kv_heads * head_dim + 2 * hidden
    core = StateCore(
        "short convolution", 1, 0, convolution_tail(channels, kernel), 2 * kernel * channels
    )
    return replace(
        mixer,
        matrices=(positions, *mixer.matrices),
        cores=(core, *mixer.cores),
        other=mixer.other + relative * (window if sliding else extent) + channels * kernel,
    )


def _experts(keys: Keys, hidden: int) -> FeedForward:
    """The router also weighs the shared experts."""
    routing = read_routing(keys)
    shared = shared_count(keys)
    name = "intermediate_size" if keys.has("dense_intermediate_size") else "moe_intermediate_size"
    width = keys.integer(name)
    bank = mixture(
        hidden, width, routing.count, routing.top_k, shared_width=shared * width, other=1
    )
    assert bank.experts is not None
    outputs = routing.count + shared
    router = Matrix("mlp.gate", hidden, outputs, Role.ROUTER, Split.REPLICATED)
    return replace(bank, experts=replace(bank.experts, router=router))


def _dense(keys: Keys, hidden: int) -> FeedForward:
    width = keys.integer("dense_intermediate_size", "intermediate_size")
    return replace(dense(hidden, width), other=1)
