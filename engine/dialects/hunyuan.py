"""Hunyuan's mixture of experts (Large, A13B): lists per layer, shared caches across layers."""

from __future__ import annotations

from engine.architecture import Architecture
from engine.dialects.decoder import FeedForwardOfLayer, Shape, Traits, read_decoder, read_shape
from engine.dialects.mixture import MAXIMUM_EXPERTS
from engine.dialects.parts import Mixer, attention, mixture
from engine.keys import MAXIMUM_SIZE, Keys

HEAD_NORM = Traits(qkv_bias="attention_bias", output_bias="attention_bias", qk_norm="head")


def read(keys: Keys) -> Architecture:
    """With ``use_cla`` a layer reuses the keys and values of the first of its group."""
    keys.ignore("use_qk_norm", "moe_layer_num_skipped", "use_mixed_mlp_moe", "norm_type")
    keys.ignore("group_limited_greedy", "moe_drop_tokens", "moe_random_routing_dropped_token")
    keys.ignore("kv_lora_rank", "q_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim")
    keys.ignore(
        "v_head_dim", "use_mla", "attention_head_dim", "num_media_embeds", "capacity_factor"
    )
    shape = read_shape(keys)
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

    return read_decoder(
        keys, HEAD_NORM, shape=shape, mixer=mixer, feed_forward=_experts(keys, shape)
    )


def _experts(keys: Keys, shape: Shape) -> FeedForwardOfLayer:
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
            raise keys.problem("moe_topk", top_k, f"at most the {count} experts there are")
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
        if len(found) < layers:
            raise keys.problem(name, f"{len(found)} entries", f"{layers}, one per layer")
        return found[:layers]
    value = keys.optional_integer(name, minimum=1, maximum=maximum)
    if value is None:
        if default is None:
            raise keys.problem(name, None, "a whole number or one per layer")
        value = default
    return [value] * layers
