"""Audio towers: Qwen Omni, Voxtral, Gemma 3n and 4."""

from __future__ import annotations

from engine.model.dialects.towers.parts import linear, transformer_layer, whisper_encoder
from engine.model.keys import Keys

MEL_BINS = 128
"""Bands of the spectrogram that Gemma's feature extractor makes."""


def omni_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen2.5-Omni: Whisper's encoder, two trained marks and one projection."""
    keys.ignore("n_window")
    output = keys.integer("output_dim", default=text_hidden)
    return whisper_encoder(keys) + 2 * output + linear(keys.integer("d_model"), output)


def voxtral(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions; four frames are joined and projected twice."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    keys.ignore("num_attention_heads", "vocab_size", "head_dim", "num_key_value_heads")
    bins = keys.integer("num_mel_bins")
    stem = linear(3 * bins, hidden) + linear(3 * hidden, hidden)
    positions = keys.integer("max_source_positions") * hidden
    encoder = stem + positions + layers * (transformer_layer(hidden, width) - hidden) + 2 * hidden
    return encoder + width * text_hidden + text_hidden**2


def gemma4_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Two strided convolutions, then layers of two halved feed-forward parts around attention
    with relative positions and a short convolution; projected twice."""
    hidden = keys.integer("hidden_size")
    heads = keys.integer("num_attention_heads", maximum=100_000)
    kernel = keys.integer("conv_kernel_size", maximum=1000)
    first, second = (keys.integers("subsampling_conv_channels", minimum=1) or [128, 32])[:2]
    keys.ignore("attention_chunk_size", "attention_context_left", "attention_context_right")
    keys.ignore("use_clipped_linears")
    output = keys.integer("output_proj_dims", default=1536)
    stem = 10 * first + 9 * first * second + second + second * (MEL_BINS // 4) * hidden
    feed_forward = 8 * hidden**2 + 2 * hidden
    attention = 5 * hidden**2 + hidden // heads
    convolution = 3 * hidden**2 + (kernel + 2) * hidden
    block = 2 * feed_forward + attention + convolution + 3 * hidden
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    return stem + layers * block + linear(hidden, output) + output * text_hidden


def gemma3n_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Universal speech model: strided convolutions, conformer layers, an embedder."""
    hidden = keys.integer("hidden_size")
    heads = keys.integer("conf_num_attention_heads", maximum=100_000)
    kernel = keys.integer("conf_conv_kernel_size", maximum=1000)
    first, second = (keys.integers("sscp_conv_channel_size", minimum=1) or [128, 32])[:2]
    keys.ignore("conf_attention_chunk_size", "conf_attention_context_left", "vocab_offset")
    keys.ignore("conf_attention_context_right", "conf_attention_logit_cap", "sscp_conv_stride_size")
    keys.ignore("conf_reduction_factor", "conf_residual_weight", "sscp_conv_kernel_size")
    keys.ignore("sscp_conv_eps", "sscp_conv_group_norm_eps", "gradient_clipping")
    bands = keys.integer("input_feat_size") // 4
    stem = 10 * first + 9 * first * second + second + second * bands * hidden
    feed_forward = 8 * hidden**2 + 2 * hidden
    attention = 5 * hidden**2 + hidden // heads + 2 * hidden
    convolution = 3 * hidden**2 + (kernel + 2) * hidden
    block = 2 * feed_forward + attention + convolution + hidden
    layers = keys.integer("conf_num_hidden_layers", maximum=10_000)
    words = keys.integer("vocab_size")
    return stem + layers * block + gemma3n_embedder(hidden, words, text_hidden)


def gemma3n_embedder(hidden: int, words: int, text_hidden: int) -> int:
    """A table of marks with two norms, and a projection into the text model."""
    return words * hidden + 2 * hidden + hidden * text_hidden
