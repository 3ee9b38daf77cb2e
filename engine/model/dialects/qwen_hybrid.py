"""Qwen3-Next and Qwen3.5 to 3.8: gated delta nets with a gated full attention every few layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.model.architecture import Architecture
from engine.model.blocks import Block, LayerGroup
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    assemble,
    first_apart,
    read_dimensions,
    read_width,
)
from engine.model.dialects.layer_kinds import layer_kinds
from engine.model.dialects.nesting import text_keys, with_outer
from engine.model.dialects.parts import Mixer, attention, dense, layer, mixture
from engine.model.dialects.qwen_vision import qwen_vision_tower
from engine.model.dialects.states import gated_delta_net
from engine.model.keys import Keys
from engine.model.matrices import Matrix, Role, Split
from engine.words.messages import say

TRAITS = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")
KINDS = {"linear_attention": "linear", "full_attention": "full"}
INNER_TYPES = {"qwen3_5": "qwen3_5_text", "qwen3_5_moe": "qwen3_5_moe_text"}


def read(keys: Keys) -> Architecture:
    """The text model, nested beside a vision tower or flat."""
    inner = text_keys(keys, INNER_TYPES.get(keys.model_type, keys.model_type))
    text = read_text(inner)
    vision = keys.scope("vision_config", model_type=f"{keys.model_type}_vision")
    return with_outer(text, keys, inner, qwen_vision_tower(vision) if vision else 0)


def read_text(keys: Keys) -> Architecture:
    """A text model without towers; raises `InputError`."""
    shape = read_dimensions(keys)
    full, linear = _attention(keys, shape), delta_net(keys, shape)
    feed_forward = _feed_forward(keys, shape)
    norms = 2 * shape.hidden
    kinds = interval_kinds(keys, shape.layers, KINDS)
    blocks = [
        layer(
            full if kind == "full" else linear,
            feed_forward(index),
            norm_parameters=norms,
        )
        for index, kind in enumerate(kinds)
    ]
    last = layer(full, feed_forward(shape.layers - 1), norm_parameters=norms)
    return assemble(
        keys,
        shape.hidden,
        shape.vocabulary,
        blocks,
        TRAITS,
        prediction=_prediction(keys, shape, last),
    )


def interval_kinds(keys: Keys, layers: int, known: Mapping[str, str]) -> list[str]:
    """What each layer is, as the file lists or full attention every so many; ``known`` are the
    words of a list."""
    interval = keys.integer("full_attention_interval", default=4, maximum=10_000)
    default = ["linear" if (index + 1) % interval else "full" for index in range(layers)]
    return layer_kinds(keys, layers, default, known)


def _attention(keys: Keys, shape: Dimensions) -> Mixer:
    bias = keys.flag("attention_bias", default=False)
    return attention(
        shape.hidden,
        shape.heads,
        shape.kv_heads,
        shape.head_dim,
        qkv_bias=bias,
        output_bias=bias,
        qk_norm="head",
        output_gate=keys.flag("attn_output_gate", default=True),
    )


def delta_net(keys: Keys, shape: Dimensions) -> Mixer:
    """A gated delta net by the keys of its class; raises `InputError`."""
    key_heads = keys.integer("linear_num_key_heads")
    value_heads = keys.integer("linear_num_value_heads")
    value_dim = keys.integer("linear_value_head_dim")
    if value_heads % key_heads:
        raise keys.problem(
            "linear_num_value_heads",
            value_heads,
            say("a multiple of the {number} key heads", number=key_heads),
        )
    return gated_delta_net(
        shape.hidden,
        key_heads=key_heads,
        value_heads=value_heads,
        key_dim=keys.integer("linear_key_head_dim"),
        value_dim=value_dim,
        kernel=keys.integer("linear_conv_kernel_dim"),
        norm_elements=value_dim,
        fused=keys.model_type == "qwen3_next",
    )


def _feed_forward(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Experts in every layer but those that the step or the list of dense layers leaves out."""
    experts = 0
    if keys.model_type != "qwen3_5_text":
        experts = keys.integer("num_experts", minimum=0)
    if not experts:
        part = dense(shape.hidden, read_width(keys, shape.hidden, TRAITS))
        return lambda index: part
    step = keys.integer("decoder_sparse_step", default=1)
    listed = keys.integers("mlp_only_layers", maximum=shape.layers - 1) or []
    top_k = keys.integer("num_experts_per_tok", maximum=experts)
    sparse = mixture(
        shape.hidden,
        keys.integer("moe_intermediate_size"),
        experts,
        top_k,
        shared_width=keys.integer("shared_expert_intermediate_size"),
        shared_gate=True,
        shared_name="shared_expert",
    )
    if step == 1 and not listed:
        keys.ignore("intermediate_size")
        return lambda index: sparse
    plain = dense(shape.hidden, read_width(keys, shape.hidden, TRAITS))
    return lambda index: plain if index in listed or (index + 1) % step else sparse


def _prediction(keys: Keys, shape: Dimensions, block: Block) -> tuple[LayerGroup, ...]:
    """Multi-token prediction: a projection of embedding and state, then full-attention layers.

    Norms on both inputs and on the output; checked against the element counts of published
    checkpoints (Qwen3-Next-80B 1,650,471,424, Qwen3.5-27B 424,699,392).
    """
    count = keys.optional_integer("mtp_num_hidden_layers", "num_nextn_predict_layers") or 0
    if not count:
        return ()
    own = keys.flag("mtp_use_dedicated_embeddings", default=False)
    joining = Matrix("mtp.fc", 2 * shape.hidden, shape.hidden, Role.OTHER, Split.REPLICATED)
    first = replace(
        block,
        matrices=(joining, *block.matrices),
        norms=block.norms + 3,
        other_parameters=block.other_parameters
        + 3 * shape.hidden
        + (shape.vocabulary * shape.hidden if own else 0),
    )
    return first_apart(first, block, count)
