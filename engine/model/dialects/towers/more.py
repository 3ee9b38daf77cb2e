"""Towers of further model lines: Aria, LLaVA's relatives, LFM2-VL, Idefics 2, Janus, DeepSeek-VL,
EXAONE 4.5, ERNIE VL, Ovis 2, GLM-OCR, Nemotron Omni."""

from __future__ import annotations

from engine.model.dialects.qwen_vision import qwen_vision_tower
from engine.model.dialects.towers.audio import gemma3n_embedder
from engine.model.dialects.towers.parts import (
    clip,
    linear,
    llava,
    patch_count,
    plain_dimensions,
    siglip,
    transformer_layer,
)
from engine.model.keys import MAXIMUM_SIZE, Keys
from engine.words.messages import say
from engine.words.text import clean


def idefics_layers(keys: Keys) -> int:
    """SigLIP's layers behind a patch embedding, without a pooling head."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("vision_use_head", "size")
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    embeddings += patch_count(keys, patch) * hidden
    return embeddings + layers * transformer_layer(hidden, width) + 2 * hidden


def aria(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A cross-attention projector with one trained query per output token."""
    hidden = keys.integer("hidden_size")
    sizes = outer.scope("projector_patch_to_query_dict", model_type="none")
    counts = list(sizes.values.values()) if sizes is not None else [128, 256]
    if sizes is not None:
        sizes.ignore(*sizes.values)
    if not counts or not all(isinstance(count, int) and 0 < count < 10**6 for count in counts):
        raise outer.problem("projector_patch_to_query_dict", counts, say("counts of queries"))
    outer.ignore("vision_feature_layer", "max_value_projector_patch_to_query_dict")
    attention = 3 * hidden**2 + linear(hidden, 3 * hidden) + 2 * linear(hidden, hidden)
    projector = max(counts) * hidden + attention + 6 * hidden
    return idefics_layers(keys) + projector + hidden * text_hidden + text_hidden**2


def aya(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP, a norm over merged patches and a gated projector."""
    outer.ignore("vision_feature_layer", "vision_feature_select_strategy")
    merged = keys.integer("hidden_size") * outer.integer("downsample_factor", default=2) ** 2
    middle = outer.integer("alignment_intermediate_size", default=text_hidden)
    return siglip(keys) + 2 * merged + linear(merged, middle) + linear(middle // 2, text_hidden)


def vipllava(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """CLIP; several layers' outputs side by side, a norm and two projections."""
    chosen = outer.items("vision_feature_layers", "vision_feature_layer") or [0] * 5
    wide = keys.integer("hidden_size") * len(chosen)
    projector = 2 * wide + linear(wide, text_hidden) + linear(text_hidden, text_hidden)
    return clip(keys) + projector


def video_llava(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Two CLIP towers (images, videos) and one projector."""
    outer.ignore("vision_feature_layer", "vision_feature_select_strategy", "video_seq_length")
    return clip(keys) + llava(keys, outer, text_hidden)


def lfm2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP 2 with merged patches, an optional norm and two projections."""
    outer.ignore(
        "encoder_patch_size", "max_image_tokens", "max_num_patches", "max_pixels_tolerance"
    )
    outer.ignore("max_thumbnail_size", "max_tiles", "min_image_tokens", "min_tiles", "tile_size")
    outer.ignore("use_image_special_tokens", "use_thumbnail", "vision_feature_layer")
    merged = keys.integer("hidden_size") * outer.integer("downsample_factor", default=2) ** 2
    middle = outer.integer("projector_hidden_size", default=2560)
    bias = outer.flag("projector_bias", default=True)
    norm = 2 * merged if outer.flag("projector_use_layernorm", default=True) else 0
    projector = norm + linear(merged, middle, bias) + linear(middle, text_hidden, bias)
    return siglip(keys) + projector


def idefics2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A gated projection into the text model, then a perceiver with its own latents."""
    perceiver = outer.scope("perceiver_config", model_type="idefics2_perceiver")
    hidden = keys.integer("hidden_size")
    text = outer.values.get("text_config")
    width = text.get("intermediate_size", 14336) if isinstance(text, dict) else 14336
    if not isinstance(width, int) or not 0 < width < MAXIMUM_SIZE:
        raise outer.problem("text_config.intermediate_size", width, say("a whole number"))
    own = idefics_layers(keys) + 2 * hidden * width + width * text_hidden
    if perceiver is None:
        return own
    depth = perceiver.integer("resampler_depth", default=3, maximum=1000)
    heads = perceiver.integer("resampler_n_heads", default=16)
    head = perceiver.integer("resampler_head_dim", default=96)
    groups = perceiver.integer("num_key_value_heads", default=4)
    latents = perceiver.integer("resampler_n_latents", default=64)
    perceiver.ignore("hidden_size", "qk_layer_norms_perceiver")
    attention = 2 * text_hidden * heads * head + 2 * text_hidden * groups * head
    layer = attention + 12 * text_hidden**2 + 3 * text_hidden
    return own + latents * text_hidden + depth * layer + text_hidden


def deepseek_vl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP with its head and two projections."""
    hidden = keys.integer("hidden_size")
    return siglip(keys) + linear(hidden, text_hidden) + linear(text_hidden, text_hidden)


def qwen3_omni_vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen3-VL's tower, see `qwen_vision`."""
    keys.ignore("image_size", "apply_vit_abs_pos_embed", "tokens_per_second", "spatial_patch_size")
    return qwen_vision_tower(keys)


def exaone4_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen2.5-VL's tower with grouped keys and values."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    heads = keys.integer("num_heads", maximum=100_000)
    groups = keys.integer("num_key_value_heads", default=heads)
    keys.ignore("spatial_patch_size", "fullatt_block_indexes", "window_size", "tokens_per_second")
    patch = keys.integer("patch_size") ** 2 * keys.integer("temporal_patch_size")
    merged = hidden * keys.integer("spatial_merge_size") ** 2
    attention = linear(hidden, hidden + 2 * groups * (hidden // heads)) + linear(hidden, hidden)
    feed_forward = 2 * linear(hidden, width) + linear(width, hidden)
    block = attention + feed_forward + 2 * hidden
    output = keys.integer("out_hidden_size")
    merger = hidden + linear(merged, merged) + linear(merged, output)
    patches = keys.integer("in_channels", "in_chans") * patch * hidden
    return patches + keys.integer("depth") * block + merger


def ernie4_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """LayerNorm blocks; patches are merged in space, then in time, and projected."""
    hidden = keys.integer("hidden_size", "embed_dim")
    ratio = keys.optional_integer("mlp_ratio", minimum=1)
    given = keys.optional_integer("intermediate_size", minimum=1)
    width = given or (ratio or 4) * hidden
    keys.ignore("num_heads", "attn_sep", "attn_implementation", "in_channels", "spatial_patch_size")
    keys.ignore("tensor_parallel_degree", "use_recompute")
    patch = keys.integer("patch_size")
    space = keys.integer("spatial_merge_size", default=2, maximum=64) ** 2
    time = keys.integer("temporal_merge_size", default=2, maximum=64)
    channels = keys.integer("in_channels", "in_chans", default=3)
    wide = hidden * space

    def step(inputs: int) -> int:
        return linear(inputs, wide) + linear(wide, wide) + 2 * wide

    own = channels * patch**2 * hidden + 2 * hidden
    own += keys.integer("depth") * transformer_layer(hidden, width)
    return own + step(wide) + step(time * wide) + linear(wide, text_hidden) + text_hidden


def ovis2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """AIMv2's layers, a head that chooses words of a visual vocabulary, and their table."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("hidden_stride", "tokenize_function")
    words = keys.integer("vocab_size", default=16384)
    marks = keys.integer("num_visual_indicator_tokens", default=5)
    outer.ignore("visual_indicator_token_ids")
    qkv = keys.flag("qkv_bias", default=False)
    mlp = keys.flag("mlp_bias", default=False)
    stride = keys.integer("hidden_stride", default=1, maximum=64)
    block = 4 * linear(hidden, hidden, qkv) + 2 * linear(hidden, width, mlp)
    block += linear(width, hidden, mlp) + 2 * hidden
    embeddings = linear(3 * patch**2, hidden) + patch_count(keys, patch) * hidden + hidden
    head = hidden * stride**2 * (words - marks) + 2 * (words - marks)
    table = words * outer.integer("hidden_size", default=text_hidden)
    return embeddings + layers * block + hidden + head + table


def glm_ocr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """GLM-4V's plan with biases, normed heads and no positions."""
    hidden = keys.integer("hidden_size")
    output = keys.integer("out_hidden_size")
    width = keys.integer("intermediate_size")
    merge = keys.integer("spatial_merge_size")
    heads = keys.integer("num_heads", maximum=100_000)
    keys.ignore("image_size")
    channels = keys.integer("in_channels", default=3) * keys.integer("temporal_patch_size")
    bias = keys.flag("attention_bias", default=True)
    block = linear(hidden, 3 * hidden, bias) + linear(hidden, hidden, bias)
    block += 2 * linear(hidden, width, bias) + linear(width, hidden, bias)
    block += 2 * hidden + 2 * (hidden // heads)
    middle = keys.integer(
        "projection_intermediate_size", default=output * keys.integer("in_channels", default=3)
    )
    keys.ignore("swiglu_limit")
    merger = output**2 + 2 * output + 3 * output * middle
    own = linear(channels * keys.integer("patch_size") ** 2, hidden) + hidden
    return own + keys.integer("depth") * block + linear(hidden * merge**2, output) + merger


def video_llama3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers without positions, and two projections."""
    hidden, width, layers, patch = plain_dimensions(keys)
    own = linear(keys.integer("num_channels", default=3) * patch**2, hidden) + 2 * hidden
    projector = linear(hidden, text_hidden) + linear(text_hidden, text_hidden)
    return own + layers * transformer_layer(hidden, width) + projector


def paddleocr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers; merged patches are normed and projected twice."""
    hidden = keys.integer("hidden_size")
    merged = hidden * keys.integer("spatial_merge_size", default=2, maximum=64) ** 2
    keys.ignore("temporal_patch_size", "tokens_per_second")
    projector = 2 * hidden + linear(merged, merged) + linear(merged, text_hidden)
    return idefics_layers(keys) + projector


def molmo2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A SigLIP of some layers, attention that pools patches, and a gated projector."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    patch = keys.integer("patch_size", maximum=10_000)
    keys.ignore("image_size", "image_default_input_size")
    channels = keys.integer("num_channels", default=3)
    own = linear(channels * patch**2, hidden)
    own += keys.integer("num_position_embeddings", "image_num_pos", default=729) * hidden
    adapter = outer.scope("adapter_config", model_type="molmo2_adapter")
    if adapter is None:
        raise outer.problem("adapter_config", None, say("a mapping"))
    adapter.ignore("vit_layers", "mlp_bias", "float32_attention", "pooling_attention_mask")
    chosen = len(adapter.items("vision_feature_layer", "vit_layers") or (0, 0))
    middle = adapter.integer("intermediate_size")
    output = adapter.integer("text_hidden_size", default=text_hidden)
    pooling = _attention_of_heads(adapter, chosen * hidden, hidden)
    projector = 2 * hidden * middle + middle * output
    feed_forward = linear(hidden, width) + linear(width, hidden) + 4 * hidden
    block = _attention_of_heads(keys, hidden, hidden) + feed_forward
    return own + layers * block + pooling + projector


def _attention_of_heads(keys: Keys, inputs: int, hidden: int) -> int:
    """Projections of ``inputs`` to heads that need not fill the hidden size, and back to it."""
    heads = keys.integer("num_attention_heads", maximum=100_000)
    kv_heads = keys.integer("num_key_value_heads", default=heads, maximum=100_000)
    width = keys.integer("head_dim", default=hidden // heads, maximum=100_000)
    bias = keys.flag("attention_bias", default=True)
    projections = linear(inputs, heads * width, bias) + 2 * linear(inputs, kv_heads * width, bias)
    return projections + linear(heads * width, hidden, bias)


MOBILENET_V5 = 294_126_912
"""Elements of MobileNetV5-300M: what Gemma 3n E2B and E4B hold beyond their text and audio parts
(5,439,438,272 and 7,849,978,192 in all, https://huggingface.co/google/gemma-3n-E2B-it)."""


def gemma3n_vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """MobileNetV5-300M, named by its architecture, and an embedder."""
    name = keys.text("architecture", default="mobilenetv5_300m_enc")
    keys.ignore("do_pooling", "num_classes", "model_args", "label_names", "vocab_offset")
    hidden, words = keys.integer("hidden_size"), keys.integer("vocab_size")
    embedder = gemma3n_embedder(hidden, words, text_hidden)
    if name != "mobilenetv5_300m_enc":
        keys.leave_out(say("the tower {name} is", name=clean(name, 60)))
        return embedder
    return MOBILENET_V5 + embedder
