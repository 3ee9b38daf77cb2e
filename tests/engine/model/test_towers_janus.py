"""Towers that Janus and DeepSeek-VL name in their own repositories."""

from __future__ import annotations

from typing import Any

from engine.model.dialects.reading import read_architecture
from engine.model.dialects.towers.parts import transformer_layer

TEXT = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "vocab_size": 1000,
}


def config(tower: str, aligner: dict[str, Any]) -> dict[str, Any]:
    return {
        "model_type": "multi_modality",
        "language_config": TEXT,
        "vision_config": {
            "cls": "CLIPVisionTower",
            "model_type": "vision",
            "params": {"image_size": 384, "model_name": tower, "select_layer": -1},
        },
        "aligner_config": {"cls": "MlpProjector", "model_type": "aligner", "params": aligner},
    }


ALIGNER = {"depth": 2, "input_dim": 1024, "n_embed": 64, "projector_type": "mlp_gelu"}


def test_a_named_siglip_is_counted() -> None:
    layer = transformer_layer(1024, 4096)
    embeddings = 3 * 16**2 * 1024 + 1024 + 24**2 * 1024
    pool = 1024 + layer - 2 * 1024
    aligner = 1024 * 64 + 64 + 64 * 64 + 64
    model = read_architecture(config("siglip_large_patch16_384", ALIGNER), "m.json", "m")
    assert model.tower_parameters == embeddings + 24 * layer + 2 * 1024 + pool + aligner
    assert not model.uncounted


def test_another_tower_is_left_out_by_name() -> None:
    model = read_architecture(config("sam_b_downsample", ALIGNER), "m.json", "m")
    assert model.uncounted == ("vision_config",)
    split = {**ALIGNER, "projector_type": "low_high_hybrid_split_mlp_gelu"}
    model = read_architecture(config("siglip_large_patch16_384", split), "m.json", "m")
    assert model.uncounted == ("vision_config",)
