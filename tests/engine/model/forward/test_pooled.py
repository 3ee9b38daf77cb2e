"""Decoders without an LM head: planned as encoders, with the language model's layers."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import LoadedModel, RawConfig, interpret
from engine.model.dialects.reading import read_architecture
from engine.model.forward.architecture import ForwardArchitecture, LayerKind, Text
from engine.words.errors import InputError

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaModel"],
    "hidden_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 512,
    "vocab_size": 1000,
    "max_position_embeddings": 1024,
}
MIXTURE: dict[str, Any] = {
    **LLAMA,
    "model_type": "mixtral",
    "architectures": ["MixtralModel"],
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
}


def loaded(config: dict[str, Any], sequence: int = 0) -> LoadedModel:
    return interpret(RawConfig("m", "m", "m.json", config), "m", sequence=sequence)


def pooled(config: dict[str, Any], sequence: int = 0) -> ForwardArchitecture:
    architecture = loaded(config, sequence).architecture
    assert isinstance(architecture, ForwardArchitecture)
    return architecture


@pytest.mark.parametrize("config", [LLAMA, MIXTURE])
def test_no_parameter_is_lost(config: dict[str, Any]) -> None:
    counted = read_architecture(config, "m.json", "m").total_parameters
    assert pooled(config).parameters == counted


def test_work_is_that_of_one_pass() -> None:
    """128 tokens: two FLOPs per weight and token; half of the keys on average."""
    attention = 2 * 256 * 256 + 2 * 256 * 128
    weights = 2 * (attention + 3 * 256 * 512)
    keys = (128 + 2) // 2
    products = 2 * (2 * 4 * 128 * keys * (64 + 64))
    assert pooled(LLAMA, 128).flops == 2 * weights * 128 + products


def test_a_token_visits_its_experts_and_all_of_them_are_held() -> None:
    experts = [one for one in pooled(MIXTURE, 100).layers if "experts" in one.name]
    assert sum(one.parameters for one in experts) == 2 * 8 * 3 * 256 * 512
    assert sum(one.flops for one in experts) == 2 * 2 * 100 * 2 * 3 * 256 * 512


def test_a_score_is_a_projection_of_one_token() -> None:
    config = {**LLAMA, "architectures": ["LlamaForSequenceClassification"], "num_labels": 3}
    last = pooled(config).layers[-1]
    assert (last.name, last.kind, last.rows) == ("score", LayerKind.LINEAR, 1)
    assert (last.parameters, last.flops) == (3 * 256, 2 * 3 * 256)


@pytest.mark.parametrize(("asked", "length"), [(0, 512), (1024, 1024), (7, 7)])
def test_the_length_is_the_one_asked_for(asked: int, length: int) -> None:
    assert pooled(LLAMA, asked).input == Text(length)


def test_a_longer_sequence_than_it_has_positions_for_is_refused() -> None:
    with pytest.raises(InputError, match="found 1025, expected at most 1024"):
        loaded(LLAMA, 1025)


def test_a_class_that_generates_stays_a_language_model() -> None:
    config = {**LLAMA, "architectures": ["LlamaForCausalLM"]}
    assert not isinstance(loaded(config).architecture, ForwardArchitecture)
