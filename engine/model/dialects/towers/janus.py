"""Towers of Janus, as transformers describes them and as its own repository names them."""

from __future__ import annotations

from engine.model.dialects.towers.parts import linear, patch_count, transformer_layer
from engine.model.keys import Keys
from engine.words.messages import say

_NAMED_SIGLIP = {
    "siglip_large_patch16_384": (1024, 4096, 24, 16),
    "siglip_so400m_patch14_224": (1152, 4304, 27, 14),
    "siglip_so400m_patch14_384": (1152, 4304, 27, 14),
}
"""Width, feed-forward width, layers and patch by the names of siglip_vit.py in
https://github.com/deepseek-ai/Janus."""


def janus(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """SigLIP's layers without a head, and an aligner of ``depth`` projections. What generates
    images is not counted."""
    if keys.has("params", "cls"):
        return _named_siglip(keys, outer, text_hidden)
    outer.ignore("aligner_config")
    hidden = keys.integer("hidden_size")
    width = int(hidden * keys.number("mlp_ratio", default=4))
    patch = keys.integer("patch_size", maximum=10_000)
    keys.ignore("num_attention_heads", "num_image_tokens", "attention_bias", "use_qk_norm")
    embeddings = linear(keys.integer("num_channels", default=3) * patch**2, hidden)
    embeddings += patch_count(keys, patch) * hidden + 2 * hidden
    layers = keys.integer("num_hidden_layers", maximum=10_000)
    output = keys.integer("projection_dim", default=text_hidden)
    depth = keys.integer("depth", default=2, maximum=100)
    aligner = linear(hidden, output) + (depth - 1) * linear(output, output)
    return embeddings + layers * transformer_layer(hidden, width) + aligner


def _named_siglip(keys: Keys, outer: Keys, text_hidden: int) -> int:
    """A SigLIP that Janus and DeepSeek-VL name in their own repositories, with its pooling head,
    and the aligner's ``depth`` projections. Others are left out by name."""
    params = keys.scope("params") or keys
    keys.ignore(*keys.values)
    name = params.text("model_name", default="")
    aligner = outer.scope("aligner_config")
    if aligner is not None:
        aligner.ignore(*aligner.values)
        aligner = aligner.scope("params")
    kind = aligner.text("projector_type", default="mlp_gelu") if aligner is not None else ""
    params.ignore(*params.values)
    if aligner is not None:
        aligner.ignore(*aligner.values)
    if name not in _NAMED_SIGLIP or aligner is None or kind not in ("linear", "mlp_gelu"):
        keys.leave_out(say("a tower without its dimensions,"))
        return 0
    hidden, width, layers, patch = _NAMED_SIGLIP[name]
    side = params.integer("image_size", default=384, maximum=100_000)
    embeddings = linear(3 * patch**2, hidden) + (side // patch) ** 2 * hidden
    pool = hidden + transformer_layer(hidden, width) - 2 * hidden
    tower = embeddings + layers * transformer_layer(hidden, width) + 2 * hidden + pool
    output = aligner.integer("n_embed", default=text_hidden)
    depth = aligner.integer("depth", default=1, maximum=100) if kind == "mlp_gelu" else 1
    inputs = aligner.integer("input_dim", default=hidden)
    return tower + linear(inputs, output) + (depth - 1) * linear(output, output)
