"""Families added for configs from outside: their parameters are what transformers counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture

MODELS = json.loads(
    (Path(__file__).parents[2] / "data" / "family_configs.json").read_text(encoding="utf-8")
)["models"]
OCR: dict[str, Any] = {
    "model_type": "deepseek_vl_v2",
    "language_config": {
        "first_k_dense_replace": 1,
        "hidden_size": 1280,
        "intermediate_size": 6848,
        "kv_lora_rank": None,
        "moe_intermediate_size": 896,
        "n_routed_experts": 64,
        "n_shared_experts": 2,
        "num_attention_heads": 10,
        "num_experts_per_tok": 6,
        "num_hidden_layers": 12,
        "num_key_value_heads": 10,
        "use_mla": False,
        "vocab_size": 129280,
    },
}
TINY = {
    "vision_config": {
        "layers": 27,
        "mlp_ratio": 3.7362,
        "model_name": "siglip_so400m_patch14_384",
        "model_type": "vision",
        "patch_size": 14,
        "width": 1152,
    },
    "projector_config": {"model_type": "mlp_projector", "n_embed": 1280},
}
DEEPLIP = {
    "vision_config": {"model_name": "deeplip_b_l", "width": {"clip-l-14-224": {}, "sam_vit_b": {}}}
}
QWEN_VL: dict[str, Any] = {
    "model_type": "qwen",
    "hidden_size": 4096,
    "intermediate_size": 22016,
    "kv_channels": 128,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "vocab_size": 151936,
    "visual": {
        "heads": 16,
        "image_size": 448,
        "layers": 48,
        "mlp_ratio": 4.9231,
        "output_dim": 4096,
        "patch_size": 14,
        "width": 1664,
    },
}


def total(config: dict[str, Any]) -> int:
    return read_architecture(config, "config.json", "model").total_parameters


@pytest.mark.parametrize("row", MODELS, ids=lambda row: row["config"]["model_type"])
def test_a_family_has_the_parameters_transformers_counts(row: dict[str, Any]) -> None:
    assert total(row["config"]) == row["parameters"]


def test_deepseek_vl2_counts_its_tower_and_projector() -> None:
    """3.37 B, https://huggingface.co/deepseek-ai/deepseek-vl2-tiny."""
    assert total({**OCR, **TINY}) == pytest.approx(3.37e9, rel=0.002)


def test_deepseek_ocr_counts_both_towers() -> None:
    """The parameters transformers counts of the same layout (unlimited_ocr's class defaults)."""
    assert total({**OCR, **DEEPLIP}) == 3_335_504_128


def test_deepseek_ocr2_counts_its_towers_in_the_spelling_of_its_repository() -> None:
    """As transformers counts of the same layout."""
    towers = {"vision_config": {"width": {"qwen2-0-5b": {"dim": 896}, "sam_vit_b": {}}}}
    assert total({**OCR, **towers}) == 3_389_119_360


def test_other_towers_of_deepseek_ocr_are_named_as_not_counted() -> None:
    towers = {"vision_config": {"width": {"some-encoder": {"dim": 896}, "sam_vit_b": {}}}}
    model = read_architecture({**OCR, **towers}, "config.json", "model")
    assert model.uncounted == ("vision_config",)


def test_chameleon_has_norms_of_each_head_and_names_its_tokenizer() -> None:
    """As transformers counts the class defaults without their picture tokenizer."""
    config = {"model_type": "chameleon", "hidden_size": 4096, "num_hidden_layers": 32}
    config |= {"num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 65536}
    model = read_architecture(config, "config.json", "model")
    assert model.uncounted == ("vq_config",)
    assert model.total_parameters == 7_013_666_816


def test_qwen_vl_counts_its_visual_tower_and_resampler() -> None:
    """9.6 B, arXiv:2308.12966 table 1: 7.7 B, 1.9 B and 0.08 B."""
    with_tower, without = total(QWEN_VL), total({**QWEN_VL, "visual": {}})
    assert with_tower - without == pytest.approx(1.94e9, rel=0.01)


def test_hunyuan_ocr_counts_its_tower() -> None:
    text = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16}
    text |= {"num_key_value_heads": 8, "intermediate_size": 3584, "vocab_size": 120818}
    text |= {"head_dim": 128, "tie_word_embeddings": True}
    vision = {"hidden_size": 1152, "out_hidden_size": 1024}
    config = {"model_type": "hunyuan_vl", "text_config": text, "vision_config": vision}
    assert total(config) == 996_208_112
