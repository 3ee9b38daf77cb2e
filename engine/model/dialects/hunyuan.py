"""Hunyuan: dense, and mixtures of experts (Large, A13B) with lists per layer and shared caches."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import (
    Dimensions,
    FeedForwardOfLayer,
    Traits,
    read_decoder,
    read_dimensions,
)
from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.mixture import MAXIMUM_EXPERTS
from engine.model.dialects.parts import Mixer, attention, mixture
from engine.model.keys import MAXIMUM_SIZE, Keys
from engine.words.messages import say

HEAD_NORM = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")


UNUSED = (
    "add_classification_head",
    "attention_head_dim",
    "capacity_factor",
    "class_num",
    "dense_list",
    "enable_attention_fp32_softmax",
    "enable_lm_head_fp32",
    "group_limited_greedy",
    "kv_lora_rank",
    "moe_drop_tokens",
    "moe_layer_num_skipped",
    "moe_random_routing_dropped_token",
    "norm_type",
    "num_media_embeds",
    "org_vocab_size",
    "pool_type",
    "position_embedding_xdrope",
    "q_lora_rank",
    "qk_nope_head_dim",
    "qk_rope_head_dim",
    "use_mixed_mlp_moe",
    "use_mla",
    "use_qk_norm",
    "v_head_dim",
    "xdrope_section",
)
"""Keys that the family's files carry for variants that were not released."""


def read(keys: Keys) -> Architecture:
    """With ``use_cla`` a layer reuses the keys and values of the first of its group."""
    if keys.flag("use_mla", default=False):
        raise keys.problem(
            "use_mla", True, say("{value}, as all published models have", value="false")
        )
    keys.ignore(*UNUSED)
    shape = read_dimensions(keys)
    bias = keys.flag("attention_bias", default=False)
    shares = keys.flag("use_cla", default=False)
    factor = (keys.optional_integer("cla_share_factor", minimum=1) or 1) if shares else 1
    keys.ignore("cla_share_factor")

    def mixer(index: int) -> Mixer:
        return attention(
            shape.hidden,
            shape.heads,
            shape.kv_heads,
            shape.head_dim,
            qkv_bias=bias,
            output_bias=bias,
            qk_norm="head",
            owns_cache=index % factor == 0,
        )

    several = isinstance(keys.values.get("num_experts"), list)
    single = not several and (keys.optional_integer("num_experts") or 1) <= 1
    if keys.model_type == "hunyuan_v1_dense" or (keys.model_type == "hunyuan" and single):
        keys.ignore("moe_topk", "num_shared_expert", "moe_intermediate_size")
        if (keys.optional_integer("num_experts") or 1) > 1:
            raise keys.problem("num_experts", keys.values["num_experts"], say("1 in a dense model"))
        return read_decoder(keys, HEAD_NORM, shape=shape, mixer=mixer)
    return read_decoder(
        keys, HEAD_NORM, shape=shape, mixer=mixer, feed_forward=_experts(keys, shape)
    )


def _experts(keys: Keys, shape: Dimensions) -> FeedForwardOfLayer:
    """Counts may be one number or one per layer; the shared expert is as wide as the dense part
    times their number."""
    layers = shape.layers
    counts = _per_layer(keys, "num_experts", layers, MAXIMUM_EXPERTS)
    top_ks = _per_layer(keys, "moe_topk", layers, MAXIMUM_EXPERTS)
    dense_width = keys.integer("intermediate_size", required=True)
    widths = _per_layer(keys, "moe_intermediate_size", layers, MAXIMUM_SIZE, dense_width)
    shared = _per_layer(keys, "num_shared_expert", layers, 1000, 1)
    for count, top_k in zip(counts, top_ks, strict=True):
        if top_k > count:
            raise keys.problem(
                "moe_topk", top_k, say("at most the {number} experts there are", number=count)
            )
    return lambda index: mixture(
        shape.hidden,
        widths[index],
        counts[index],
        top_ks[index],
        shared_width=shared[index] * dense_width,
        shared_name="shared_mlp",
    )


def _per_layer(
    keys: Keys, name: str, layers: int, maximum: int, default: int | None = None
) -> list[int]:
    if isinstance(keys.values.get(name), list):
        found = keys.integers(name, minimum=1, maximum=maximum) or []
        return one_per_layer(keys, name, found, layers)
    value = keys.optional_integer(name, minimum=1, maximum=maximum)
    if value is None:
        if default is None:
            raise keys.problem(name, None, say("a whole number or one per layer"))
        value = default
    return [value] * layers
