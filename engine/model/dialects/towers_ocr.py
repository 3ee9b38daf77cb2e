"""Towers of GOT-OCR 2 and Fuyu, and of HyperCLOVA X Vision (transformers, modeling files of the same
names)."""

from __future__ import annotations

from engine.model.dialects import towers_lines
from engine.model.dialects.towers import linear, transformer_layer
from engine.model.keys import Keys


def sam(keys: Keys) -> int:
    """Segment Anything's ViT with its neck: patches, learned positions, relative ones in each layer
    over its window or, in the layers listed, over the whole map."""
    hidden, width = keys.integer("hidden_size"), keys.integer("mlp_dim")
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    heads = keys.integer("num_attention_heads", maximum=100_000)
    patch = keys.integer("patch_size", maximum=10_000)
    side = keys.integer("image_size", maximum=100_000) // patch
    window = keys.integer("window_size", maximum=100_000)
    channels = keys.integer("output_channels", default=256)
    whole = len(set(keys.integers("global_attn_indexes") or []))
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    if keys.flag("use_abs_pos", default=True):
        embeddings += side**2 * hidden
    block = transformer_layer(hidden, width)
    if not keys.flag("qkv_bias", default=True):
        block -= 3 * hidden
    relative = 0
    if keys.flag("use_rel_pos", default=True):
        head = hidden // heads
        relative = 2 * head * (whole * (2 * side - 1) + (layers - whole) * (2 * window - 1))
    neck = hidden * channels + 9 * channels**2 + 4 * channels
    return embeddings + layers * block + relative + neck


def got_ocr2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SAM, two strided convolutions that widen, one projection."""
    channels = keys.integer("output_channels", default=256)
    outer.ignore("image_seq_length")
    joined = 9 * channels * 2 * channels + 9 * 2 * channels * 4 * channels
    return sam(keys) + joined + linear(4 * channels, text_hidden)


def hyperclovax(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen2.5-VL's tower and one projection."""
    output = keys.integer("out_hidden_size")
    return towers_lines.qwen2_5(keys, outer, output) + linear(output, text_hidden)
