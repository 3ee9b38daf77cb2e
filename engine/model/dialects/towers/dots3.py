"""dots3-note's towers: pictures go through layers whose last ones have experts, more in each than
in the one before; sound through convolutions and gated layers (transformers,
modeling_dots3_note.py)."""

from __future__ import annotations

from engine.model.dialects.layer_kinds import one_per_layer
from engine.model.dialects.towers.parts import linear
from engine.model.keys import Keys
from engine.words.messages import say

_DENSE = 25
_PYRAMID = (*(0 for _ in range(_DENSE)), *range(4, 65, 4), 64)
"""Experts of each layer where the file does not say (``pyramid_num_routed``)."""


def vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Gated layers with RMS norms and normed heads; merged patches are normed and projected
    twice."""
    hidden = keys.integer("embed_dim", "hidden_size")
    heads = keys.integer("num_heads", "num_attention_heads", maximum=100_000)
    bias = keys.flag("use_bias", "attention_bias", default=False)
    own = keys.flag("mlp_bias", default=False)
    width, narrow = keys.integer("intermediate_size"), keys.integer("moe_intermediate_size")
    keys.ignore("num_experts_per_tok", "router_scaling_factor", "capacity_factor", "router_scale")
    keys.ignore("is_causal", "spatial_merge_size")
    plain = linear(hidden, 3 * hidden, bias) + linear(hidden, hidden, bias)
    plain += 2 * (hidden // heads) + 2 * hidden
    dense = 2 * linear(hidden, width, own) + linear(width, hidden, own)
    layers = 0
    for count in _experts(keys):
        layers += plain + ((3 * narrow + 1) * hidden * count if count else dense)
    patches = keys.integer("num_channels", default=3) * keys.integer("patch_size") ** 2
    joined = keys.integer("adapter_in_dim", default=hidden)
    merged = joined * keys.integer("adapter_merge_size", default=2, maximum=64) ** 2
    output = keys.integer("adapter_out_dim", default=text_hidden)
    merger = 2 * joined + linear(merged, merged) + linear(merged, output)
    return linear(patches, hidden) + hidden + layers + hidden + merger


def _experts(keys: Keys) -> list[int]:
    """Of each layer; 0 where it has a dense part."""
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    given = keys.integers("pyramid_num_routed", minimum=-1)
    types = keys.texts("mlp_layer_types")
    usual = keys.integer("num_local_experts", maximum=100_000)
    own = keys.values.get("per_layer_config")
    keys.ignore("per_layer_config")
    if given is not None:
        return [max(count, 0) for count in one_per_layer(keys, "pyramid_num_routed", given, layers)]
    if types is None:
        return list(one_per_layer(keys, "pyramid_num_routed", _PYRAMID, layers))
    kinds = one_per_layer(keys, "mlp_layer_types", types, layers)
    return [
        _count(keys, own, index, usual) if kind == "sparse" else 0
        for index, kind in enumerate(kinds)
    ]


def _count(keys: Keys, own: object, index: int, usual: int) -> int:
    """What ``per_layer_config`` says of one layer."""
    layer = own.get(str(index)) if isinstance(own, dict) else None
    count = layer.get("num_local_experts", usual) if isinstance(layer, dict) else usual
    if type(count) is not int or not 0 < count <= 100_000:
        raise keys.problem(f"per_layer_config.{index}", count, say("a whole number"))
    return count


def audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Three convolutions, gated layers, a norm and two projections; sizes as Whisper's files say
    them, or its own."""
    own = keys.scope("whisper_config", model_type="none") or keys
    own.tower = True
    hidden = own.integer("d_model", "hidden_size", default=_default(keys, "hidden_size"))
    width = own.integer(
        "encoder_ffn_dim", "intermediate_size", default=_default(keys, "intermediate_size")
    )
    layers = own.integer(
        "encoder_layers",
        "num_hidden_layers",
        default=_default(keys, "num_hidden_layers"),
        maximum=10_000,
    )
    heads = own.integer(
        "encoder_attention_heads",
        "num_attention_heads",
        default=_default(keys, "num_attention_heads"),
        maximum=100_000,
    )
    kv_heads = keys.optional_integer("num_key_value_heads", minimum=1) or heads
    head = keys.optional_integer("head_dim", minimum=1) or hidden // heads
    channels = keys.integer("downsample_hidden_size")
    bands = own.integer("num_mel_bins", "feature_size", default=_default(keys, "feature_size"))
    bias = keys.flag("attention_bias", default=True)
    keys.ignore("sampling_rate", "hop_length", "max_position_embeddings", "rope_parameters")
    keys.ignore("conv_output_size", "samples_per_token")
    for _ in range(3):
        bands = (bands + 1) // 2
    stem = linear(9, channels) + 2 * linear(9 * channels, channels) + channels * bands * hidden
    attention = linear(hidden, heads * head, bias) + hidden**2
    attention += linear(hidden, kv_heads * head, bias) + linear(heads * head, hidden, bias)
    block = attention + linear(hidden, 2 * width) + linear(width, hidden) + 2 * hidden
    if own is not keys:
        own.ignore(*own.values)
        keys.ignore(*keys.values)
    seen = keys.integer("whisper_adapter_in_dim", "adapter_input_size", default=hidden)
    output = keys.integer(
        "whisper_adapter_out_dim", "adapter_output_size", "adapter_out_dim", default=text_hidden
    )
    adapter = 2 * seen + linear(seen, output) + linear(output, output)
    return stem + layers * block + hidden + adapter


def _default(keys: Keys, name: str) -> int:
    """The class's own size, for files that say it under Whisper's name or not at all."""
    found = keys.defaults.get(name)
    return found if isinstance(found, int) else 0
