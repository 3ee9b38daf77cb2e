"""Towers of GOT-OCR 2, DeepSeek-OCR, Hunyuan VL, LFM3-VL, Granite Docling, Cosmos 3 Edge and
HyperCLOVA X Vision (transformers, modeling files of the same names)."""

from __future__ import annotations

from engine.model.dialects.towers import lines
from engine.model.dialects.towers.more import idefics_layers
from engine.model.dialects.towers.parts import linear, siglip, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say


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
    return lines.qwen2_5(keys, outer, output) + linear(output, text_hidden)


def _hunyuan_layers(keys: Keys) -> int:
    """Patches with learned positions for the largest picture and one more, layers with biases."""
    hidden, width = keys.integer("hidden_size"), keys.integer("intermediate_size")
    patch = keys.integer("patch_size", maximum=10_000)
    keys.ignore("num_attention_heads", "num_key_value_heads", "interpolate_mode", "head_dim")
    keys.ignore("img_max_token_num", "max_vit_seq_len", "min_image_size", "temporal_patch_size")
    keys.ignore(
        "text_hidden_size", "cat_extra_token", "anyres_vit_max_image_size", "add_patchemb_bias"
    )
    rows = (keys.integer("max_image_size", maximum=100_000) // patch) ** 2 + 1
    patches = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    return patches + rows * hidden + layers * transformer_layer(hidden, width)


def hunyuan_vl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """HunyuanOCR: a strided convolution, one of 1x1, one projection, four marks and two norms."""
    hidden, merge = keys.integer("hidden_size"), keys.integer("spatial_merge_size", maximum=100)
    output = keys.integer("out_hidden_size")
    outer.ignore("im_start_id", "im_end_id", "im_newline_id", "image_start_token_id")
    merger = linear(merge**2 * hidden, 2 * hidden) + linear(2 * hidden, 4 * hidden)
    marks = 4 * hidden + 3 * output
    norms = hidden + output
    return _hunyuan_layers(keys) + merger + linear(4 * hidden, output) + marks + norms


def hy_v4_vl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Hunyuan 4 VL: a strided convolution, one of 1x1, one mark and one norm."""
    hidden, merge = keys.integer("hidden_size"), keys.integer("spatial_merge_size", maximum=100)
    output = keys.integer("out_hidden_size")
    merger = linear(merge**2 * hidden, output) + linear(output, output) + output + hidden
    return _hunyuan_layers(keys) + merger


def lfm3_vl(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Liquid's layers over patches: short convolutions and attention by ``layer_types``, gated; a
    norm and two projections of joined patches."""
    hidden, width = keys.integer("hidden_size"), keys.integer("intermediate_size")
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    heads = keys.integer("num_attention_heads", maximum=100_000)
    shared = keys.integer("num_key_value_heads", maximum=100_000)
    head = hidden // heads
    kinds = keys.texts("layer_types")
    if kinds is None:
        kinds = ["full_attention" if i > 0 and i % 2 == 0 else "conv" for i in range(layers)]
        kinds = [kind if i < layers - 1 else "conv" for i, kind in enumerate(kinds)]
    convolution = 4 * hidden**2 + keys.integer("conv_kernel_size", maximum=100) ** 2 * hidden
    attention = 2 * hidden**2 + 2 * hidden * shared * head + 2 * head
    mixers = sum(convolution if kind == "conv" else attention for kind in kinds)
    pixels = keys.integer("in_channels", default=3) * keys.integer("patch_size", maximum=1000) ** 2
    pixels *= keys.integer("temporal_patch_size", default=2, maximum=100)
    merged = keys.integer("spatial_merge_size", default=2, maximum=100) ** 2 * hidden
    middle = outer.integer("projector_hidden_size")
    bias = outer.flag("projector_bias", default=True)
    outer.ignore("projector_hidden_act")
    projector = linear(merged, middle, bias) + linear(middle, text_hidden, bias) + 2 * hidden
    own = pixels * hidden + hidden + mixers + layers * (3 * hidden * width + 2 * hidden)
    return own + projector


SAM_BASE = {"hidden_size": 768, "mlp_dim": 3072, "num_hidden_layers": 12, "patch_size": 16}
SAM_BASE |= {"num_attention_heads": 12, "image_size": 1024, "window_size": 14}
SAM_BASE_WHOLE = [2, 5, 8, 11]
CLIP_LARGE = (1024, 4096, 24, 257)
"""Width, feed-forward width, layers and positions of CLIP ViT-L/14 at 224."""


def deepseek_ocr(source: str, text_hidden: int) -> int:
    """DeepSeek-OCR (arXiv:2510.18234): SAM-base, two strided convolutions, CLIP-large on their
    result (no patches of its own), one projection of both, a separator and a mark of new lines."""
    base = Keys({**SAM_BASE, "global_attn_indexes": SAM_BASE_WHOLE}, source, "sam", {})
    hidden, width, layers, rows = CLIP_LARGE
    channels = 256
    joined = 9 * channels * 2 * channels + 9 * 2 * channels * 4 * channels
    clip = hidden + rows * hidden + 2 * hidden + layers * transformer_layer(hidden, width)
    ends = linear(4 * channels + hidden, text_hidden) + 2 * text_hidden
    return sam(base) + joined + clip + ends


QWEN_SMALL = {"hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24}
QWEN_SMALL |= {"num_attention_heads": 14, "num_key_value_heads": 2}
"""The second encoder's sizes: those of Qwen2-0.5B."""
QUERY_ROWS = 144 + 256
"""Trained queries for pictures of 768 and of 1024 pixels."""


def deepseek_ocr2(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """DeepSeek-OCR 2 (arXiv:2601.20552): SAM-base, two strided convolutions, Qwen2's layers with
    trained queries on their result, one projection, a separator (transformers,
    modeling_deepseek_ocr2.py). Sizes that a file leaves out are the published ones."""
    base = keys.scope("sam_config", model_type="deepseek_ocr2_sam_vision_model")
    inner = keys.scope("encoder_config", model_type="deepseek_ocr2_encoder")
    if base is None or inner is None:
        base = Keys({}, keys.source, "sam", {})
        inner = Keys({}, keys.source, "deepseek_ocr2_encoder", {})
        keys.ignore(*keys.values)
    base.defaults = {**base.defaults, **SAM_BASE, "global_attn_indexes": SAM_BASE_WHOLE}
    inner.defaults = {**inner.defaults, **QWEN_SMALL}
    base.tower = inner.tower = True
    base.ignore("mlp_ratio", "downsample_channels")
    inner.ignore("vocab_size", "max_position_embeddings", "layer_types", "max_window_layers")
    hidden, width = inner.integer("hidden_size"), inner.integer("intermediate_size")
    layers = inner.integer("num_hidden_layers", maximum=10_000)
    heads = inner.integer("num_attention_heads", maximum=100_000)
    narrow = hidden // heads * inner.integer("num_key_value_heads", maximum=100_000)
    attention = linear(hidden, hidden) + 2 * linear(hidden, narrow) + hidden**2
    block = attention + 3 * hidden * width + 2 * hidden
    channels = base.integer("output_channels", default=256)
    joined = 9 * channels * 2 * channels + 9 * 2 * channels * hidden
    ends = QUERY_ROWS * hidden + hidden + linear(hidden, text_hidden) + text_hidden
    return sam(base) + joined + layers * block + ends


def unlimited_ocr(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """DeepSeek-OCR's towers; sizes of their own are refused, as none are published."""
    published: dict[str, dict[str, int]] = {
        "sam_config": {"hidden_size": 768, "num_hidden_layers": 12, "mlp_dim": 3072},
        "encoder_config": {
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
        },
    }
    keys.ignore("vision_encoder_config", "sam_vision_config", *published)
    for name, sizes in published.items():
        given = keys.values.get(name)
        inner = given if isinstance(given, dict) else {}
        for size, usual in sizes.items():
            if inner.get(size, usual) != usual:
                raise keys.problem(
                    f"{name}.{size}",
                    inner[size],
                    say("{value}, as all published models have", value=usual),
                )
    return deepseek_ocr(keys.source, text_hidden)


def granite_docling(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers without a head; coarse and fine routes, each a projection of joined patches
    and one merger per tapped layer; three norms and a last projection."""
    hidden, output = keys.integer("hidden_size"), keys.integer("out_hidden_size")
    taps = len(keys.integers("deepstack_visual_indexes") or [3, 7, 10])
    factor = keys.integer("scale_factor", default=4, maximum=100)
    routes = [factor, factor // 2] if keys.flag("use_fine_route", default=True) else [factor]
    outer.ignore("density_router_loss_weight", "density_router_threshold")
    if outer.optional_integer("density_router_hidden_size"):
        outer.leave_out(say("the router of the routes is"), "density_router_hidden_size")

    def route(step: int) -> int:
        joined = step**2 * hidden
        merger = 2 * joined + linear(joined, output) + linear(output, output)
        return joined * output + taps * merger

    connector = 2 * hidden + sum(route(step) for step in routes) + 4 * output + output**2
    return idefics_layers(keys) + connector


def cosmos3_edge(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers over patches of given number, a norm, two projections of joined patches."""
    hidden = keys.integer("hidden_size")
    merged = keys.integer("spatial_merge_size", default=2, maximum=100) ** 2 * hidden
    middle = outer.integer("projector_hidden_size")
    projector = 2 * hidden + linear(merged, middle) + linear(middle, text_hidden)
    keys.ignore("vision_use_head")
    headless = Keys({**keys.values, "vision_use_head": False}, keys.source, "", keys.defaults)
    keys.ignore("num_patches", "intermediate_size", "num_hidden_layers", "patch_size")
    keys.ignore("num_channels", "num_attention_heads")
    return siglip(headless) + projector
