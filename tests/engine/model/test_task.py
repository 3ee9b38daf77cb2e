"""What a language model is asked for: text, or one vector for each sequence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.config import load_architecture
from engine.model.config.interpret import interpret
from engine.model.config.loaded import RawConfig
from engine.model.forward.architecture import ForwardArchitecture, LayerKind
from engine.model.kinds import ModelCategory
from engine.scenario import Scenario, Task
from engine.words.errors import InputError

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
}
BART: dict[str, Any] = {
    "model_type": "bart",
    "architectures": ["BartForSequenceClassification"],
    "d_model": 64,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 128,
    "decoder_ffn_dim": 128,
    "max_position_embeddings": 600,
    "vocab_size": 1000,
    "num_labels": 3,
}


def read(config: dict[str, Any], task: Task = Task.AUTO, embeds: str = "") -> Any:
    return interpret(RawConfig("m", "m", "m.json", config, embeds=embeds), "m", task=task)


def test_a_generator_embeds_when_asked_to() -> None:
    generator, embedder = read(LLAMA), read(LLAMA, Task.EMBED)
    assert (generator.kind, embedder.kind) == (ModelCategory.LANGUAGE, ModelCategory.ENCODER)
    head = 64 * 1000
    assert embedder.architecture.total_parameters == (
        generator.architecture.total_parameters - head
    )


@pytest.mark.parametrize(
    "name", ["modules.json", "config_sentence_transformers.json", "1_Pooling/config.json"]
)
def test_a_file_beside_the_config_says_that_it_embeds(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA))
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{}")
    found = load_architecture(str(tmp_path))
    assert found.kind is ModelCategory.ENCODER
    assert any(name in note and "--task generate" in note for note in found.warnings)
    asked = load_architecture(str(tmp_path), task=Task.GENERATE)
    assert asked.kind is ModelCategory.LANGUAGE


def test_a_class_without_a_head_generates_when_asked_to() -> None:
    headless = {**LLAMA, "architectures": ["LlamaModel"]}
    assert read(headless).kind is ModelCategory.ENCODER
    assert read(headless, Task.GENERATE).kind is ModelCategory.LANGUAGE


def test_an_encoder_cannot_generate() -> None:
    bert = {
        "model_type": "bert",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 1000,
        "max_position_embeddings": 512,
    }
    with pytest.raises(InputError, match="--task generate: found an encoder"):
        read(bert, Task.GENERATE)


def test_a_draft_cannot_embed() -> None:
    draft = {**LLAMA, "architectures": ["LlamaForCausalLMEagle3"], "draft_vocab_size": 500}
    with pytest.raises(InputError, match="--task embed: found a model that only drafts"):
        read(draft, Task.EMBED)


def test_another_model_is_asked_for_what_its_files_say() -> None:
    assert Scenario(task=Task.EMBED).of_model("qwen3-8b").task is Task.AUTO


def test_a_class_without_a_head_around_a_text_model() -> None:
    inner = {name: value for name, value in LLAMA.items() if name != "architectures"}
    config = {"model_type": "qwen3_vl", "text_config": {**inner, "model_type": "qwen3_vl_text"}}
    whole = read({**config, "architectures": ["Qwen3VLForConditionalGeneration"]})
    bare = read({**config, "architectures": ["Qwen3VLModel"]})
    assert bare.kind is ModelCategory.ENCODER
    assert whole.architecture.total_parameters - bare.architecture.total_parameters == 64 * 1000


def test_an_encoder_before_the_decoder_does_its_work() -> None:
    """Half of the layers are its own: six matrices of 64 squared and two of 64 × 128 each, and the
    decoder's four of cross-attention more."""
    found = read(BART).architecture
    assert isinstance(found, ForwardArchitecture)
    products = sum(
        layer.flops for layer in found.layers if layer.kind is LayerKind.LINEAR and layer.rows > 1
    )
    encoder, decoder = 4 * 64**2 + 2 * 64 * 128, 8 * 64**2 + 2 * 64 * 128
    assert products == pytest.approx(2.0 * 512 * 2 * (encoder + decoder))


def test_a_step_stands_before_the_scores_of_bart() -> None:
    plain = {**BART, "architectures": ["BartModel"]}
    scores = read(BART).architecture.total_parameters
    assert scores - read(plain).architecture.total_parameters == (64**2 + 64) + (64 * 3 + 3)


def test_layers_that_share_their_weights_are_held_once() -> None:
    config = {
        **{name: value for name, value in LLAMA.items() if name != "num_key_value_heads"},
        "model_type": "hrm_text",
        "H_cycles": 2,
        "L_cycles": 3,
    }
    whole = read({**config, "architectures": ["HrmTextForCausalLM"]}).architecture
    bare = read({**config, "architectures": ["HrmTextModel"]}).architecture
    assert whole.total_parameters - bare.total_parameters == 64 * 1000


@pytest.mark.parametrize(("tied", "more"), [(True, 0), (False, 64 * 1000)])
def test_a_head_that_predicts_words_may_have_a_matrix_of_its_own(tied: bool, more: int) -> None:
    config = {
        "model_type": "bert",
        "architectures": ["BertForMaskedLM"],
        "hidden_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 1000,
        "max_position_embeddings": 512,
    }
    usual = read(config).architecture.total_parameters
    assert read({**config, "tie_word_embeddings": tied}).architecture.total_parameters == (
        usual + more
    )


def test_colbert_projects_every_token() -> None:
    config = {
        "model_type": "bert",
        "architectures": ["HF_ColBERT"],
        "hidden_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 1000,
        "max_position_embeddings": 512,
        "dim": 96,
    }
    found = read(config).architecture
    assert found.layers[-1].columns == 96
    assert found.layers[-1].rows == 512
