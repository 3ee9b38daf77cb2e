"""Kimi-K3's vision tower: RMS norms, no biases, a query width of its own."""

from __future__ import annotations

from engine.model.keys import Keys
from engine.words.messages import say


def kimi_k3_tower(keys: Keys, text_hidden: int) -> int:
    """Elements of patches, learned positions, pre-norm layers and the patch merger.

    With the text model the sum agrees with the published checkpoint's element count to the unit,
    but for routing bias buffers and padded decay rates.
    """
    hidden = keys.integer("vt_hidden_size")
    width = keys.integer("vt_intermediate_size")
    inner = keys.integer("qkv_hidden_size", default=hidden, reason=say("the tower's hidden size"))
    layers = keys.integer("vt_num_hidden_layers", maximum=10_000)
    patch = keys.integer("patch_size", maximum=10_000)
    kernel = keys.integers("merge_kernel_size") or [2, 2]
    biased = [
        keys.flag(name, default=True)
        for name in ("attn_bias", "linear_bias", "patch_embed_proj_bias")
    ]
    norm = hidden if keys.text("norm_type", default="layernorm") == "rmsnorm" else 2 * hidden
    keys.ignore("vt_num_attention_heads", "text_hidden_size", "mm_hidden_size", "init_pos_emb_time")
    keys.ignore("pos_emb_type", "merge_type", "mm_projector_type", "mlp_type", "activation_func")
    keys.ignore("projector_hidden_act", "pos_emb_interpolation_mode")
    attention_biases = 3 * inner + hidden if biased[0] else 0
    layer = 4 * hidden * inner + attention_biases + 2 * hidden * width + 2 * norm
    layer += width + hidden if biased[1] else 0
    positions = keys.integer("init_pos_emb_height") * keys.integer("init_pos_emb_width") * hidden
    own = 3 * patch**2 * hidden + (hidden if biased[2] else 0) + positions + norm
    merged = hidden * kernel[0] * kernel[-1]
    merger = merged * merged + merged * text_hidden + text_hidden
    return own + layers * layer + merger
