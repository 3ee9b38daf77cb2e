"""Models whose repositories bring code of their own, against the sizes of their weights."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


QWEN3_1_7B: dict[str, Any] = {
    "model_type": "qwen3",
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151_936,
    "tie_word_embeddings": True,
}
QWEN2_7B: dict[str, Any] = {
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18_944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152_064,
    "tie_word_embeddings": False,
}
SIGLIP: dict[str, Any] = {
    "model_type": "siglip_vision_model",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "patch_size": 14,
    "image_size": 56,
}
DOTS: dict[str, Any] = {
    "model_type": "dots_ocr",
    "hidden_size": 1536,
    "intermediate_size": 8960,
    "num_hidden_layers": 28,
    "num_attention_heads": 12,
    "num_key_value_heads": 2,
    "vocab_size": 151_936,
    "attention_bias": True,
    "tie_word_embeddings": False,
    "vision_config": {
        "embed_dim": 1536,
        "hidden_size": 1536,
        "intermediate_size": 4224,
        "num_hidden_layers": 42,
        "num_attention_heads": 12,
        "num_channels": 3,
        "patch_size": 14,
        "post_norm": True,
        "spatial_merge_size": 2,
        "temporal_patch_size": 1,
        "use_bias": False,
    },
}
OVIS2: dict[str, Any] = {
    "model_type": "ovis",
    "hidden_size": 3584,
    "llm_config": QWEN2_7B,
    "visual_tokenizer_config": {
        "model_type": "aimv2_visual_tokenizer",
        "backbone_config": {
            "model_type": "aimv2",
            "hidden_size": 1536,
            "intermediate_size": 4096,
            "num_hidden_layers": 24,
            "num_attention_heads": 12,
            "num_channels": 3,
            "patch_size": 14,
            "image_size": 448,
            "qkv_bias": False,
            "use_bias": False,
        },
        "hidden_stride": 2,
        "vocab_size": 65_536,
    },
}
OVIS2_5: dict[str, Any] = {
    "model_type": "ovis2_5",
    "hidden_size": 2048,
    "visual_vocab_size": 65_536,
    "llm_config": QWEN3_1_7B,
    "vit_config": {
        "model_type": "siglip2_navit",
        "hidden_size": 1152,
        "intermediate_size": 4304,
        "num_hidden_layers": 27,
        "num_attention_heads": 16,
        "patch_size": 16,
        "image_size": 512,
        "num_channels": 3,
        "num_patches": -1,
        "hidden_stride": 2,
        "preserve_original_pe": True,
        "use_rope": True,
    },
}


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        pytest.param(DOTS, 3.04, id="dots.ocr: 3.04B of its card"),
        pytest.param(OVIS2, 8.935, id="Ovis2-8B: 17.87 GB in four files"),
        pytest.param(OVIS2_5, 2.57, id="Ovis2.5-2B: 5.14 GB in two files"),
    ],
)
def test_the_published_size(config: dict[str, Any], billions: float) -> None:
    model = read(config)
    assert model.total_parameters / 1e9 == pytest.approx(billions, rel=2e-3)
    assert not model.uncounted


@pytest.mark.parametrize(("model_type", "middle"), [("bee", 4 * 2048), ("R", 2048)])
def test_a_norm_and_two_projections_follow_siglip(model_type: str, middle: int) -> None:
    plain = {"model_type": "llava", "text_config": QWEN3_1_7B, "vision_config": SIGLIP}
    own = {**plain, "model_type": model_type}
    usual = 64 * 2048 + 2048 + 2048 * 2048 + 2048
    normed = 2 * 64 + 64 * middle + middle + middle * 2048 + 2048 + 2048
    assert read(own).tower_parameters - read(plain).tower_parameters == normed - usual


@pytest.mark.parametrize(("model_type", "normed"), [("Keye", 64), ("KeyeVL1_5", 4 * 64)])
def test_keye_norms_patches_before_or_after_they_are_merged(model_type: str, normed: int) -> None:
    vision = {**SIGLIP, "spatial_merge_size": 2}
    layer = 4 * (64 * 64 + 64) + 64 * 128 + 128 + 128 * 64 + 64 + 4 * 64
    positions = 16 * 64 + 32_768 * 64
    own = 3 * 14 * 14 * 64 + 64 + positions + 2 * layer + 2 * 64
    projector = 2 * normed + 256 * 256 + 256 + 256 * 2048 + 2048
    model = read({**QWEN3_1_7B, "model_type": model_type, "vision_config": vision})
    assert model.tower_parameters == own + projector


def test_step3_has_two_convolutions_behind_its_layers() -> None:
    vision = {**SIGLIP, "model_type": "", "output_hidden_size": 96}
    text = {
        "model_type": "step3_text",
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_attention_heads": 4,
        "num_attention_groups": 1,
        "num_hidden_layers": 2,
        "vocab_size": 1000,
        "moe_intermediate_size": 32,
        "moe_num_experts": 4,
        "moe_top_k": 2,
        "share_expert_dim": 32,
        "share_q_dim": 32,
        "head_dim": 16,
        "moe_layers_enum": [1],
    }
    layer = 4 * (64 * 64 + 64) + 64 * 128 + 128 + 128 * 64 + 64 + 4 * 64
    own = 3 * 14 * 14 * 64 + 64 + (16 + 2) * 64 + 2 * layer
    down = 4 * 64 * 96 + 96 + 9 * 96 * 192 + 192
    model = read({"model_type": "step3_vl", "text_config": text, "vision_config": vision})
    assert model.tower_parameters == own + down + 192 * 64


@pytest.mark.parametrize(
    ("model_type", "like"),
    [
        ("interns1", "internvl"),
        ("skywork_chat", "internvl_chat"),
        ("h2ovl_chat", "internvl_chat"),
        ("telechat3", "llama"),
    ],
)
def test_others_have_the_layout_of_a_known_family(model_type: str, like: str) -> None:
    tower = {key: value for key, value in SIGLIP.items() if key != "model_type"}
    sizes = {"patch_size": [14, 14], "image_size": [56, 56]} if like == "internvl" else {}
    config = {**QWEN2_7B}
    if like != "llama":
        config = {"llm_config": QWEN2_7B, "vision_config": {**tower, **sizes}}
    ours, known = (read({**config, "model_type": one}) for one in (model_type, like))
    assert ours.total_parameters == known.total_parameters
