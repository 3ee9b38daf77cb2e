"""IDEFICS, Kosmos-2.5 and VibeVoice-ASR, as transformers 5.24 builds them without weights."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.cores import AttentionCore
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

IDEFICS = {
    "model_type": "idefics",
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "vocab_size": 32000,
}
RESAMPLED: dict[str, Any] = {
    **IDEFICS,
    "num_hidden_layers": 8,
    "cross_layer_interval": 4,
    "qk_layer_norms": True,
    "use_resampler": True,
    "additional_vocab_size": 2,
    "alpha_type": "vector",
    "vision_config": {"embed_dim": 1280, "num_hidden_layers": 4},
    "perceiver_config": {"qk_layer_norms_perceiver": True, "resampler_depth": 2},
}
QWEN2 = {
    "model_type": "qwen2",
    "hidden_size": 4096,
    "intermediate_size": 22016,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "vocab_size": 151936,
    "tie_word_embeddings": False,
}


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "config.json", "model")


@pytest.mark.parametrize(
    ("config", "total"),
    [
        (IDEFICS, 12_670_461_504),
        (RESAMPLED, 2_361_719_040),
        ({"model_type": "kosmos-2.5", "text_config": {}, "vision_config": {}}, 1_374_646_272),
        ({"model_type": "vibevoice_asr", "text_config": QWEN2}, 12_772_521_344),
    ],
    ids=["idefics", "idefics resampled", "kosmos-2.5", "vibevoice_asr"],
)
def test_all_elements_are_counted(config: dict[str, Any], total: int) -> None:
    assert read(config).total_parameters == total


def test_pictures_add_nothing_to_the_cache_of_text() -> None:
    model = read(RESAMPLED)
    assert model.cached_elements_per_token() == 8 * 2 * 4096
    cores = [core for block, _ in model.blocks() for core in block.cores]
    assert any(isinstance(core, AttentionCore) and core.cross for core in cores)


def test_stages_and_ratios_of_vibevoice_must_agree() -> None:
    encoder = {"downsampling_ratios": [2, 2], "depths": [3, 3]}
    with pytest.raises(InputError, match=r"depths is \[3, 3\], expected 3 entries"):
        read(
            {
                "model_type": "vibevoice_asr",
                "text_config": QWEN2,
                "acoustic_tokenizer_encoder_config": encoder,
            }
        )
