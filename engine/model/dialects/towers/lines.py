"""Towers of single model lines: Qwen-VL, GLM-4V, Muse Glimmer, Step 3.7, Qwen3-ASR, Phi-4."""

from __future__ import annotations

from engine.model.dialects.qwen_vision import qwen_vision_tower
from engine.model.dialects.towers.parts import (
    linear,
    patch_count,
    plain_dimensions,
    siglip,
    transformer_layer,
)
from engine.model.keys import Keys


def qwen2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen2-VL: ``hidden_size`` is the text model's, ``embed_dim`` the tower's."""
    hidden = keys.integer("embed_dim")
    ratio = keys.number("mlp_ratio", default=4)
    keys.ignore("num_heads", "spatial_patch_size", "image_size")
    patch = keys.integer("patch_size") ** 2 * keys.integer("temporal_patch_size")
    merged = hidden * keys.integer("spatial_merge_size") ** 2
    patches = keys.integer("in_channels", "in_chans") * patch * hidden
    block = transformer_layer(hidden, int(hidden * ratio))
    merger = 2 * hidden + linear(merged, merged) + linear(merged, keys.integer("hidden_size"))
    return patches + keys.integer("depth") * block + merger


def qwen2_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen2.5-VL: RMS norms, gated feed-forward with biases, windows in most layers."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    keys.ignore("num_heads", "spatial_patch_size", "fullatt_block_indexes", "window_size")
    keys.ignore("tokens_per_second", "embed_dim")
    patch = keys.integer("patch_size") ** 2 * keys.integer("temporal_patch_size")
    merged = hidden * keys.integer("spatial_merge_size") ** 2
    patches = keys.integer("in_channels", "in_chans") * patch * hidden
    block = transformer_layer(hidden, width, gated=True) - 2 * hidden
    output = keys.integer("out_hidden_size")
    merger = hidden + linear(merged, merged) + linear(merged, output)
    return patches + keys.integer("depth") * block + merger


def qwen3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen3-VL, see `qwen_vision`."""
    return qwen_vision_tower(keys)


def glm4v(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """GLM-4V: gated blocks as wide as the text model, a downsampling convolution, a merger."""
    hidden = keys.integer("hidden_size")
    output = keys.integer("out_hidden_size")
    width = keys.integer("intermediate_size")
    merge = keys.integer("spatial_merge_size")
    patch = keys.integer("patch_size")
    keys.ignore("num_heads", "hidden_dropout_prob")
    bias = keys.flag("attention_bias", default=False)
    channels = keys.integer("in_channels", default=3) * keys.integer("temporal_patch_size")
    embeddings = linear(channels * patch**2, hidden) + patch_count(keys, patch) * hidden
    attention = linear(hidden, 3 * hidden, bias) + hidden**2
    block = attention + 3 * hidden * output + 2 * hidden
    downsample = linear(hidden * merge**2, output)
    merger = output**2 + 2 * output + 3 * output * width
    return embeddings + keys.integer("depth") * block + 2 * hidden + downsample + merger


def muse_glimmer(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Temporal patches without bias, pre-norm layers, an adapter of three matrices."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("layer_types", "merge_size", "max_position_embeddings")
    patches = keys.integer("patch_temporal") * 3 * patch**2 * hidden
    positions = keys.integer("pos_emb_height") * keys.integer("pos_emb_width") * hidden
    own = patches + positions + 4 * hidden + layers * transformer_layer(hidden, width)
    middle = outer.integer("projector_hidden_size")
    adapter = outer.integer("out_hidden_size") * middle + middle**2 + middle * text_hidden
    return own + adapter


def step3p7(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Scaled residuals, two downsampling convolutions, one projection."""
    hidden = keys.integer("hidden_size", "width")
    layers = keys.integer("num_hidden_layers", "layers", maximum=10_000)
    patch = keys.integer("patch_size")
    keys.ignore("num_attention_heads", "heads", "intermediate_size", "max_position_embeddings")
    width = int(hidden * keys.number("mlp_ratio", default=8960 / 1536))
    embeddings = keys.integer("num_channels", default=3) * patch**2 * hidden
    embeddings += patch_count(keys, patch) * hidden
    block = transformer_layer(hidden, width) + 2 * hidden
    down = linear(9 * hidden, 2 * hidden) + linear(18 * hidden, 4 * hidden)
    bias = outer.flag("projector_bias", default=False)
    return embeddings + 2 * hidden + layers * block + down + linear(4 * hidden, text_hidden, bias)


def qwen3_asr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Three convolutions, a projection, Whisper-like layers and two output projections."""
    hidden = keys.integer("d_model")
    width = keys.integer("encoder_ffn_dim")
    layers = keys.integer("encoder_layers", maximum=10_000)
    keys.ignore("encoder_attention_heads", "max_source_positions", "num_hidden_layers")
    keys.ignore("n_window", "n_window_infer", "conv_chunksize")
    middle = keys.integer("downsample_hidden_size")
    height = keys.integer("num_mel_bins")
    for _ in range(3):
        height = (height + 1) // 2
    stem = linear(9, middle) + 2 * linear(9 * middle, middle) + middle * height * hidden
    own = stem + layers * transformer_layer(hidden, width) + 2 * hidden
    return own + linear(hidden, hidden) + linear(hidden, keys.integer("output_dim"))


def phi4_vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP with its head, two projections and two separators."""
    hidden = keys.integer("hidden_size")
    keys.ignore("crop_size", "feature_layer", "image_token_id")
    projector = linear(hidden, text_hidden) + linear(text_hidden, text_hidden)
    return siglip(keys) + projector + 2 * hidden


def phi4_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Conformer layers behind a strided stem, projected twice (speech, speech with images)."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    wide = keys.integer("ext_pw_out_channel")
    keys.ignore("left_chunk", "input_size", "depthwise_multiplier", "downsample_rate")
    keys.ignore("feature_layer", "chunk_size")
    channels = keys.integer("nemo_conv_channels")
    reduction = keys.integer("time_reduction", maximum=1024)
    stages = reduction.bit_length() - 2
    stem = linear(9, channels) + stages * (10 * channels + linear(channels, channels))
    bands = keys.integer("input_size", default=80)
    for _ in range(stages + 1):
        bands = (bands + 1) // 2
    stem += linear(channels * keys.integer("nemo_final_size", default=bands), hidden)
    distance = keys.integer("bias_max_distance")
    buckets = distance if keys.flag("bias_symmetric", default=False) else 2 * distance
    feed_forward = 2 * hidden + linear(hidden, 2 * width) + linear(width, hidden)
    attention = 4 * linear(hidden, hidden)
    narrow = keys.integer("depthwise_separable_out_channel")
    convolution = 2 * hidden + 2 * wide + linear(hidden, 2 * wide)
    convolution += hidden * keys.integer("kernel_size") + hidden
    convolution += linear(hidden, narrow) + linear(hidden, wide)
    block = 2 * feed_forward + attention + convolution + 4 * hidden
    projector = 2 * (linear(hidden, text_hidden) + linear(text_hidden, text_hidden))
    table = buckets * keys.integer("num_attention_heads")
    return stem + table + keys.integer("num_blocks", maximum=10_000) * block + projector
