"""Vision and audio towers: their parameters, counted from the nested config.

Towers run once per image or clip, not per token, so they are counted and stored, not timed.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.keys import Keys

Tower = Callable[[Keys, int], int]
"""Elements of a tower with its projector, from its keys and the text model's hidden size."""


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


def _plain(keys: Keys) -> tuple[int, int, int, int]:
    keys.ignore("num_attention_heads", "projection_dim", "vocab_size", "vision_use_head")
    return (
        keys.integer("hidden_size"),
        keys.integer("intermediate_size"),
        keys.integer("num_hidden_layers", maximum=10_000),
        keys.integer("patch_size", maximum=10_000),
    )


def clip(keys: Keys, text_hidden: int) -> int:
    """CLIP's vision model: class token, norms before and after the layers."""
    hidden, width, layers, patch = _plain(keys)
    channels = keys.integer("num_channels", default=3)
    positions = (patch_count(keys, patch) + 1) * hidden
    patches = channels * patch**2 * hidden
    return hidden + positions + patches + 4 * hidden + layers * transformer_layer(hidden, width)


def siglip(keys: Keys, text_hidden: int) -> int:
    """SigLIP's vision model without its pooling head."""
    hidden, width, layers, patch = _plain(keys)
    channels = keys.integer("num_channels", default=3)
    embeddings = linear(channels * patch**2, hidden) + patch_count(keys, patch) * hidden
    return embeddings + layers * transformer_layer(hidden, width) + 2 * hidden


def two_layer_projector(tower_hidden: int, text_hidden: int) -> int:
    """LLaVA-1.5's projector."""
    return linear(tower_hidden, text_hidden) + linear(text_hidden, text_hidden)


def gemma3(keys: Keys, text_hidden: int) -> int:
    """SigLIP, a norm and one projection."""
    hidden = keys.integer("hidden_size")
    return siglip(keys, text_hidden) + hidden + hidden * text_hidden


def llama4(keys: Keys, text_hidden: int) -> int:
    """Unfolded patches, pixel shuffle into two matrices, one projection."""
    hidden, width, layers, patch = _plain(keys)
    keys.ignore("vision_feature_layer", "pixel_shuffle_ratio", "multi_modal_projector_bias")
    keys.ignore("vision_feature_select_strategy")
    output = keys.integer("projector_output_dim")
    patches = keys.integer("num_channels") * patch**2 * hidden
    positions = (patch_count(keys, patch) + 1) * hidden
    adapter = width * keys.integer("projector_input_dim") + output**2
    projector = keys.integer("vision_output_dim") * text_hidden
    own = hidden + positions + patches + 4 * hidden
    return own + layers * transformer_layer(hidden, width) + adapter + projector


def mllama(keys: Keys, text_hidden: int) -> int:
    """Tiles with gated position tables, local and gated global layers."""
    hidden, width, layers, patch = _plain(keys)
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


def gemma4_vision(keys: Keys, text_hidden: int) -> int:
    """Gemma 4's vision model with gated feed-forward and four norms per layer."""
    hidden, width, layers, patch = _plain(keys)
    keys.ignore("pooling_kernel_size", "global_head_dim", "default_output_length", "standardize")
    keys.ignore("image_seq_length", "video_seq_length", "attention_bias", "use_clipped_linears")
    heads = keys.integer("num_attention_heads")
    kv_heads = keys.integer("num_key_value_heads")
    head = keys.integer("head_dim")
    attention = 2 * hidden * heads * head + 2 * hidden * kv_heads * head + 2 * head
    block = attention + 3 * hidden * width + 4 * hidden
    positions = 2 * keys.integer("position_embedding_size") * hidden
    return 3 * patch**2 * hidden + positions + layers * block + hidden * text_hidden


def moonvit(keys: Keys, text_hidden: int) -> int:
    """Kimi's MoonViT: fused attention with biases, a patch merger of two matrices."""
    hidden = keys.integer("vt_hidden_size", "hidden_size")
    width = keys.integer("vt_intermediate_size", "intermediate_size")
    layers = keys.integer("vt_num_hidden_layers", "num_hidden_layers", maximum=10_000)
    patch = keys.integer("patch_size", maximum=10_000)
    kernel = keys.integers("merge_kernel_size") or [2, 2]
    keys.ignore("vt_num_attention_heads", "num_attention_heads", "pos_emb_type", "merge_type")
    keys.ignore("video_attn_type", "init_pos_emb_time", "mm_projector_type", "mm_hidden_size")
    keys.ignore("projector_hidden_act", "text_hidden_size")
    positions = keys.integer("init_pos_emb_height") * keys.integer("init_pos_emb_width") * hidden
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


def qwen2_audio(keys: Keys, text_hidden: int) -> int:
    """Whisper's encoder with learned positions and one projection."""
    hidden = keys.integer("d_model")
    positions = keys.integer("max_source_positions") * hidden
    return whisper_encoder(keys) + positions + linear(hidden, text_hidden)
