"""Vision and audio towers: their parameters, counted from the nested config.

Towers run once per image or clip, not per token, so they are counted and stored, not timed.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.model.keys import Keys
from engine.words.messages import say

Tower = Callable[[Keys, Keys, int], int]
"""Elements of a tower with its projector, from its own keys, those of the whole model and the
text model's hidden size."""


def linear(inputs: int, outputs: int, bias: bool = True) -> int:
    """Elements of a projection."""
    return inputs * outputs + (outputs if bias else 0)


def transformer_layer(hidden: int, width: int, *, gated: bool = False, bias: bool = True) -> int:
    """Attention of four projections, two LayerNorms and a feed-forward part."""
    attention = 4 * linear(hidden, hidden, bias)
    feed_forward = linear(hidden, width, bias) * (2 if gated else 1) + linear(width, hidden, bias)
    return attention + feed_forward + 4 * hidden


def patch_count(keys: Keys, patch: int) -> int:
    """Patches of the square image size."""
    image = keys.integer("image_size", maximum=100_000)
    return (image // patch) ** 2


def plain_dimensions(keys: Keys) -> tuple[int, int, int, int]:
    """Width, feed-forward width, layers and patch size under their usual names."""
    keys.ignore("num_attention_heads", "projection_dim", "vocab_size")
    return (
        keys.integer("hidden_size"),
        keys.integer("intermediate_size"),
        keys.integer("num_hidden_layers", maximum=10_000),
        keys.integer("patch_size", maximum=10_000),
    )


def clip(keys: Keys) -> int:
    """CLIP's vision model: class token, norms before and after the layers."""
    hidden, width, layers, patch = plain_dimensions(keys)
    channels = keys.integer("num_channels", default=3)
    positions = (patch_count(keys, patch) + 1) * hidden
    patches = channels * patch**2 * hidden
    return hidden + positions + patches + 4 * hidden + layers * transformer_layer(hidden, width)


def siglip(keys: Keys) -> int:
    """SigLIP's vision model, with its pooling head unless ``vision_use_head`` is false."""
    hidden, width, layers, patch = plain_dimensions(keys)
    channels = keys.integer("num_channels", default=3)
    patches = keys.optional_integer("num_patches", minimum=1) or patch_count(keys, patch)
    embeddings = linear(channels * patch**2, hidden) + patches * hidden
    head = 0
    if keys.flag("vision_use_head", default=True):
        head = hidden + transformer_layer(hidden, width) - 2 * hidden
    return embeddings + layers * transformer_layer(hidden, width) + 2 * hidden + head


def two_layer_projector(tower_hidden: int, text_hidden: int) -> int:
    """LLaVA-1.5's projector."""
    return linear(tower_hidden, text_hidden) + linear(text_hidden, text_hidden)


def gemma3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP, a norm and one projection."""
    hidden = keys.integer("hidden_size")
    return siglip(keys) + hidden + hidden * text_hidden


def llama4(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Unfolded patches, pixel shuffle into two matrices, one projection."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("vision_feature_layer", "pixel_shuffle_ratio", "multi_modal_projector_bias")
    keys.ignore("vision_feature_select_strategy")
    output = keys.integer("projector_output_dim")
    patches = keys.integer("num_channels") * patch**2 * hidden
    positions = (patch_count(keys, patch) + 1) * hidden
    adapter = width * keys.integer("projector_input_dim") + output**2
    projector = keys.integer("vision_output_dim") * text_hidden
    own = hidden + positions + patches + 4 * hidden
    return own + layers * transformer_layer(hidden, width) + adapter + projector


def mllama(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Tiles with gated position tables, local and gated global layers."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("attention_heads", "intermediate_layers_indices")
    tiles = keys.integer("max_num_tiles", maximum=1000)
    shapes = keys.items("supported_aspect_ratios")
    ratios = (len(shapes) if shapes is not None else 8) + 1
    count = patch_count(keys, patch) + 1
    patches = keys.integer("num_channels") * patch**2 * hidden
    positions = 1 + count * hidden + ratios * tiles * count * hidden
    tile_embeddings = 2 * (ratios * tiles * hidden + 1)
    block = 4 * hidden**2 + linear(hidden, width) + linear(width, hidden) + 4 * hidden
    total_layers = layers + keys.integer("num_global_layers")
    gates = 2 * keys.integer("num_global_layers")
    projector = linear(keys.integer("vision_output_dim"), text_hidden)
    own = hidden + patches + positions + tile_embeddings + 4 * hidden
    return own + total_layers * block + gates + projector


def gemma4_vision(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Gemma 4's vision model with gated feed-forward and four norms per layer."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("pooling_kernel_size", "global_head_dim", "default_output_length", "standardize")
    keys.ignore("image_seq_length", "video_seq_length", "attention_bias", "use_clipped_linears")
    heads = keys.integer("num_attention_heads")
    kv_heads = keys.integer("num_key_value_heads")
    head = keys.integer("head_dim")
    attention = 2 * hidden * heads * head + 2 * hidden * kv_heads * head + 2 * head
    block = attention + 3 * hidden * width + 4 * hidden
    positions = 2 * keys.integer("position_embedding_size") * hidden
    return 3 * patch**2 * hidden + positions + layers * block + hidden * text_hidden


def moonvit(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Kimi's MoonViT: fused attention with biases, a patch merger of two matrices."""
    hidden = keys.integer("vt_hidden_size", "hidden_size")
    width = keys.integer("vt_intermediate_size", "intermediate_size")
    layers = keys.integer("vt_num_hidden_layers", "num_hidden_layers", maximum=10_000)
    patch = keys.integer("patch_size", maximum=10_000)
    kernel = keys.integers("merge_kernel_size") or [2, 2]
    keys.ignore("vt_num_attention_heads", "num_attention_heads", "pos_emb_type", "merge_type")
    keys.ignore(
        "video_attn_type",
        "init_pos_emb_time",
        "pos_emb_time",
        "mm_projector_type",
        "mm_hidden_size",
    )
    keys.ignore("projector_hidden_act", "text_hidden_size")
    positions = (
        keys.integer("init_pos_emb_height", "pos_emb_height")
        * keys.integer("init_pos_emb_width", "pos_emb_width")
        * hidden
    )
    merged = hidden * kernel[0] * kernel[-1]
    projector = 2 * hidden + linear(merged, merged) + linear(merged, text_hidden)
    own = linear(3 * patch**2, hidden) + positions + 2 * hidden
    return own + layers * transformer_layer(hidden, width) + projector


def whisper_encoder(keys: Keys) -> int:
    """Whisper's encoder: two convolutions, key projections without bias."""
    hidden = keys.integer("d_model")
    width = keys.integer("encoder_ffn_dim")
    layers = keys.integer("encoder_layers", "num_hidden_layers", maximum=10_000)
    keys.ignore("encoder_attention_heads", "max_source_positions", "num_hidden_layers")
    bins = keys.integer("num_mel_bins")
    stem = linear(3 * bins, hidden) + linear(3 * hidden, hidden)
    return stem + layers * (transformer_layer(hidden, width) - hidden) + 2 * hidden


def qwen2_audio(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions and one projection."""
    hidden = keys.integer("d_model")
    positions = keys.integer("max_source_positions") * hidden
    return whisper_encoder(keys) + positions + linear(hidden, text_hidden)


def pixtral(keys: Keys) -> int:
    """Pixtral's vision model: gated layers without biases, RMS norms."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("head_dim", "image_size")
    patches = keys.integer("num_channels", default=3) * patch**2 * hidden
    block = 4 * hidden**2 + 3 * hidden * width + 2 * hidden
    return patches + hidden + layers * block


def mistral3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Pixtral with a patch merger and two projections."""
    hidden = keys.integer("hidden_size")
    merge = outer.integer("spatial_merge_size", default=2)
    bias = outer.flag("multimodal_projector_bias", default=False)
    projector = linear(hidden, text_hidden, bias) + linear(text_hidden, text_hidden, bias)
    return pixtral(keys) + hidden + merge**2 * hidden**2 + projector


def llava(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """CLIP, SigLIP or Pixtral with LLaVA-1.5's projector."""
    kinds = {"clip_vision_model": clip, "siglip_vision_model": siglip, "pixtral": pixtral}
    count = kinds.get(keys.model_type)
    if count is None:
        raise keys.problem(
            "model_type", keys.model_type, say("one of {names}", names=", ".join(kinds))
        )
    outer.ignore("vision_feature_layer", "vision_feature_select_strategy")
    hidden = keys.integer("hidden_size")
    bias = outer.flag("multimodal_projector_bias", default=True)
    projector = linear(hidden, text_hidden, bias) + linear(text_hidden, text_hidden, bias)
    return count(keys) + projector


KNOWN_CLIP = {
    "openai/clip-vit-large-patch14-336": (1024, 4096, 24, 14, 336),
    "openai/clip-vit-large-patch14": (1024, 4096, 24, 14, 224),
}
"""Towers that configs name without their dimensions (the towers' own config.json)."""


def named_clip(name: str) -> int:
    """Elements of a CLIP tower known by name; 0 when it is not known."""
    if name not in KNOWN_CLIP:
        return 0
    hidden, width, layers, patch, image = KNOWN_CLIP[name]
    positions = ((image // patch) ** 2 + 1) * hidden
    patches = 3 * patch**2 * hidden
    return hidden + positions + patches + 4 * hidden + layers * transformer_layer(hidden, width)


_UNUSED_EXPERTS = (
    "capacity_factor",
    "eval_capacity_factor",
    "laux_allreduce",
    "moe_coeff_ratio",
    "moe_intermediate_size",
    "moe_output_scale",
    "noisy_gate_policy",
    "num_experts",
    "num_routed_experts",
    "num_shared_experts",
    "shared_expert_intermediate_size",
    "use_residual",
    "use_rts",
    "use_weighted_residual",
)
"""Keys of InternViT's experts, which configs carry although ``use_moe`` is off."""


def intern(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """InternViT (remote code) with pixel shuffle, a norm and two projections."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("norm_type", "qk_normalization")
    if not keys.flag("use_moe", default=False):
        keys.ignore(*_UNUSED_EXPERTS)
    bias = keys.flag("qkv_bias", default=False)
    positions = (patch_count(keys, patch) + 1) * hidden
    patches = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    block = transformer_layer(hidden, width) - (0 if bias else 3 * hidden) + 2 * hidden
    if keys.flag("qk_normalization", default=False):
        block += 2 * hidden
    if keys.text("norm_type", default="layer_norm") == "rms_norm":
        block -= 2 * hidden
    own = hidden + positions + patches + layers * block
    ratio = round(1 / outer.number("downsample_ratio", default=0.5))
    merged = hidden * ratio**2
    projector = 2 * merged + linear(merged, text_hidden) + linear(text_hidden, text_hidden)
    return own + projector


def vila(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP with a 2×2 downsampling projector."""
    merged = 4 * keys.integer("hidden_size")
    projector = 2 * merged + linear(merged, text_hidden) + linear(text_hidden, text_hidden)
    return siglip(keys) + projector


def llava_next(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """LLaVA-1.5's towers with a trained separator of image rows."""
    outer.ignore("image_grid_pinpoints", "vision_aspect_ratio", "use_image_newline_parameter")
    return llava(keys, outer, text_hidden) + text_hidden


def paligemma(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP and one projection with bias."""
    outer.ignore("projection_dim")
    return siglip(keys) + linear(keys.integer("hidden_size"), text_hidden)


def idefics3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers without a head; pixel shuffle and one projection without bias."""
    hidden, width, layers, patch = plain_dimensions(keys)
    factor = outer.integer("scale_factor", default=2)
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    embeddings += patch_count(keys, patch) * hidden
    own = embeddings + layers * transformer_layer(hidden, width) + 2 * hidden
    return own + hidden * factor**2 * text_hidden


def cohere2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP, pixel shuffle and a gated projector."""
    merged = keys.integer("hidden_size") * outer.integer("downsample_factor", default=2) ** 2
    middle = outer.integer("alignment_intermediate_size", default=36864)
    return siglip(keys) + linear(merged, middle) + linear(middle // 2, text_hidden)


def minimax_m3(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Temporal patches without bias, one norm in front, a projector and a merger."""
    hidden, width, layers, patch = plain_dimensions(keys)
    joined = keys.scope("img_token_compression_config", model_type="none") or keys
    joined.ignore("image_token_compression_method")
    merge = joined.integer("spatial_merge_size", default=2)
    keys.ignore("image_size", "position_embedding_type", "rope_mode", "vision_segment_max_frames")
    patches = 3 * joined.integer("temporal_patch_size", default=2) * patch**2 * hidden
    middle = outer.integer("projector_hidden_size")
    merged = outer.integer("merged_hidden_size", default=text_hidden * merge**2)
    projector = linear(hidden, middle) + linear(middle, text_hidden)
    merger = linear(merged, middle) + linear(middle, text_hidden)
    own = patches + 2 * hidden + layers * transformer_layer(hidden, width)
    return own + projector + merger


def internvl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """InternViT as the library has it: sizes as pairs, scaled residuals, optional norms."""
    hidden = keys.integer("hidden_size")
    width = keys.integer("intermediate_size")
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    keys.ignore("num_attention_heads", "use_absolute_position_embeddings", "use_mask_token")
    keys.ignore("norm_type")
    patch = (keys.integers("patch_size", minimum=1) or [14, 14])[0]
    image = (keys.integers("image_size", minimum=1) or [448, 448])[0]
    bias = keys.flag("attention_bias", default=False)
    block = transformer_layer(hidden, width) + 2 * hidden - (0 if bias else 3 * hidden)
    if keys.flag("use_qk_norm", default=False):
        block += 2 * hidden
    embeddings = hidden + ((image // patch) ** 2 + 1) * hidden + linear(3 * patch**2, hidden)
    last = 0 if keys.flag("use_mean_pooling", default=True) else 2 * hidden
    outer.ignore("vision_feature_layer", "vision_feature_select_strategy")
    merged = hidden * round(1 / outer.number("downsample_ratio", default=0.5)) ** 2
    projector = 2 * merged + linear(merged, text_hidden) + linear(text_hidden, text_hidden)
    return embeddings + layers * block + last + projector
