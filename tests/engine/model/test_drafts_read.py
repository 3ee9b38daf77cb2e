"""Checkpoints of drafts: what is in them, and how they draft."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.config import RawConfig, interpret
from engine.model.config.loaded import LoadedModel
from engine.model.dialects.reading import read_architecture
from engine.model.draft import DraftMethod, draft_of
from engine.words.errors import InputError


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "m.json", "m")


def loaded(config: dict[str, Any]) -> LoadedModel:
    return interpret(RawConfig("m", "m", "m.json", config), "m")


LLAMA_8B: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 1,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128_256,
}
EAGLE = {**LLAMA_8B, "architectures": ["LlamaForCausalLMEagle"]}
LATENT: dict[str, Any] = {
    "architectures": ["Eagle3DeepseekV2ForCausalLM"],
    "model_type": "kimi_k2",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "vocab_size": 2000,
    "draft_vocab_size": 1000,
    "q_lora_rank": 96,
    "kv_lora_rank": 64,
    "qk_nope_head_dim": 32,
    "qk_rope_head_dim": 16,
    "v_head_dim": 32,
    "n_routed_experts": 384,
}
DSPARK: dict[str, Any] = {
    "architectures": ["Qwen3DSparkModel"],
    "model_type": "qwen3",
    "hidden_size": 512,
    "intermediate_size": 1024,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 128,
    "vocab_size": 2000,
    "markov_rank": 16,
    "block_size": 7,
    "target_layer_ids": [1, 9, 17],
}


def test_eagle_is_a_layer_behind_one_projection() -> None:
    """yuhuili/EAGLE-LLaMA3-Instruct-8B has 0.25 B parameters."""
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336 + 4096
    assert read(EAGLE).total_parameters == 2 * 4096 * 4096 + layer


def test_only_the_layers_behind_the_first_have_a_norm_in_front() -> None:
    one, two = (read({**EAGLE, "num_hidden_layers": count}) for count in (1, 2))
    layer = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336
    assert two.total_parameters - one.total_parameters == layer + 2 * 4096


def test_eagle_3_over_latent_attention_has_no_experts() -> None:
    down = 2 * 512 * (96 + 64 + 16)
    attention = down + 96 * 4 * 48 + 64 * 4 * 64 + 4 * 32 * 512 + 96 + 64
    layer = attention + 3 * 512 * 1024 + 3 * 512
    ends = 2000 * 512 + 1000 * 512 + 512
    assert read(LATENT).total_parameters == 3 * 512 * 512 + layer + ends
    assert not read(LATENT).is_mixture


def test_dspark_has_a_table_and_a_head_of_what_follows_what() -> None:
    attention = 2 * 512 * 512 + 2 * 512 * 256 + 2 * 128
    layer = attention + 3 * 512 * 1024 + 2 * 512
    own = 2 * layer + 512 + 3 * 512 * 512 + 512 + (2000 + 2000) * 16
    assert read(DSPARK).total_parameters == own
    confident = {"enable_confidence_head": True, "confidence_head_with_markov": True}
    assert read({**DSPARK, **confident}).total_parameters == own + 512 + 16 + 1


@pytest.mark.parametrize(
    ("config", "method"),
    [(EAGLE, DraftMethod.EAGLE), (LATENT, DraftMethod.EAGLE3), (DSPARK, DraftMethod.DSPARK)],
)
def test_a_checkpoint_says_how_it_drafts(config: dict[str, Any], method: DraftMethod) -> None:
    target = loaded(LLAMA_8B)
    assert isinstance(target.architecture, Architecture)
    found = draft_of("draft", target.architecture, target.precision, lambda name: loaded(config))
    assert found.method is method
    assert not found.assumed


def test_the_first_eagle_wants_a_checkpoint() -> None:
    target = loaded(LLAMA_8B)
    assert isinstance(target.architecture, Architecture)
    with pytest.raises(InputError, match="--draft eagle: name the model"):
        draft_of("eagle", target.architecture, target.precision, lambda name: target)
