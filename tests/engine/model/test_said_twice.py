"""One thing that a file says in two places, or in words of its own: the class's rule decides."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

TEXT: dict[str, Any] = {
    "model_type": "qwen2",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
}
SWITCH: dict[str, Any] = {
    "model_type": "switch_transformers",
    "d_model": 64,
    "d_kv": 16,
    "d_ff": 128,
    "num_heads": 4,
    "num_layers": 8,
    "num_decoder_layers": 8,
    "num_sparse_encoder_layers": 2,
    "num_sparse_decoder_layers": 2,
    "num_experts": 4,
    "vocab_size": 1000,
}


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


@pytest.mark.parametrize(
    ("model_type", "tied"), [("llava_onevision", True), ("qwen2_vl", True), ("qwen3_vl", False)]
)
def test_who_ties_the_head_to_the_embedding(model_type: str, tied: bool) -> None:
    inner = {**TEXT, "tie_word_embeddings": True}
    config = {"model_type": model_type, "tie_word_embeddings": False, "text_config": inner}
    assert read(config).tied_embeddings is tied


def test_the_step_of_experts_comes_before_their_number() -> None:
    """One of four of eight layers has experts, or one of two."""
    bank = 4 * 2 * 64 * 128 + 4 * 64
    plain = 2 * 64 * 128
    usual = read(SWITCH).total_parameters
    given = read({**SWITCH, "encoder_sparse_step": 2}).total_parameters
    assert given - usual == 2 * (bank - plain)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"model_type": "xlstm", "hidden_size": 64, "embedding_dim": 32},
            "embedding_dim is 32, expected 64, as hidden_size says",
        ),
        (
            {"model_type": "xlstm", "hidden_size": 64, "num_blocks": 4, "num_hidden_layers": 2},
            "num_hidden_layers is 2, expected 4, as num_blocks says",
        ),
        (
            {
                "model_type": "unlimited_ocr",
                "text_config": {**TEXT, "model_type": "qwen2"},
                "vision_config": {"sam_config": {"hidden_size": 96}},
            },
            "vision_config.sam_config.hidden_size is 96, expected 768",
        ),
    ],
)
def test_what_disagrees_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(config)


@pytest.mark.parametrize(
    ("model_type", "kv_heads"), [("qwen2_vl", 8), ("qwen2_5_vl", 8), ("qwen3_vl_moe", 16)]
)
def test_a_flat_file_has_the_defaults_of_the_familys_own_text_class(
    model_type: str, kv_heads: int
) -> None:
    flat = {name: value for name, value in TEXT.items() if name != "num_key_value_heads"}
    flat |= {"hidden_size": 1024, "num_attention_heads": 16, "num_hidden_layers": 1, "head_dim": 64}
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
    more = experts if model_type == "qwen3_vl_moe" else {}
    model = read({**flat, **more, "model_type": model_type})
    assert model.cached_elements_per_token() == 2 * kv_heads * 64


@pytest.mark.parametrize("model_type", ["deepseek_ocr2", "unlimited_ocr"])
def test_the_text_models_of_these_readers_have_no_latent_attention(model_type: str) -> None:
    flat = {"moe_intermediate_size": 32, "n_routed_experts": 4, "num_experts_per_tok": 2}
    model = read({**TEXT, **flat, "n_shared_experts": 1, "model_type": model_type})
    assert model.cached_elements_per_token() == 2 * 2 * 2 * 16
