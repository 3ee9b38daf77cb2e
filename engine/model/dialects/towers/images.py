"""The image towers of multimodal model types: the processor's rule and the layers, for times.

Pixel bounds are those of the processors (transformers, or the model's own repository); a config
does not hold them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.model.blocks import ImageTower
from engine.model.defaults import class_defaults
from engine.model.image_rules import (
    AnyResolution,
    Canvas,
    Filled,
    Fixed,
    ImageRule,
    Padded,
    Rounded,
    Rows,
    Tiled,
)
from engine.model.images import projections, transformer
from engine.model.keys import Keys
from engine.words.messages import say

Reader = Callable[[Keys, Keys, int], ImageTower]
"""From the tower's keys, those of the whole model and the text model's hidden size."""


def image_tower(keys: Keys, text_hidden: int) -> ImageTower | None:
    """The tower of the model that ``keys`` describe; None where its images are not described.

    Raises `InputError` for a bad value.
    """
    found = READERS.get(keys.model_type)
    if found is None:
        return None
    reader, model_type = found
    given = keys.values.get("vision_config")
    if not isinstance(given, dict):
        return None  # The class's own tower is no proof of the checkpoint's.
    values: dict[str, Any] = given
    own = values.get("model_type")
    kind = own if isinstance(own, str) else model_type
    defaults = class_defaults(kind) or class_defaults(model_type)
    vision = Keys(values, keys.source, kind, defaults, f"{keys.path}vision_config.", nested=True)
    outer = Keys(keys.values, keys.source, keys.model_type, keys.defaults, keys.path)
    return reader(vision, outer, text_hidden)


def _sizes(keys: Keys) -> tuple[int, int, int, int]:
    """Width, feed-forward width, heads and layers under their usual names."""
    return (
        keys.integer("hidden_size"),
        keys.integer("intermediate_size"),
        keys.integer("num_attention_heads", "num_heads", maximum=100_000),
        keys.integer("num_hidden_layers", "depth", maximum=10_000),
    )


def _plain(
    keys: Keys, rule: ImageRule, *projector: int, gated: bool = False, skipped: int = 0
) -> ImageTower:
    hidden, width, heads, layers = _sizes(keys)
    layers = max(layers - skipped, 1)
    groups = transformer(hidden, width, heads, layers, gated=gated)
    return ImageTower(rule, hidden, layers, groups, projections(*projector))


def _qwen2(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    hidden, merge = keys.integer("embed_dim"), keys.integer("spatial_merge_size", maximum=100)
    layers, heads = keys.integer("depth", maximum=10_000), keys.integer("num_heads")
    width = int(hidden * keys.number("mlp_ratio", default=4))
    rule = Rounded(keys.integer("patch_size", maximum=1000), merge, 56**2, 16384 * 28**2)
    joined = hidden * merge**2
    groups = transformer(hidden, width, heads, layers)
    return ImageTower(rule, hidden, layers, groups, projections(joined, joined, text_hidden))


def _qwen2_5(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    hidden, width, heads, layers = _sizes(keys)
    patch, merge = keys.integer("patch_size", maximum=1000), keys.integer("spatial_merge_size")
    rule = Rounded(patch, merge, 56**2, 16384 * 28**2)
    whole = len(keys.integers("fullatt_block_indexes") or [7, 15, 23, 31])
    window = (keys.integer("window_size", default=112, maximum=100_000) // patch) ** 2
    groups = transformer(
        hidden, width, heads, layers, gated=True, windowed=(max(layers - whole, 0), window)
    )
    joined = hidden * merge**2
    return ImageTower(rule, hidden, layers, groups, projections(joined, joined, text_hidden))


def _qwen3(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    """With one more merger for each layer whose features the text model takes."""
    patch, merge = keys.integer("patch_size", maximum=1000), keys.integer("spatial_merge_size")
    joined = keys.integer("hidden_size") * merge**2
    rule = Rounded(patch, merge, 256**2, 16384 * 32**2)
    output = keys.integer("out_hidden_size", default=text_hidden)
    deep = len(keys.items("deepstack_visual_indexes") or ())
    tower = _plain(keys, rule, joined, joined, output)
    more = tower.projector * (1 + deep)
    return ImageTower(rule, tower.hidden_size, tower.layer_count, tower.layers, more)


def _glm(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    """Gated layers as wide as the text model; each image counts as two frames."""
    hidden, merge = keys.integer("hidden_size"), keys.integer("spatial_merge_size")
    output, width = keys.integer("out_hidden_size"), keys.integer("intermediate_size")
    layers, heads = keys.integer("depth", maximum=10_000), keys.integer("num_heads")
    patch = keys.integer("patch_size", maximum=1000)
    rule = Rounded(patch, merge, 112**2, 15000 * 28**2, frames=2)
    groups = transformer(hidden, output, heads, layers, gated=True)
    down = projections(hidden * merge**2, output, output, 2 * width)
    merger = (*down, *projections(width, output))
    return ImageTower(rule, hidden, layers, groups, merger)


def _kimi(most_patches: int) -> Reader:
    def read(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
        hidden = keys.integer("vt_hidden_size", "hidden_size")
        width = keys.integer("vt_intermediate_size", "intermediate_size")
        layers = keys.integer("vt_num_hidden_layers", "num_hidden_layers", maximum=10_000)
        heads = keys.integer("vt_num_attention_heads", "num_attention_heads", maximum=100_000)
        patch = keys.integer("patch_size", maximum=1000)
        merge = (keys.integers("merge_kernel_size") or [2, 2])[0]
        rule = Padded(patch, merge, most_patches, 512)
        joined = hidden * merge**2
        inner = keys.integer("qkv_hidden_size", default=hidden)
        groups = transformer(hidden, width, heads, layers, inner=inner)
        return ImageTower(rule, hidden, layers, groups, projections(joined, joined, text_hidden))

    return read


def _gemma3(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    tokens = outer.integer("mm_tokens_per_image", default=256, maximum=100_000)
    # Marks at both ends, with a blank line around them (transformers, Gemma3Processor).
    rule = Fixed(tokens, _patches(keys), marks=4)
    return _plain(keys, rule, keys.integer("hidden_size"), text_hidden)


def _gemma4(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    pool = keys.integer("pooling_kernel_size", default=3, maximum=100)
    tokens = outer.integer("vision_soft_tokens_per_image", default=280, maximum=100_000)
    rule = Filled(keys.integer("patch_size", maximum=1000), pool, tokens)
    return _plain(keys, rule, keys.integer("hidden_size"), text_hidden, gated=True)


def _patches(keys: Keys) -> int:
    """Patches of the tower's own square size."""
    return (keys.integer("image_size", maximum=100_000) // keys.integer("patch_size")) ** 2


def _mistral3(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    merge = outer.integer("spatial_merge_size", default=2, maximum=100)
    return _pixtral(keys, merge, text_hidden)


def _pixtral(keys: Keys, merge: int, text_hidden: int) -> ImageTower:
    hidden, patch = keys.integer("hidden_size"), keys.integer("patch_size", maximum=1000)
    rule = Rows(patch, merge, keys.integer("image_size", maximum=100_000))
    widths = (hidden * merge**2, hidden) if merge > 1 else (hidden,)
    return _plain(keys, rule, *widths, text_hidden, text_hidden, gated=True)


def _llava(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    """CLIP, SigLIP or Pixtral; the layers after the one whose features are taken are not run."""
    if keys.model_type == "pixtral":
        return _pixtral(keys, 1, text_hidden)
    features = _patches(keys)
    rule = Fixed(features, features + (keys.model_type == "clip_vision_model"))
    return _behind_layer(keys, outer, rule, text_hidden)


def _behind_layer(keys: Keys, outer: Keys, rule: ImageRule, text_hidden: int) -> ImageTower:
    layer = outer.values.get("vision_feature_layer", -2)
    skipped = -1 - layer if isinstance(layer, int) and layer < 0 else 0
    hidden = keys.integer("hidden_size")
    return _plain(keys, rule, hidden, text_hidden, text_hidden, skipped=skipped)


def _any_resolution(most: int) -> Reader:
    def read(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
        features = _patches(keys)
        side = keys.integer("image_size", maximum=100_000)
        given = outer.items("image_grid_pinpoints")
        canvases = [
            (one[0], one[1])
            for one in given or ()
            if isinstance(one, list) and len(one) == 2 and all(isinstance(x, int) for x in one)
        ]
        canvases = [one for one in canvases if min(one) >= side]
        if not canvases:
            raise outer.problem("image_grid_pinpoints", given, say("pairs of a height and a width"))
        patches = features + (keys.model_type == "clip_vision_model")
        rule = AnyResolution(side, patches, round(features**0.5), tuple(canvases), most)
        return _behind_layer(keys, outer, rule, text_hidden)

    return read


def _paligemma(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    rule = Fixed(_patches(keys), _patches(keys))
    return _plain(keys, rule, keys.integer("hidden_size"), text_hidden)


def _internvl(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    """A pixel shuffle joins the patches of each tile by fours."""
    hidden, most = keys.integer("hidden_size"), outer.values.get("max_dynamic_patch", 12)
    sizes = keys.integers("image_size", minimum=1) if _listed(keys, "image_size") else None
    side = sizes[0] if sizes else keys.integer("image_size", maximum=100_000)
    steps = keys.integers("patch_size", minimum=1) if _listed(keys, "patch_size") else None
    patches = (side // (steps[0] if steps else keys.integer("patch_size"))) ** 2
    ratio = outer.number("downsample_ratio", default=0.5)
    if not isinstance(most, int) or not 1 <= most <= 100:
        raise outer.problem("max_dynamic_patch", most, say("from 1 to 100"))
    features = round(patches * ratio**2)
    rule = Tiled(side, patches + 1, features, most)
    return _plain(keys, rule, round(hidden / ratio**2), text_hidden, text_hidden)


def _listed(keys: Keys, name: str) -> bool:
    value = keys.values.get(name, keys.defaults.get(name))
    return isinstance(value, list)


def _llama4(keys: Keys, outer: Keys, text_hidden: int) -> ImageTower:
    """Sixteen tiles at most (Llama4ImageProcessor)."""
    ratio = keys.number("pixel_shuffle_ratio", default=0.5)
    side, patches = keys.integer("image_size", maximum=100_000), _patches(keys)
    rule = Canvas(side, patches + 1, round(patches * ratio**2), 16)
    width, output = keys.integer("intermediate_size"), keys.integer("projector_output_dim")
    inner = keys.integer("projector_input_dim")
    return _plain(keys, rule, width, inner, output, text_hidden)


READERS: Mapping[str, tuple[Reader, str]] = {
    "qwen2_vl": (_qwen2, "qwen2_vl_vision"),
    "qwen2_5_vl": (_qwen2_5, "qwen2_5_vl_vision"),
    "qwen2_5_omni": (_qwen2_5, "qwen2_5_omni_vision_encoder"),
    "qwen3_vl": (_qwen3, "qwen3_vl_vision"),
    "qwen3_vl_moe": (_qwen3, "qwen3_vl_moe_vision"),
    "qwen3_omni_moe": (_qwen3, "qwen3_omni_moe_vision_encoder"),
    "qwen3_5": (_qwen3, "qwen3_5_vision"),
    "qwen3_5_moe": (_qwen3, "qwen3_5_moe_vision"),
    "glm4v": (_glm, "glm4v_vision"),
    "glm4v_moe": (_glm, "glm4v_moe_vision"),
    "kimi_vl": (_kimi(4096), "moonvit"),
    "kimi_k25": (_kimi(16384), "kimi_k25_vision"),
    "kimi_k3": (_kimi(65536), ""),
    "gemma3": (_gemma3, "siglip_vision_model"),
    "gemma4": (_gemma4, "gemma4_vision"),
    "mistral3": (_mistral3, "pixtral"),
    "llava": (_llava, "clip_vision_model"),
    "vipllava": (_llava, "clip_vision_model"),
    "llava_next": (_any_resolution(0), "clip_vision_model"),
    "llava_onevision": (_any_resolution(9), "siglip_vision_model"),
    "paligemma": (_paligemma, "siglip_vision_model"),
    "internvl": (_internvl, "internvl_vision"),
    "internvl_chat": (_internvl, "intern_vit_6b"),
    "llama4": (_llama4, "llama4_vision_model"),
}
"""By the model's type: who reads its tower, and the class of a tower that names none."""
