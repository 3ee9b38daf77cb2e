"""Towers of models whose repositories bring code of their own: dots.ocr, Ovis, Keye, Bee, R and
Step3 (vLLM 0.33, model_executor/models, files of the same names)."""

from __future__ import annotations

from engine.model.dialects.towers.more import idefics_layers
from engine.model.dialects.towers.parts import (
    linear,
    patch_count,
    plain_dimensions,
    siglip,
    transformer_layer,
)
from engine.model.keys import Keys
from engine.words.messages import say

_OVIS_MARKS = 5
"""Words of the visual vocabulary that stand for borders and have no score (``INDICATOR_IDS``)."""
_OVIS2_5_MARKS = 4
_KEYE_ROWS = 32_768
"""Positions of patches as they are packed (keye.py, ``packing_position_embedding``)."""


def dots_ocr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Gated layers with RMS norms, one after the patches and one at the end; merged patches are
    normed and projected twice."""
    hidden = keys.integer("embed_dim", default=1536)
    width = keys.integer("intermediate_size", default=4224)
    layers = keys.integer("num_hidden_layers", default=42, maximum=10_000)
    patch = keys.integer("patch_size", default=14, maximum=10_000)
    merge = keys.integer("spatial_merge_size", default=2, maximum=64)
    keys.ignore("num_attention_heads", "temporal_patch_size", "is_causal", "init_merger_std")
    bias = keys.flag("use_bias", default=False)
    block = 4 * linear(hidden, hidden, bias) + 2 * linear(hidden, width, bias)
    block += linear(width, hidden, bias) + 2 * hidden
    patches = linear(keys.integer("num_channels", default=3) * patch**2, hidden) + hidden
    last = hidden if keys.flag("post_norm", default=True) else 0
    merged = hidden * merge**2
    output = keys.integer("hidden_size", default=text_hidden)
    merger = 2 * hidden + linear(merged, merged) + linear(merged, output)
    return patches + layers * block + last + merger


def _visual_words(hidden: int, stride: int, words: int, marks: int, text_hidden: int) -> int:
    """A normed head that chooses words of a visual vocabulary, and their table."""
    scored = words - marks
    return hidden * stride**2 * scored + 2 * scored + words * text_hidden


def ovis(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP or AIMv2, which has RMS norms, in front of a visual vocabulary."""
    words = keys.integer("vocab_size", default=16_384)
    stride = keys.integer("hidden_stride", default=1, maximum=64)
    keys.ignore("depths", "drop_cls_token", "tokenize_function", "backbone_kwargs", "tau")
    outer.ignore("multimodal_max_length", "disable_tie_weight", "llm_attn_implementation")
    backbone = keys.scope("backbone_config", model_type="aimv2")
    if backbone is None:
        raise keys.problem("backbone_config", None, say("a mapping"))
    backbone.tower = True
    hidden = backbone.integer("hidden_size")
    table = outer.integer("hidden_size", default=text_hidden)
    tokenizer = _visual_words(hidden, stride, words, _OVIS_MARKS, table)
    if backbone.model_type.startswith("siglip"):
        return siglip(backbone) + tokenizer
    _, width, layers, patch = plain_dimensions(backbone)
    qkv = backbone.flag("qkv_bias", default=False)
    mlp = backbone.flag("use_bias", "mlp_bias", default=False)
    block = 4 * linear(hidden, hidden, qkv) + 2 * linear(hidden, width, mlp)
    block += linear(width, hidden, mlp) + 2 * hidden
    positions = patch_count(backbone, patch) * hidden
    channels = backbone.integer("num_channels", default=3)
    embeddings = linear(channels * patch**2, hidden) + hidden + positions
    return embeddings + layers * block + tokenizer


def ovis2_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP 2 for any size of image, in front of a visual vocabulary."""
    hidden, width, layers, patch = plain_dimensions(keys)
    stride = keys.integer("hidden_stride", default=2, maximum=64)
    keys.ignore("fullatt_block_indexes", "window_size", "num_patches", "use_rope")
    keys.ignore("temporal_patch_size")
    outer.ignore("multimodal_max_length", "min_pixels", "max_pixels")
    words = outer.integer("visual_vocab_size", default=65_536)
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    if keys.flag("preserve_original_pe", default=True):
        rows = keys.integer("num_patches", default=-1, minimum=-1)
        embeddings += (rows if rows > 0 else patch_count(keys, patch)) * hidden
    tokenizer = _visual_words(hidden, stride, words, _OVIS2_5_MARKS, text_hidden)
    return embeddings + layers * transformer_layer(hidden, width) + 2 * hidden + tokenizer


def keye(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers with a second table of positions; merged patches are projected twice, after
    a norm of each patch, or, from 1.5 on, of all that are merged."""
    hidden = keys.integer("hidden_size")
    merged = hidden * keys.integer("spatial_merge_size", default=2, maximum=64) ** 2
    keys.ignore("temporal_patch_size", "tokens_per_second", "vision_use_head")
    normed = merged if outer.model_type == "keye_vl_1_5" else hidden
    projector = 2 * normed + linear(merged, merged) + linear(merged, text_hidden)
    return idefics_layers(keys) + _KEYE_ROWS * hidden + projector


def bee(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP, a norm and two projections with four times the text model's width between them."""
    return _normed_projector(keys, outer, text_hidden, 4 * text_hidden)


def r_vl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP, a norm and two projections."""
    return _normed_projector(keys, outer, text_hidden, text_hidden)


def _normed_projector(keys: Keys, outer: Keys, text_hidden: int, middle: int) -> int:
    outer.ignore("image_grid_pinpoints", "vision_aspect_ratio", "projector_hidden_act")
    hidden = keys.integer("hidden_size")
    projector = 2 * hidden + linear(hidden, middle) + linear(middle, text_hidden)
    return siglip(keys) + projector + text_hidden


def step3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """CLIP's layers without norms around them, two downsampling convolutions, one projection."""
    hidden, width, layers, patch = plain_dimensions(keys)
    output = keys.integer("output_hidden_size")
    channels = keys.integer("num_channels", default=3)
    embeddings = linear(channels * patch**2, hidden) + (patch_count(keys, patch) + 2) * hidden
    down = linear(4 * hidden, output) + linear(9 * output, 2 * output)
    bias = outer.flag("projector_bias", default=False)
    projector = linear(2 * output, text_hidden, bias)
    return embeddings + layers * transformer_layer(hidden, width) + down + projector
