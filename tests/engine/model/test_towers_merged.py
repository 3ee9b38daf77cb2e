"""Towers in front of projectors, and towers that listen, against published sizes and counts."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.words.errors import UnknownArchitecture


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


QWEN2_72B: dict[str, Any] = {
    "model_type": "qwen2",
    "hidden_size": 8192,
    "intermediate_size": 29_568,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "vocab_size": 152_064,
    "tie_word_embeddings": False,
}
LLAMA_8B: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128_512,
    "tie_word_embeddings": False,
}
QWEN3_1_7B: dict[str, Any] = {
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151_936,
    "tie_word_embeddings": False,
}
SIGLIP: dict[str, Any] = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
}
NVLM: dict[str, Any] = {
    "model_type": "NVLM_D",
    "llm_config": QWEN2_72B,
    "downsample_ratio": 0.5,
    "vision_config": {
        "model_type": "intern_vit_6b",
        "hidden_size": 3200,
        "intermediate_size": 12_800,
        "num_hidden_layers": 45,
        "num_attention_heads": 25,
        "patch_size": 14,
        "image_size": 448,
        "qk_normalization": True,
        "qkv_bias": False,
        "norm_type": "rms_norm",
    },
}
NANO_VL: dict[str, Any] = {
    "model_type": "Llama_Nemotron_Nano_VL",
    "downsample_ratio": 0.5,
    "force_image_size": 512,
    "projector_hidden_size": 4096,
    "vit_hidden_size": 1280,
    "llm_config": LLAMA_8B,
    "vision_config": {
        "args": {
            "model": "vit_huge_patch16_224",
            "cpe_max_size": 2048,
            "register_multiple": 8,
            "cls_token_per_teacher": True,
            "teachers": [{"name": name} for name in ("clip", "siglip", "dino_v2", "sam")],
        },
        "patch_size": 16,
        "version": "radio_v2.5-h",
    },
}
ISAAC: dict[str, Any] = {
    "model_type": "isaac",
    **QWEN3_1_7B,
    "vision_max_num_patches": 6144,
    "pixel_shuffle_scale": 2,
    "vision_config": {
        "model_type": "pixel_shuffle_siglip2",
        **SIGLIP,
        "patch_size": 16,
        "num_patches": 256,
        "pixel_shuffle_scale_factor": 2,
    },
}
MIDASHENG: dict[str, Any] = {
    "architectures": ["MiDashengLMModel"],
    "model_type": "midashenglm",
    "subsample_factor": 5,
    "audio_encoder_config": {"embed_dim": 1280, "depth": 32, "num_heads": 16},
    "text_config": {
        **QWEN2_72B,
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    },
}


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        pytest.param(NVLM, 79.4, id="NVLM-D-72B: 79.4B of its safetensors"),
        pytest.param(NANO_VL, 8.72, id="Llama-3.1-Nemotron-Nano-VL-8B-V1: 8.72B"),
        pytest.param(ISAAC, 2.57, id="Isaac-0.1: 2.57B"),
        pytest.param(MIDASHENG, 8.28, id="MiDashengLM-7B: 8.28B"),
    ],
)
def test_the_published_size(config: dict[str, Any], billions: float) -> None:
    model = read(config)
    assert model.total_parameters / 1e9 == pytest.approx(billions, rel=2e-3)
    assert not model.uncounted


SMALL: dict[str, Any] = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "patch_size": 14,
    "image_size": 56,
}
_LAYER = 4 * (64 * 64 + 64) + 64 * 128 + 128 + 128 * 64 + 64 + 4 * 64
_PATCHES = 3 * 14 * 14 * 64
_POSITIONS = 16 * 64
TEXT = {**QWEN3_1_7B, "model_type": "qwen3"}


@pytest.mark.parametrize(("chosen", "layers", "norm"), [(-1, 2, 128), (-2, 1, 0), (0, 1, 0)])
def test_eagle_loads_the_layers_up_to_the_chosen_one(chosen: int, layers: int, norm: int) -> None:
    vision = {**SMALL, "model_type": "siglip_vision_model"}
    config = {"model_type": "eagle_2_5_vl", "text_config": TEXT, "vision_config": vision}
    projector = 2 * 256 + 256 * 2048 + 2048 + 2048 * 2048 + 2048
    own = _PATCHES + 64 + _POSITIONS + layers * _LAYER + norm
    assert read({**config, "select_layer": chosen}).tower_parameters == own + projector


def test_llava_onevision2_has_neither_positions_nor_a_last_norm() -> None:
    config = {"model_type": "llava_onevision2", "text_config": TEXT, "vision_config": SMALL}
    merger = 2 * 64 + 256 * 256 + 256 + 256 * 2048 + 2048
    assert read(config).tower_parameters == _PATCHES + 2 * 64 + 2 * _LAYER + merger


def test_phi4_with_siglip_leaves_its_last_layer_out() -> None:
    text = {**QWEN3_1_7B, "head_dim": 128}
    vision = {**SMALL, "num_patches": 16}
    named = {"mm_hidden_size": 64, "mm_vision_tower": "google/siglip2", "mm_projector_type": "x"}
    model = read({"model_type": "phi4-siglip", **text, "vision_config": vision, **named})
    projector = 64 * 2048 + 2048 + 2048 * 2048 + 2048
    assert model.tower_parameters == _PATCHES + 64 + _POSITIONS + _LAYER + projector
    assert not model.uncounted


def test_granite_4_vision_has_a_querying_transformer_per_layer_that_looks() -> None:
    """166,854,400 elements in transformers 5.24 with these keys."""
    text = {
        "model_type": "granite4_vision_text",
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 1000,
    }
    layers = [[-19, 9], [-13, 6], [-7, 3], [-1, 0]]
    config = {"model_type": "granite4_vision", "text_config": text, "downsample_rate": "4/8"}
    assert read({**config, "deepstack_layer_map": layers}).total_parameters == 166_854_400


def test_an_omni_hears_through_parakeet() -> None:
    """3,299,072 elements of the encoder, 262,400 of the projector in transformers 5.24."""
    heard = {
        "hidden_size": 256,
        "intermediate_size": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_mel_bins": 128,
        "projection_hidden_size": 512,
        "projection_bias": False,
        "sampling_rate": 16_000,
    }
    text = {
        "model_type": "nemotron_h",
        "hidden_size": 256,
        "num_hidden_layers": 2,
        "layers_block_type": ["mamba", "attention"],
    }
    config = {"model_type": "nemotron_h_omni", "text_config": text}
    silent = read(config)
    model = read({**config, "sound_config": heard})
    assert model.tower_parameters - silent.tower_parameters == 3_299_072 + 262_400
    assert not model.uncounted


ULTRAVOX: dict[str, Any] = {
    "model_type": "ultravox",
    "audio_model_id": "openai/whisper-large-v3-turbo",
    "hidden_size": 4096,
    "stack_factor": 8,
    "projector_act": "swiglu",
    "projector_ln_mid": True,
}


def test_ultravox_wants_its_text_model() -> None:
    with pytest.raises(UnknownArchitecture, match=r"front of meta-llama/L, whose sizes are not in"):
        read({**ULTRAVOX, "text_model_id": "meta-llama/L"})


def test_ultravox_with_its_text_model() -> None:
    layer = 4 * 1280 * 1280 + 3 * 1280 + 8 * 1280 * 1280 + 5120 + 1280 + 4 * 1280
    encoder = 3 * 128 * 1280 + 1280 + 3 * 1280 * 1280 + 1280 + 1500 * 1280 + 32 * layer + 2560
    projector = 10_240 + 10_240 * 4096 + 2048 * 4096 + 2048
    model = read({**ULTRAVOX, "text_config": LLAMA_8B})
    assert model.tower_parameters == encoder + projector


def test_kimi_audio_says_that_its_speech_is_not_counted() -> None:
    text = {key: value for key, value in QWEN2_72B.items() if key != "model_type"}
    model = read({"model_type": "kimi_audio", **text, "kimia_mimo_layers": 6})
    assert model.uncounted == ("kimia_mimo_layers",)
    joined = 5120 * 8192 + 8192 + 8192 * 8192 + 8192 + 2 * 8192
    assert model.tower_parameters - joined == 636_968_960
