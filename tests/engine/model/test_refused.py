"""Families that are refused by name: none of them is read, and each says what it is."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import RawConfig, interpret
from engine.model.dialects import index as tokens
from engine.model.forward import index as forward
from engine.model.refused import refused_families
from engine.words.errors import InputError, UnknownArchitecture


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(UnknownArchitecture) as caught:
        interpret(RawConfig("m", "m", "m.json", config), "m")
    return str(caught.value)


def test_no_refused_family_is_read() -> None:
    read = {*tokens.known_model_types(), *forward.known_model_types()}
    assert read.isdisjoint(refused_families())


@pytest.mark.parametrize(
    "model_type", ["llada2_moe", "moshi", "comba", "wav2vec2", "sam2", "colpali"]
)
def test_a_refused_family_says_what_it_is(model_type: str) -> None:
    """Whatever else the file holds: towers alone look like vision models."""
    text = refusal({"model_type": model_type, "num_channels": 3})
    assert refused_families()[model_type].what in text


def test_a_class_is_enough() -> None:
    text = refusal({"architectures": ["OpenVLAForActionPrediction"]})
    assert text.startswith("m.json: class OpenVLAForActionPrediction is a model that answers with")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DeepSeekMTPModel", "multi-token-prediction layers; expected the model's own config.json"),
        ("DeepseekV3ForCausalLMNextN", "multi-token-prediction layers"),
        ("Qwen3_5MoeMTP", "multi-token-prediction layers"),
        ("LiLiCorrDraftModel", "is a draft that speculates for another model"),
        ("MuseSparkDSparkModel", "is a draft that speculates for another model"),
        ("Qwen3XPressModel", "is a draft that speculates for another model"),
        ("LingDSparkModel", "is a draft that speculates for another model"),
        ("DFlashLagunaForCausalLM", "is a draft that speculates for another model"),
        ("MuseGlimmerAssistantModel", "is a draft that speculates for another model"),
        ("TransformersForCausalLM", "expected the config.json of the model, as it was published"),
    ],
)
def test_classes_that_engines_have_are_named(name: str, said: str) -> None:
    """With and without the type that such files state."""
    assert said in refusal({"architectures": [name]})
    if not name.startswith(("Transformers", "Muse")):
        assert said in refusal({"model_type": "llama", "architectures": [name]})


def test_a_text_model_named_inside_is_offered() -> None:
    text = refusal({"model_type": "kanana-1.5-v", "text_config": {"model_type": "qwen3"}})
    assert "pass --assume qwen3" in text


@pytest.mark.parametrize("inner", ["nemotron", "OrionForCausalLM", "qwen3_5_moe_text"])
def test_a_wrapper_around_a_text_model_that_it_cannot_hold(inner: str) -> None:
    config = {"model_type": "minicpmo", "text_config": {"model_type": inner}}
    with pytest.raises(InputError, match=r"text_config\.model_type .* expected qwen2"):
        interpret(RawConfig("m", "m", "m.json", config), "m")


@pytest.mark.parametrize(
    "name",
    ["InklingForConditionalGeneration", "MiniMaxM3SparseForConditionalGeneration"],
)
def test_a_class_that_is_read_says_what_is_missing(name: str) -> None:
    with pytest.raises(InputError) as caught:
        interpret(RawConfig("m", "m", "m.json", {"architectures": [name]}), "m")
    assert "names no known class" not in str(caught.value)
