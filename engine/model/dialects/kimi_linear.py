"""Kimi-Linear, Kimi-K3 and Bailing hybrid (Ling 3): delta attention with latent attention.

K3 adds gates on latent attention's output, experts that work in a narrower latent space, and
attention residuals: before each half of a layer a learned mix of earlier blocks' outputs.
"""

from __future__ import annotations

from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.dialects import bailing_linear
from engine.model.dialects.classes import class_names
from engine.model.dialects.decoder import (
    HEADS,
    HIDDEN,
    LAYERS,
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    read_decoder,
)
from engine.model.dialects.deepseek import read_prediction
from engine.model.dialects.kimi_vision import kimi_k3_tower
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.mixture import WIDTH, after_first_dense, read_routing, shared_count
from engine.model.dialects.nesting import text_keys, with_outer
from engine.model.dialects.parts import FeedForward, Mixer, dense, latent_attention, mixture
from engine.model.dialects.states import kimi_delta_attention
from engine.model.keys import MAXIMUM_LAYERS, Keys
from engine.model.matrices import Matrix, Role
from engine.words.messages import say

TRAITS = Traits()
KINDS = {"linear_attention": "delta", "full_attention": "latent"}


def read(keys: Keys) -> Architecture:
    """The text model; Kimi-K3 nests it beside a vision tower."""
    if bailing_linear.CLASS in class_names(keys.values):
        return bailing_linear.read(keys)
    inner = text_keys(keys, "kimi_linear" if keys.model_type == "kimi_k3" else keys.model_type)
    text = _read_text(inner)
    vision = keys.scope("vision_config")
    if vision is None:
        return with_outer(text, keys, inner, 0)
    keys.ignore("image_placeholder", "ignore_index")
    return with_outer(text, keys, inner, kimi_k3_tower(vision, text.hidden_size))


def _read_text(keys: Keys) -> Architecture:
    shape = _read_dimensions(keys)
    linear = keys.scope("linear_attn_config")
    kinds = _kinds(keys, linear, shape.layers)
    delta, latent = _delta(keys, linear, shape), _latent(keys, shape)
    residuals = keys.optional_integer("attn_res_block_size") or 0
    mixing = 4 * shape.hidden if residuals else 0
    if mixing:
        delta = replace(delta, other=delta.other + mixing)
        latent = replace(latent, other=latent.other + mixing)
    keys.ignore("mla_use_nope", "moe_router_activation_func", "use_grouped_topk")
    keys.ignore("qk_head_dim", "kda_safe_gate", "kda_lower_bound", "no_kda_lora", "use_qk_norm")
    keys.ignore("score_function", "moe_router_enable_expert_bias", "scoring_func", "topk_method")
    feed_forward = _feed_forward(keys, shape)
    return read_decoder(
        keys,
        TRAITS,
        shape=shape,
        mixer=lambda index: latent if kinds[index] == "latent" else delta,
        feed_forward=feed_forward,
        prediction=read_prediction(keys, shape.hidden, latent, feed_forward(shape.layers - 1)),
        other=2 * shape.hidden if residuals else 0,
    )


def _read_dimensions(keys: Keys) -> Dimensions:
    """Heads need not divide the hidden size; ``head_dim`` is not that of latent attention."""
    heads = keys.integer(*HEADS, required=True, maximum=100_000)
    keys.ignore("num_key_value_heads")
    return Dimensions(
        keys.integer(*HIDDEN, required=True, maximum=1_000_000),
        keys.integer(*LAYERS, required=True, maximum=MAXIMUM_LAYERS),
        heads,
        heads,
        0,
        keys.integer("vocab_size", required=True),
    )


def _kinds(keys: Keys, lists: Keys | None, layers: int) -> list[str]:
    """From 1-based lists, a word per layer, or a period."""
    if lists is not None:
        full, linear = lists.integers("full_attn_layers"), lists.integers("kda_layers")
        lists.ignore("gate_lower_bound")
        if full is not None and linear is not None and not keys.has("layer_types"):
            return _listed_kinds(lists, layers, full, linear)
    if keys.model_type == "bailing_hybrid":
        period = keys.integer("layer_group_size")
        grouped = layers // period * period
        chosen = [(index + 1) % period == 0 or index >= grouped for index in range(layers)]
    else:
        chosen = [index > 0 and index % 4 == 0 for index in range(layers)]
    default = ["latent" if full else "delta" for full in chosen]
    return layer_kinds(keys, layers, default, KINDS)


def _listed_kinds(keys: Keys, layers: int, full: list[int], linear: list[int]) -> list[str]:
    expected = say("each layer from 1 to {number} in exactly one list", number=layers)
    if sorted(full + linear) != list(range(1, layers + 1)):
        raise keys.problem(
            "full_attn_layers",
            say("{number} layers in all", number=len(full) + len(linear)),
            expected,
        )
    return ["latent" if index + 1 in set(full) else "delta" for index in range(layers)]


def _delta(keys: Keys, inner: Keys | None, shape: Dimensions) -> Mixer:
    if keys.model_type == "bailing_hybrid":
        return kimi_delta_attention(
            shape.hidden,
            keys.integer("linear_num_heads", default=shape.heads, reason=say("as attention heads")),
            keys.integer("linear_head_dim", "head_dim"),
            keys.integer("linear_conv_kernel_dim", "short_conv_kernel_size"),
            low_rank_decay=False,
            low_rank_gate=False,
        )
    if inner is None:
        return kimi_delta_attention(
            shape.hidden,
            keys.integer("linear_num_heads"),
            keys.integer("linear_head_dim"),
            keys.integer("linear_conv_kernel_dim"),
        )
    return kimi_delta_attention(
        shape.hidden,
        inner.integer("num_heads", default=keys.defaults.get("linear_num_heads", 32)),
        inner.integer("head_dim", default=keys.defaults.get("linear_head_dim", 128)),
        inner.integer("short_conv_kernel_size", default=4),
        low_rank_gate=not inner.flag("use_full_rank_gate", default=False),
    )


def _latent(keys: Keys, shape: Dimensions) -> Mixer:
    rank = keys.optional_integer("q_lora_rank", minimum=1)
    value_dim = keys.integer("v_head_dim")
    mixer = latent_attention(
        shape.hidden,
        shape.heads,
        query_rank=rank,
        latent_dim=keys.integer("kv_lora_rank"),
        nope_dim=keys.integer("qk_nope_head_dim"),
        rope_dim=keys.integer("qk_rope_head_dim"),
        value_dim=value_dim,
        bias=keys.flag("attention_bias", default=False),
    )
    gate = 0
    if keys.model_type == "bailing_hybrid":
        gate = _granularity(keys, shape.heads, value_dim)
    elif keys.flag("mla_use_output_gate", default=False):
        gate = shape.heads * value_dim
    keys.ignore("head_dim", "linear_head_dim", "linear_num_heads", "linear_conv_kernel_dim")
    if not gate:
        return mixer
    gating = Matrix("self_attn.g_proj", shape.hidden, gate, Role.ATTENTION)
    return replace(mixer, matrices=(gating, *mixer.matrices))


def _granularity(keys: Keys, heads: int, value_dim: int) -> int:
    """Gates per token: one per head unless Ling 3's file says otherwise."""
    name = "gated_attention_proj_granularity_type"
    if not keys.has(name):
        return heads
    widths = {"head_wise": heads, "element_wise": heads * value_dim, "": 0}
    said = keys.text(name)
    if said not in widths:
        raise keys.problem(name, said, say("one of {names}", names="head_wise, element_wise"))
    return widths[said]


def _feed_forward(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    sparse = after_first_dense(keys, shape.layers, default=1)
    experts = _experts(keys, shape)
    if all(sparse):
        keys.ignore("intermediate_size")
        return lambda index: experts
    plain = dense(shape.hidden, keys.integer("intermediate_size", required=True))
    return lambda index: experts if sparse[index] else plain


def _experts(keys: Keys, shape: Dimensions) -> FeedForward:
    routing = read_routing(keys)
    width = keys.integer(*WIDTH)
    own = keys.optional_integer("moe_shared_expert_intermediate_size", minimum=1) or width
    latent = keys.optional_integer("routed_expert_hidden_size", minimum=1) or 0
    normed = keys.flag("latent_moe_use_norm", default=False)
    return mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        groups=routing.groups,
        groups_per_token=routing.groups_per_token,
        shared_width=shared_count(keys) * own,
        expert_hidden=latent,
        other=latent if normed else 0,
    )
