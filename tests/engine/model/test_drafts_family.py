"""Drafts whose layers are their family's: counted as vLLM 0.33 builds them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

SIZES: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
}
LATENT = {
    "q_lora_rank": 32,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 16,
}
MLP = 3 * 64 * 128
LAYER = 64 * (64 + 2 * 32 + 64) + MLP + 2 * 64
LATENT_LAYER = (
    64 * 32 + 32 * 4 * 24 + 64 * 24 + 16 * 4 * 32 + 4 * 16 * 64 + (32 + 16) + MLP + 2 * 64
)
JOINED, NORM = 2 * 64 * 64, 64


def read(**given: Any) -> Architecture:
    return read_architecture({**SIZES, **given}, "config.json", "draft")


@pytest.mark.parametrize(
    ("name", "given", "own"),
    [
        # One norm a layer, biases of the projection.
        ("EagleCohereForCausalLM", {"model_type": "cohere"}, 2 * (LAYER - 64) + JOINED + 64),
        ("EagleMiniCPMForCausalLM", {"model_type": "minicpm"}, 2 * LAYER + JOINED + 2 * 64),
        ("MiniCPMForCausalLMEagle", {"model_type": "minicpm"}, 2 * LAYER + JOINED + 2 * 64),
        ("EagleMistralForCausalLM", {"model_type": "mistral"}, 2 * LAYER + JOINED),
        (
            "EagleLlama4ForCausalLM",
            {"model_type": "llama4_text", "moe_layers": [], "head_dim": 16}
            | {"intermediate_size_mlp": 128},
            2 * LAYER + JOINED,
        ),
        (
            "EagleMistralLarge3ForCausalLM",
            {"model_type": "deepseek_v3", "first_k_dense_replace": 2, "n_routed_experts": 8}
            | {"moe_intermediate_size": 32}
            | LATENT,
            2 * LATENT_LAYER + JOINED,
        ),
    ],
)
def test_an_eagle_draft_has_its_familys_layers(name: str, given: dict[str, Any], own: int) -> None:
    """Embedding and head are the target's; the last norm is there."""
    draft = read(architectures=[name], **given)
    assert (draft.total_parameters, draft.draft) == (own + NORM, "an EAGLE draft")


def test_llama_4s_draft_with_experts_is_refused() -> None:
    with pytest.raises(InputError, match="moe_layers is null, expected an empty list"):
        read(architectures=["EagleLlama4ForCausalLM"], model_type="llama4_text", head_dim=16)


HEADS = {"markov_rank": 8, "enable_confidence_head": True}
MARKOV, CONFIDENCE = 2 * 1000 * 8, 64 + 1


def test_kimi_k3s_block_draft_is_of_latent_attention() -> None:
    taps = {"target_layer_ids": [1, 9], "num_target_layers": 2, "target_hidden_size": 128}
    draft = read(model_type="k3_dspark", **taps, **LATENT, **HEADS)
    own = 2 * LATENT_LAYER + 2 * 128 * 64 + 2 * NORM
    assert draft.total_parameters == own + MARKOV + CONFIDENCE
    assert draft.draft == "a DSpark draft"


def test_gemma_4s_block_draft_has_an_embedding_of_its_own() -> None:
    draft = read(
        architectures=["Gemma4DSparkModel"],
        model_type="gemma4_text",
        target_layer_ids=[1, 9],
        head_dim=16,
        global_head_dim=16,
        sliding_window=64,
        layer_types=["full_attention"] * 2,
        hidden_size_per_layer_input=0,
        **HEADS,
    )
    layer = LAYER + 2 * 64 + 2 * 16
    own = 2 * layer + 2 * 64 * 64 + 2 * NORM + 1000 * 64
    assert draft.total_parameters == own + MARKOV + CONFIDENCE


def test_deepseek_v4s_stages_are_of_its_own_checkpoint() -> None:
    with pytest.raises(InputError, match="own config"):
        read(architectures=["DeepseekV4ForCausalLMDSpark"], model_type="deepseek_v4")
