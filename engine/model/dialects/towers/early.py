"""Towers of the first Qwen-VL and of DeepSeek-VL2, whose configs describe them in short."""

from __future__ import annotations

from engine.model.dialects.towers.ocr import deepseek_ocr, deepseek_ocr2
from engine.model.dialects.towers.parts import linear, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say

QUERIES = 256
"""Tokens of an image, and positions of the patches before they are stretched (Qwen-VL's visual.py:
``n_queries`` and ``positional_embedding``)."""
SIGLIP_SO400M = (384, 14)
"""Image and patch size of the tower that DeepSeek-VL2 names (timm,
vit_so400m_patch14_siglip_384)."""


def qwen_visual(keys: Keys) -> int:
    """ViT-bigG of Qwen-VL with its resampler (https://huggingface.co/Qwen/Qwen-VL, visual.py):
    patches without bias, a norm in front, layers with biases; learnt queries that attend to them
    with fixed positions held as weights, three norms and a square projection."""
    width, output = keys.integer("width"), keys.integer("output_dim")
    middle = int(width * keys.number("mlp_ratio"))
    keys.ignore("heads", "image_size", "image_start_id", "n_queries")
    patches = 3 * keys.integer("patch_size", maximum=10_000) ** 2 * width
    layers = keys.integer("layers", maximum=10_000) * transformer_layer(width, middle)
    resampler = 2 * QUERIES * output + width * output + 4 * linear(output, output) + 4 * output
    return patches + QUERIES * width + 2 * width + layers + resampler + 2 * output + output**2


def deepseek_vl2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP of timm's form with its pooling head, which the checkpoint holds, a projector that
    joins patches, and two separators (https://github.com/deepseek-ai/DeepSeek-VL2,
    modeling_deepseek_vl_v2.py and siglip_vit.py)."""
    if isinstance(keys.values.get("width"), dict):
        return _ocr(keys, outer, text_hidden)
    hidden = keys.integer("width", default=1152)
    width = int(hidden * keys.number("mlp_ratio", default=3.7362))
    side, own_patch = SIGLIP_SO400M
    patch = keys.integer("patch_size", default=own_patch, maximum=10_000)
    patches = (keys.integer("image_size", default=side, maximum=100_000) // patch) ** 2
    keys.ignore("model_name", "heads", "class_token", "global_pool", "ignore_head", "num_classes")
    layers = keys.integer("layers", default=27, maximum=10_000)
    embeddings = linear(3 * patch**2, hidden) + patches * hidden
    pool = hidden + transformer_layer(hidden, width) - 2 * hidden
    tower = embeddings + layers * transformer_layer(hidden, width) + 2 * hidden + pool
    joined = outer.scope("projector_config", model_type="mlp_projector") or keys
    inputs = joined.integer("input_dim", default=hidden)
    ratio = joined.integer("downsample_ratio", default=2, maximum=64)
    depth = joined.integer("depth", default=2, minimum=1, maximum=100)
    middle = joined.integer("mlp_ratio", default=1, maximum=64) * text_hidden
    joined.ignore("n_embed", "projector_type", "token_pooling")
    projector = linear(inputs * ratio**2, middle) + (depth - 2) * linear(middle, middle)
    return tower + projector + linear(middle, text_hidden) + 2 * text_hidden


def _ocr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """DeepSeek-OCR, published as DeepSeek-VL2 with two towers under ``width``; its second version
    has others there."""
    towers = keys.values["width"]
    keys.ignore(*keys.values)
    outer.ignore("projector_config")
    if any(str(name).startswith("qwen2-0-5b") for name in towers):
        published = Keys({}, keys.source, "deepseek_ocr2_vision", {})
        return deepseek_ocr2(published, outer, text_hidden)
    if not any(str(name).startswith("clip-l") for name in towers):
        keys.leave_out(say("its towers are"))
        return 0
    return deepseek_ocr(keys.source, text_hidden)
