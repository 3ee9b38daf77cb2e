"""Kinds of files that people hand over: read for what they are, or named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.bytes import cross_bytes_per_source_token, source_tokens
from engine.model.config import load_architecture
from engine.model.cores import AttentionCore
from engine.model.described.tokens import as_json, as_text, describe
from engine.model.dialects.reading import read_architecture
from engine.model.foreign import what_it_is, what_its_name_says
from engine.model.precision import FORMATS
from engine.words.errors import InputError, UnknownArchitecture

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 128,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
}
WHISPER: dict[str, Any] = {
    "model_type": "whisper",
    "d_model": 384,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "encoder_attention_heads": 6,
    "decoder_attention_heads": 6,
    "encoder_ffn_dim": 1536,
    "decoder_ffn_dim": 1536,
    "vocab_size": 51865,
}
QWEN35: dict[str, Any] = {
    "model_type": "qwen3_5",
    "hidden_size": 5120,
    "num_hidden_layers": 4,
    "num_attention_heads": 24,
    "num_key_value_heads": 4,
    "intermediate_size": 1024,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 48,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
    "vocab_size": 1000,
}
BF16 = FORMATS["bf16"]


def read(config: dict[str, Any]) -> Architecture:
    return read_architecture(config, "config.json", "model")


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        read(config)
    return str(caught.value)


# Encoder-decoders -------------------------------------------------------------------------


def test_cross_attention_adds_nothing_per_generated_token() -> None:
    assert 2 * read(WHISPER).cached_elements_per_token() == 6144


def test_cross_attention_is_held_once_for_the_frames_of_whisper() -> None:
    whisper = read(WHISPER)
    assert source_tokens(whisper) * cross_bytes_per_source_token(whisper, BF16) == 9_216_000


def test_a_decoder_alone_has_no_encoder_and_no_cross_attention() -> None:
    alone = read({**WHISPER, "architectures": ["WhisperForCausalLM"]})
    assert (alone.total_parameters, alone.tower_parameters) == (29_552_256, 0)
    assert not any(
        isinstance(core, AttentionCore) and core.cross
        for block, _ in alone.blocks()
        for core in block.cores
    )


# Heads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("LlamaForCausalLM", 64 * 1000),
        ("LlamaModel", 0),
        ("LlamaBidirectionalModel", 0),
        ("LlamaMTModel", 64 * 1000),
        ("LlamaForSequenceClassification", 64 * 3),
        ("LlamaForTokenClassification", 64 * 3 + 3),
    ],
)
def test_the_head_is_that_of_the_class(name: str, head: int) -> None:
    config = {**LLAMA, "architectures": [name], "num_labels": 3}
    assert read(config).head_parameters == head


def test_an_encoder_alone_of_an_encoder_decoder_is_refused_by_its_class() -> None:
    config = {"model_type": "t5", "architectures": ["T5EncoderModel"], "d_model": 512}
    assert "T5EncoderModel" in refusal(config)


def test_the_outer_word_on_tied_embeddings_counts_and_is_not_passed_over() -> None:
    inner = {name: value for name, value in LLAMA.items() if name != "model_type"}
    model = read({"model_type": "qwen3_vl", "tie_word_embeddings": True, "text_config": inner})
    assert model.tied_embeddings
    assert not any("tie_word_embeddings" in note for note in model.warnings)


def test_a_checkpoint_without_lm_head_says_so() -> None:
    warnings = read({**LLAMA, "architectures": ["LlamaModel"]}).warnings
    assert any("LlamaModel has no LM head" in warning for warning in warnings)


# Class defaults and left-over keys ----------------------------------------------------------


def test_a_flat_text_config_has_the_defaults_of_its_text_class() -> None:
    model = read(QWEN35)
    assert 2 * model.cached_elements_per_token() == 2 * 2 * 4 * 256
    listed = [item.key for item in model.assumptions]
    assert "head_dim" in listed


def test_the_class_reads_the_text_models_keys_inside_only() -> None:
    inner = {name: value for name, value in LLAMA.items() if name != "model_type"}
    outer = {"model_type": "qwen3_vl", "attention_bias": True, "text_config": inner}
    plain = {"model_type": "qwen3_vl", "text_config": inner}
    model = read(outer)
    assert model.total_parameters == read(plain).total_parameters
    assert any("passed over" in note and "attention_bias = true" in note for note in model.warnings)


@pytest.mark.parametrize(
    "key", [{"type_vocab_size": 16}, {"num_local_experts": 4, "moe_frequency": 1}]
)
def test_left_over_keys_are_passed_over_with_a_note(key: dict[str, int]) -> None:
    kind = "mixtral" if len(key) > 1 else "llama"
    experts = {"num_experts_per_tok": 2} if kind == "mixtral" else {}
    notes = read({**LLAMA, "model_type": kind, **experts, **key}).warnings
    assert any("passed over, as the model's class does not read it" in note for note in notes)


def test_experts_in_every_second_layer_are_still_refused() -> None:
    config = {**LLAMA, "model_type": "mixtral", "num_local_experts": 4, "num_experts_per_tok": 2}
    assert "moe_frequency = 2" in refusal({**config, "moe_frequency": 2})


def test_a_towers_unknown_key_does_not_stop_its_text_model() -> None:
    inner = {name: value for name, value in LLAMA.items() if name != "model_type"}
    vision = {"depth": 1, "hidden_size": 256, "embed_dim": 256, "num_heads": 4}
    config = {"model_type": "qwen3_vl", "text_config": inner, "vision_config": vision}
    assert any("vision_config.embed_dim = 256" in note for note in read(config).warnings)


# Parts that are not counted -----------------------------------------------------------------


def test_the_weights_line_names_what_is_not_counted(tmp_path: Path) -> None:
    config = {"model_type": "phi3_v", **{k: v for k, v in LLAMA.items() if k != "model_type"}}
    config["img_processor"] = {"model_name": "unknown/tower", "image_dim_out": 64}
    (tmp_path / "config.json").write_text(json.dumps(config))
    description = describe(load_architecture(str(tmp_path)))
    line = next(line for line in as_text(description).splitlines() if "  weights " in line)
    assert line.endswith("not counting img_processor")
    assert as_json(description)["uncounted"] == ["img_processor"]


# What is no model ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            {"peft_type": "LORA", "base_model_name_or_path": "org/base", "r": 8},
            "LORA adapter of org/base",
        ),
        ({"_class_name": "FluxPipeline", "_diffusers_version": "0.30"}, "diffusion model"),
        ({"gguf": {"general.architecture": "qwen3"}}, "header of a GGUF file"),
        ({"bits": 4, "group_size": 128, "desc_act": False}, "quantize_config.json of GPTQ"),
        ({"eos_token_id": 2, "transformers_version": "4.40"}, "generation_config.json"),
        ({"image_processor_type": "X", "do_resize": True}, "preprocessor config"),
        ({"metadata": {}, "weight_map": {}}, "index of weight files"),
        ({"tokenizer_class": "X", "model_max_length": 1}, "tokenizer's config"),
        ({"bos_token": "<s>", "eos_token": "</s>"}, "tokenizer's config"),
        ({"quant_method": "compressed-tensors", "config_groups": {}}, "is quantised"),
        ({"w_bit": 4, "q_group_size": 128, "zero_point": True}, "is quantised"),
        ({"__version__": {}, "prompts": {}}, "sentence-transformers"),
        ({"word_embedding_dimension": 1024}, "sentence-transformers"),
        ({"max_seq_length": 512, "do_lower_case": False}, "sentence-transformers"),
        ({"temperature": 0.6, "top_p": 0.9}, "generation_config.json"),
        ({"output_dir": "out", "learning_rate": 1e-5}, "a training"),
        ({"log_history": [], "global_step": 9}, "a training"),
        ({"name": "x", "version": "1", "dependencies": {}}, "program's packages"),
        ({"pretrained_config": {}, "build_config": {}}, "TensorRT-LLM engine"),
        (
            {"architecture": "LlamaForCausalLM", "quantization": {}, "num_hidden_layers": 2},
            "TensorRT-LLM checkpoint",
        ),
        ({"model_type": "llama", "model_config": {}, "context_window_size": 1}, "MLC LLM"),
        ({"model_format": "gguf", "model_type": "8.0B", "file_type": "Q4_0"}, "Ollama"),
        ({"tensor_model_parallel_size": 8, "num_layers": 32}, "Megatron"),
        ({"model": {"decoder": {}}, "search": {}}, "ONNX Runtime"),
        ({"model_cfg": {}, "preprocess_cfg": {}}, "OpenCLIP"),
    ],
)
def test_a_file_that_is_no_model_is_named(config: dict[str, Any], said: str) -> None:
    assert said in what_it_is(config)


@pytest.mark.parametrize("config", [LLAMA, {"architecture": "resnet50", "num_classes": 10}])
def test_a_model_is_nothing_else(config: dict[str, Any]) -> None:
    assert what_it_is(config) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [("model.gguf", "GGUF"), ("config.yaml", "YAML"), ("model.safetensors", "weights")],
)
def test_a_file_is_named_by_its_ending(name: str, said: str, tmp_path: Path) -> None:
    assert said in what_its_name_says(name)
    (tmp_path / name).write_text("x: 1")
    with pytest.raises(InputError, match=said):
        load_architecture(str(tmp_path / name))


@pytest.mark.parametrize("model_type", ["llada2_moe", "comba", "path_attn", "moshi", "prophetnet"])
def test_assume_is_not_suggested_for_a_guess(model_type: str) -> None:
    with pytest.raises(UnknownArchitecture) as caught:
        read({**LLAMA, "model_type": model_type})
    assert "--assume" not in str(caught.value)


def test_assume_is_suggested_for_the_class_that_the_file_names() -> None:
    config = {**LLAMA, "model_type": "mystery", "architectures": ["LlamaForCausalLM"]}
    with pytest.raises(UnknownArchitecture, match="pass --assume llama"):
        read(config)


# Drafts -------------------------------------------------------------------------------------

LAYER = 64 * (64 + 2 * 32 + 64) + 3 * 64 * 128 + 2 * 64
"""A layer of the model above."""


def test_an_eagle3_draft_reads_embedding_and_state_side_by_side() -> None:
    config = {**LLAMA, "num_hidden_layers": 1, "draft_vocab_size": 500}
    model = read({**config, "architectures": ["LlamaForCausalLMEagle3"]})
    wider, norm, joined = 64 * (64 + 2 * 32), 64, 3 * 64 * 64
    ends = 1000 * 64 + 500 * 64 + 64
    assert model.total_parameters == LAYER + wider + norm + joined + ends


def test_p_eagle_has_further_layers_and_a_masked_state() -> None:
    config = {**LLAMA, "draft_vocab_size": 500, "architectures": ["PEagleDraftModel"]}
    one = read({**config, "num_hidden_layers": 1})
    assert read(config).total_parameters - one.total_parameters == LAYER
    eagle = read({**config, "num_hidden_layers": 1, "architectures": ["LlamaForCausalLMEagle3"]})
    assert one.total_parameters - eagle.total_parameters == 3 * 64


def test_a_speculators_file_nests_the_layer() -> None:
    flat = {**LLAMA, "num_hidden_layers": 1, "draft_vocab_size": 500}
    nested = {
        "architectures": ["Eagle3DraftModel"],
        "speculators_model_type": "eagle3",
        "draft_vocab_size": 500,
        "transformer_layer_config": {**LLAMA, "num_hidden_layers": 1},
    }
    assert read(nested).total_parameters == read(flat).total_parameters


def test_a_dflash_draft_has_neither_embedding_nor_head() -> None:
    config = {**LLAMA, "model_type": "qwen3", "head_dim": 16, "block_size": 16}
    model = read({**config, "architectures": ["DFlashDraftModel"], "num_target_layers": 36})
    assert model.total_parameters == 2 * (LAYER + 2 * 16) + 2 * 64 * 64 + 2 * 64


DSPARK = {
    **LLAMA,
    "model_type": "qwen3",
    "architectures": ["Qwen3DSparkModel"],
    "head_dim": 16,
    "block_size": 7,
    "markov_rank": 8,
    "enable_confidence_head": True,
    "dflash_config": {"target_layer_ids": [1, 9, 17], "num_target_layers": 36},
}


def test_a_dspark_draft_has_heads_of_the_token_before() -> None:
    layers, joined, norms = 2 * (LAYER + 2 * 16), 3 * 64 * 64, 2 * 64
    markov, confidence = 2 * 1000 * 8, 64 + 1
    assert read(DSPARK).total_parameters == layers + joined + norms + markov + confidence


def test_a_dspark_draft_of_speculators_nests_its_layers() -> None:
    inner = {key: DSPARK[key] for key in (*LLAMA, "head_dim")}
    outer = {key: DSPARK[key] for key in ("markov_rank", "enable_confidence_head", "block_size")}
    nested = {
        **outer,
        "architectures": ["DSparkDraftModel"],
        "speculators_model_type": "dspark",
        "aux_hidden_state_layer_ids": [1, 9, 17],
        "transformer_layer_config": inner,
    }
    assert read(nested).total_parameters == read(DSPARK).total_parameters


def test_a_domino_draft_corrects_by_a_recurrent_unit() -> None:
    """DFlash with a unit of 32 over embeddings, and two projections of it beside the states."""
    settings = {"projector_type": "domino", "emb_dim": 16, "gru_hidden_dim": 32}
    block = {"block_size": 16, "emb_dim": 16, "use_sliding_window": True}
    config = {**LLAMA, "model_type": "qwen3", "head_dim": 16, **block}
    flat = {name: value for name, value in config.items() if name != "emb_dim"}
    plain = read({**flat, "architectures": ["DFlashDraftModel"], "num_target_layers": 36})
    named = {"architectures": ["DominoDraftModel"], "dflash_config": settings}
    model = read({**config, **named})
    unit, projections = 3 * 32 * (64 + 32), (64 + 32) * 16 + 16 * 1000
    assert model.total_parameters - plain.total_parameters == unit + projections
    assert model.draft == "a DFlash draft"


def test_what_a_target_left_in_its_draft_changes_nothing() -> None:
    """AngelSlim's drafts of Hunyuan keep its cross-layer attention, SpecForge's of Qwen3-Next its
    step of experts."""
    config = {**LLAMA, "num_hidden_layers": 1, "draft_vocab_size": 500}
    left = {"use_cla": False, "cla_share_factor": 2, "dense_list": [64, 0], "class_num": 0}
    model = read({**config, **left, "decoder_sparse_step": 1, "pool_type": "last"})
    assert model.total_parameters == read(config).total_parameters


def test_angelslims_block_drafts_are_read_or_named() -> None:
    config = {**LLAMA, "model_type": "qwen3", "head_dim": 16, "num_target_layers": 36}
    plain = read({**config, "architectures": ["DFlashDraftModel"]})
    named = read({**config, "block_size": 16, "architectures": ["QwenDFlashDraftModel"]})
    assert named.total_parameters == plain.total_parameters
    assert "QwenDFlareDraftModel" in refusal({**config, "architectures": ["QwenDFlareDraftModel"]})


def test_drafts_of_unknown_projectors_are_refused() -> None:
    named = {"architectures": ["DFlashDraftModel"], "dflash_config": {"projector_type": "new"}}
    assert "projector_type" in refusal({**LLAMA, "model_type": "qwen3", **named})


def test_other_heads_of_dspark_are_refused() -> None:
    assert "markov_head_type" in refusal({**DSPARK, "markov_head_type": "rnn"})


def test_a_draft_of_another_kind_is_refused_by_its_class() -> None:
    config = {**LLAMA, "model_type": "qwen3", "architectures": ["Qwen3XPressModel"]}
    assert "Qwen3XPressModel" in refusal(config)


def test_a_draft_says_that_it_serves_nothing_by_itself() -> None:
    warnings = read({**LLAMA, "draft_vocab_size": 500}).warnings
    assert any("serves nothing by itself" in warning for warning in warnings)


def test_a_folder_of_an_adapter_names_its_base(tmp_path: Path) -> None:
    adapter = {"peft_type": "LORA", "base_model_name_or_path": "Qwen/Qwen3-8B"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(adapter))
    with pytest.raises(InputError, match="LORA adapter of Qwen/Qwen3-8B, not a model"):
        load_architecture(str(tmp_path))
