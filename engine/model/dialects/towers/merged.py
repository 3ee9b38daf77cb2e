"""Towers whose patches are merged in front of a projector: NVLM-D, Eagle 2.5, LLaVA-OneVision 2,
Isaac, Phi-4 with SigLIP 2 and Granite 4 Vision (vLLM 0.33, model_executor/models, files of the
same names)."""

from __future__ import annotations

from engine.model.dialects.towers.parts import (
    clip,
    linear,
    patch_count,
    plain_dimensions,
    siglip,
    transformer_layer,
    two_layer_projector,
)
from engine.model.dialects.towers.query import querying_transformer
from engine.model.keys import MAXIMUM_SIZE, Keys
from engine.words.messages import say

_DUMMY_HEADS = 7
"""Heads beside those of InternViT-6B in NVLM-D's checkpoint, so that ranks divide them
(nvlm_d.py)."""


def _plain_layers(keys: Keys, *, dropped: int = 0, normed: bool = True) -> int:
    """SigLIP's layers but for the last ``dropped``, behind patches with learned positions; the
    last norm where it is there."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("vision_use_head", "image_size")
    rows = keys.optional_integer("num_patches", minimum=1) or patch_count(keys, patch)
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden) + rows * hidden
    own = embeddings + (layers - dropped) * transformer_layer(hidden, width)
    return own + (2 * hidden if normed else 0)


def _ratio(outer: Keys) -> int:
    """Patches of a side that are merged."""
    return round(1 / outer.number("downsample_ratio", default=0.5))


def nvlm(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """InternViT with heads that do nothing; two projections without biases, as wide between them
    as the text model's feed-forward part."""
    hidden, width, layers, patch = plain_dimensions(keys)
    heads = keys.integer("num_attention_heads", maximum=100_000)
    if hidden % heads:
        raise keys.problem(
            "num_attention_heads", heads, say("a divisor of {number}", number=hidden)
        )
    wide = (heads + _DUMMY_HEADS) * (hidden // heads)
    attention = 3 * linear(hidden, wide, keys.flag("qkv_bias", default=False))
    attention += linear(wide, hidden)
    attention += 2 * wide if keys.flag("qk_normalization", default=True) else 0
    norms = 2 * hidden if keys.text("norm_type", default="rms_norm") == "rms_norm" else 4 * hidden
    block = attention + linear(hidden, width) + linear(width, hidden) + norms + 2 * hidden
    patches = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    own = hidden + patches + (patch_count(keys, patch) + 1) * hidden + layers * block
    merged = hidden * _ratio(outer) ** 2
    middle = _text_width(outer)
    return own + 2 * merged + merged * middle + middle * text_hidden


def _text_width(outer: Keys) -> int:
    """The text model's inner width, which the projector takes over."""
    text = outer.values.get("llm_config") or outer.values.get("text_config")
    width = text.get("intermediate_size") if isinstance(text, dict) else None
    if not isinstance(width, int) or not 0 < width < MAXIMUM_SIZE:
        raise outer.problem("llm_config.intermediate_size", width, say("a whole number"))
    return width


def eagle2_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers up to the chosen one; a norm over merged patches and two projections."""
    chosen = outer.integer("select_layer", default=-1, minimum=-1000)
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    dropped = -chosen - 1 if chosen < 0 else layers - chosen - 1
    if not 0 <= dropped < layers:
        raise outer.problem(
            "select_layer", chosen, say("one of the {number} layers", number=layers)
        )
    merged = keys.integer("hidden_size") * _ratio(outer) ** 2
    projector = 2 * merged + linear(merged, text_hidden) + linear(text_hidden, text_hidden)
    return _plain_layers(keys, dropped=dropped, normed=not dropped) + projector


def llava_onevision2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Patches without bias or positions, one norm in front; merged patches are normed and
    projected twice."""
    hidden, width, layers, patch = plain_dimensions(keys)
    keys.ignore("image_size", "frame_windows_size", "temporal_patch_size", "text_hidden_size")
    keys.ignore("out_hidden_size")
    merged = hidden * keys.integer("spatial_merge_size", default=2, maximum=64) ** 2
    patches = keys.integer("num_channels", default=3) * patch**2 * hidden
    own = patches + 2 * hidden + layers * transformer_layer(hidden, width)
    return own + 2 * hidden + linear(merged, merged) + linear(merged, text_hidden)


def isaac(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP 2; shuffled pixels are projected twice without biases, four times as wide between."""
    factor = keys.integer("pixel_shuffle_scale_factor", default=1, maximum=64)
    merged = keys.integer("hidden_size") * factor**2
    return _plain_layers(keys) + 4 * merged * (merged + text_hidden)


def phi4_siglip(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP 2 but for its last layer and norm, and two projections."""
    width = outer.integer("mm_hidden_size", default=keys.integer("hidden_size"))
    outer.ignore("mm_projector_type", "max_num_patches", "min_num_patches")
    return _plain_layers(keys, dropped=1, normed=False) + two_layer_projector(width, text_hidden)


def granite4(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """CLIP or SigLIP; for each layer of the text model that sees pictures a querying transformer
    over windows, with a norm, queries, positions and a projection of its own."""
    hidden = keys.integer("hidden_size")
    rate = outer.text("downsample_rate").split("/")
    if len(rate) != 2 or not all(side.isdigit() and 0 < int(side) < 1000 for side in rate):
        raise outer.problem(
            "downsample_rate", outer.values.get("downsample_rate"), say("such as 4/8")
        )
    queries, window = (int(side) ** 2 for side in rate)
    outer.ignore("spatial_vision_layer", "spatial_target_layers", "projector_dropout")
    outer.ignore("image_grid_pinpoints", "qformer_config", "vision_feature_layer")
    count = len(outer.items("deepstack_layer_map") or ()) + _SPATIAL
    former = querying_transformer(hidden, _FORMER_WIDTH, layers=1, every=1, seen=hidden)
    each = former + 2 * hidden + (queries + window) * hidden + linear(hidden, text_hidden)
    tower = clip(keys) if keys.model_type == "clip_vision_model" else siglip(keys)
    return tower + text_hidden + count * each


_SPATIAL = 4
"""Further ones, one for each place in a square of four patches."""
_FORMER_WIDTH = 3072
"""Inner width of the querying transformers."""


def bailing(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Qwen3-VL's layers, none of which feeds the text model on its way; merged patches are normed
    and projected twice."""
    hidden, width = keys.integer("hidden_size"), keys.integer("intermediate_size")
    patch = keys.integer("patch_size") ** 2 * keys.integer("temporal_patch_size")
    merged = hidden * keys.integer("spatial_merge_size", maximum=64) ** 2
    keys.ignore("num_heads", "deepstack_visual_indexes", "out_hidden_size")
    own = linear(patch * keys.integer("in_channels"), hidden)
    own += keys.integer("num_position_embeddings") * hidden + 2 * hidden
    own += keys.integer("depth", maximum=10_000) * transformer_layer(hidden, width)
    return own + linear(merged, text_hidden) + linear(text_hidden, text_hidden)
