"""Llama 1 to 3 and the dense families with exactly its layout."""

from __future__ import annotations

from engine.model.architecture import Architecture
from engine.model.dialects.decoder import Traits, read_decoder, read_dimensions
from engine.model.dialects.mixture import read_routing, shared_count
from engine.model.dialects.parts import mixture
from engine.model.keys import Keys

BIASED = Traits(qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias")
PLAIN = Traits()

TRAITS = {
    "llama": BIASED,
    "yi": BIASED,
    "aquila": PLAIN,
    "xverse": PLAIN,
    "skywork": PLAIN,
    "solar": BIASED,
    "baichuan": PLAIN,
    "exaone": BIASED,
    "internlm": Traits(qkv_bias="bias", output_bias="bias"),
    "internlm2": Traits(qkv_bias="bias", output_bias="bias"),
    "internlm3": Traits(qkv_bias="qkv_bias", output_bias="bias", mlp_bias="bias"),
    "seed_oss": Traits(
        qkv_bias="attention_bias", output_bias="attention_out_bias", mlp_bias="mlp_bias"
    ),
    "granite": BIASED,
    "helium": Traits(qkv_bias="attention_bias", output_bias=False, mlp_bias="mlp_bias"),
    "arcee": Traits(
        qkv_bias="attention_bias", output_bias="attention_bias", mlp_bias="mlp_bias", gated=False
    ),
    "ernie4_5": Traits(qkv_bias="use_bias", output_bias="use_bias", mlp_bias="use_bias"),
    "paddleocr_vl_text": Traits(qkv_bias="use_bias", output_bias="use_bias", mlp_bias="use_bias"),
    "orion": Traits(norm="layer"),
    "jais2": Traits(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        mlp_bias="mlp_bias",
        gated=False,
        norm="layer",
    ),
    "nemotron": Traits(
        qkv_bias="attention_bias",
        output_bias="attention_bias",
        mlp_bias="mlp_bias",
        gated=False,
        norm="layer",
    ),
    "iquestcoder": BIASED,
    "teleflm": PLAIN,
}

COSMETIC = {
    "internlm2": ("attn_implementation",),
    "internlm3": ("attention_bias",),
    "exaone": ("num_layers",),
    "baichuan": ("z_loss_weight",),
    "teleflm": ("use_mup", "mup_scale_factor", "input_mult", "output_mult"),
    "solar": ("bskcn_1", "bskcn_2", "bskcn_3", "bskcn_4", "bskcn_tv", "sliding_window"),
}
"""Keys of a family that change neither bytes nor FLOPs."""


def read(keys: Keys) -> Architecture:
    """Dense decoder with rotary attention."""
    keys.ignore(*COSMETIC.get(keys.model_type, ()))
    if keys.model_type == "xverse" and keys.values.get("num_experts"):
        return _xverse_experts(keys)
    return read_decoder(keys, TRAITS[keys.model_type])


def _xverse_experts(keys: Keys) -> Architecture:
    """XVERSE-MoE: experts in every layer, the shared ones as wide as so many
    (SGLang 0.5, xverse_moe.py)."""
    shape = read_dimensions(keys)
    routing = read_routing(keys)
    width = keys.integer("intermediate_size", required=True)
    bank = mixture(
        shape.hidden,
        width,
        routing.count,
        routing.top_k,
        shared_width=shared_count(keys) * width,
    )
    traits = TRAITS["xverse"]
    return read_decoder(keys, traits, shape=shape, feed_forward=lambda index: bank)
