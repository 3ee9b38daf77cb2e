"""Towers behind a querying transformer: BLIP-2, InstructBLIP and Kosmos-2 (arXiv:2301.12597,
2305.06500, 2306.14824), and Florence-2's (arXiv:2311.06242; transformers, modeling files of the
same names)."""

from __future__ import annotations

from engine.model.dialects.towers.parts import (
    clip,
    linear,
    patch_count,
    plain_dimensions,
    transformer_layer,
)
from engine.model.keys import Keys
from engine.words.messages import say


def blip(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A vision transformer, trained queries that look at it, one projection. InstructBLIP's
    queries see the prompt as well."""
    hidden, width, layers, patch = plain_dimensions(keys)
    bias = keys.flag("qkv_bias", default=True)
    positions = (patch_count(keys, patch) + 1) * hidden
    block = transformer_layer(hidden, width) - (0 if bias else 3 * hidden)
    tower = hidden + linear(3 * patch**2, hidden) + positions + layers * block + 2 * hidden
    kind = {"blip-2": "blip_2_qformer"}.get(outer.model_type, "instructblip_qformer")
    former = outer.scope("qformer_config", model_type=kind)
    if former is None:
        raise outer.problem("qformer_config", None, say("the config of the querying transformer"))
    former.tower = True
    outer.ignore("image_text_hidden_size", "use_decoder_only_language_model")
    inner = former.integer("hidden_size")
    queries = outer.integer("num_query_tokens", default=32) * inner
    return tower + queries + _former(former, outer) + linear(inner, text_hidden)


def _former(keys: Keys, outer: Keys) -> int:
    """BERT's layers; every so many of them look at the pictures. Where it reads text there are
    its tables, and a feed-forward part for the text's tokens beside that for the queries."""
    keys.ignore("num_attention_heads", "hidden_act")
    hidden = keys.integer("hidden_size")
    reads = outer.model_type != "blip-2" or keys.flag("use_qformer_text_input", default=False)
    tables = keys.integer("vocab_size") + keys.integer("max_position_embeddings")
    found = querying_transformer(
        hidden,
        keys.integer("intermediate_size"),
        layers=keys.integer("num_hidden_layers", maximum=10_000),
        every=keys.integer("cross_attention_frequency", default=2, maximum=10_000),
        seen=keys.integer("encoder_hidden_size", default=1408),
        parts=2 if reads else 1,
    )
    return found + (tables * hidden if reads else 0)


def querying_transformer(
    hidden: int, width: int, *, layers: int, every: int, seen: int, parts: int = 1
) -> int:
    """Layers of which one in ``every`` looks at states ``seen`` wide; ``parts`` feed-forward parts
    in each."""
    feed_forward = linear(hidden, width) + linear(width, hidden) + 2 * hidden
    own = 4 * linear(hidden, hidden) + 2 * hidden
    crossed = 2 * linear(hidden, hidden) + 2 * linear(seen, hidden) + 2 * hidden
    return layers * (own + parts * feed_forward) + -(-layers // every) * crossed + 2 * hidden


def kosmos(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """CLIP, one projection, and trained queries that look at its result."""
    queries = outer.integer("latent_query_num", default=64) * text_hidden
    projection = linear(keys.integer("hidden_size"), text_hidden)
    return clip(keys) + projection + queries + 4 * linear(text_hidden, text_hidden)


def kosmos_2_5(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """Pix2Struct's layers (arXiv:2210.03347) over patches with learned rows and columns, and
    Kosmos-2's trained queries."""
    hidden, width = keys.integer("hidden_size"), keys.integer("intermediate_size")
    inner = keys.integer("num_attention_heads") * keys.integer("head_dim")
    keys.ignore("dense_act_fn")
    places = 2 * keys.integer("max_num_patches", default=4096) * hidden
    patches = linear(keys.integer("patch_embed_hidden_size"), hidden)
    layer = 4 * hidden * inner + 3 * hidden * width + 2 * hidden
    layers = keys.integer("num_hidden_layers", maximum=10_000) * layer
    queries = outer.integer("latent_query_num", default=2048) * text_hidden
    projection = linear(hidden, text_hidden) + 4 * linear(text_hidden, text_hidden)
    return patches + places + layers + hidden + queries + projection


def florence(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """DaViT (arXiv:2204.03645): stages of pairs of layers that attend over windows and over
    channels, each with two convolutions by channel; learned rows and columns, one projection with
    a norm."""
    keys.ignore("num_heads", "num_groups", "window_size", "patch_stride", "patch_padding")
    keys.ignore("max_temporal_embeddings", "patch_prenorm")
    widths = keys.integers("embed_dim", minimum=1) or []
    depths = keys.integers("depths", minimum=1, maximum=1000) or []
    patches = keys.integers("patch_size", minimum=1, maximum=1000) or []
    first = keys.values.get("patch_prenorm", keys.defaults.get("patch_prenorm")) or []
    if not widths or not len(widths) == len(depths) == len(patches) == len(first):
        raise keys.problem(
            "embed_dim", widths, say("as many entries as {names} have", names="depths, patch_size")
        )
    bias = keys.flag("qkv_bias", default=True)
    ratio = keys.number("mlp_ratio", default=4.0)
    inputs, found = keys.integer("in_channels", default=3), 0
    for width, depth, patch, before in zip(widths, depths, patches, first, strict=True):
        found += linear(patch**2 * inputs, width) + 2 * (inputs if before else width)
        wide = int(width * ratio)
        block = transformer_layer(width, wide) - (0 if bias else 3 * width) + 2 * 10 * width
        found += 2 * depth * block
        inputs = width
    found += keys.integer("max_position_embeddings", default=50) * inputs
    output = keys.integer("projection_dim", default=text_hidden)
    return found + inputs * output + 2 * output
