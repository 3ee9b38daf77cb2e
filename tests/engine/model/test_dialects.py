"""The rules that hold for every dialect: refusal by key, assumptions, aliases, defaults."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from engine.model.architecture import Architecture
from engine.model.config import load_architecture, read_raw
from engine.model.cores import AttentionCore
from engine.model.dialects.families import FAMILIES
from engine.model.dialects.index import model_type_of_architectures, reader_for
from engine.model.dialects.reading import read_architecture
from engine.model.dialects.spellings import ALIASES
from engine.words.errors import UnknownArchitecture

LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 100,
}


def read(config: dict[str, Any], name: str = "x", assume: str = "") -> Architecture:
    return read_architecture(config, "x.json", name, assume)


@pytest.mark.parametrize("module", FAMILIES)
def test_every_family_has_a_reader(module: str) -> None:
    assert callable(importlib.import_module(f"engine.model.dialects.{module}").read)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_alias_leads_somewhere(alias: str) -> None:
    assert reader_for(alias) is not None


def test_no_model_type_has_two_families() -> None:
    kinds = [kind for family in FAMILIES.values() for kind in family]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_memory_heads", 3),
        ("memory_dim", 16),
        ("use_hyper_gate", True),
        ("block_pattern", "LLG"),
        ("extra_layers", [1, 2, 3, 4]),
        ("vision_config", {"hidden_size": 32}),
        ("attn_qkv_bias", True),
        ("q_lora_rank", 8),
        ("num_experts", 8),
    ],
)
def test_structural_keys_nobody_reads_are_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(UnknownArchitecture, match=f"key {key} = "):
        read({**LLAMA, key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("eos_token_id", 2),
        ("rope_theta", 1e6),
        ("rope_scaling", {"type": "yarn", "factor": 4, "num_things": 3}),
        ("transformers_version", "9.9"),
        ("num_experts", 0),
        ("vision_config", None),
        ("use_hyper_gate", False),
        ("some_new_note", "hello"),
        ("attention_dropout", 0.1),
        ("task_specific_params", {"a": {"num_beams": 4}}),
    ],
)
def test_noise_and_switched_off_keys_are_not_refused(key: str, value: object) -> None:
    assert read({**LLAMA, key: value}).total_parameters == read(LLAMA).total_parameters


def test_refusal_names_the_nearest_spelling() -> None:
    with pytest.raises(UnknownArchitecture, match="nearest known key num_key_value_heads"):
        read({**LLAMA, "num_key_values_heads": 2})


def test_assume_turns_unread_keys_into_warnings() -> None:
    architecture = read({**LLAMA, "memory_dim": 16}, assume="llama")
    assert any("memory_dim" in warning for warning in architecture.warnings)


def test_class_defaults_are_listed_as_assumptions() -> None:
    reasons = {item.key: item.reason for item in read(LLAMA).assumptions}
    assert reasons["mlp_bias"] == "class default of llama"


def test_absent_kv_heads_mean_as_many_as_heads() -> None:
    config = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
    architecture = read(config)
    core = next(architecture.blocks())[0].cores[0]
    assert isinstance(core, AttentionCore)
    assert core.kv_heads == 4


def test_absent_query_rank_is_not_null() -> None:
    """Null means no down-projection; absent means the class default of 1536."""
    raw = read_raw("deepseek-v3").config
    absent = {key: value for key, value in raw.items() if key != "q_lora_rank"}
    assert read(absent).total_parameters == read(raw).total_parameters
    assert read({**raw, "q_lora_rank": None}).total_parameters > read(raw).total_parameters


def test_model_type_falls_back_to_architectures_only_when_absent() -> None:
    config = {key: value for key, value in LLAMA.items() if key != "model_type"}
    config["architectures"] = ["LlamaForCausalLM"]
    assert read(config).total_parameters == read(LLAMA).total_parameters
    with pytest.raises(UnknownArchitecture):
        read({**config, "model_type": "frobnicator"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LlamaForCausalLM", "llama"),
        ("DeepseekV3ForCausalLM", "deepseek_v3"),
        ("Qwen3MoeForCausalLM", "qwen3_moe"),
        ("NobodyForCausalLM", ""),
    ],
)
def test_class_names_are_model_types(name: str, expected: str) -> None:
    assert model_type_of_architectures([name]) == expected


@pytest.mark.parametrize(
    ("name", "warned"),
    [("Tiny-671B", True), ("Tiny", False), ("llama-x-0.0001M", False), ("LWM-1M-Context", False)],
)
def test_size_in_the_name_is_compared(name: str, warned: bool) -> None:
    assert bool(read(LLAMA, name).warnings) is warned


def test_windows_by_letters_count_only_local_layers() -> None:
    config = {
        **LLAMA,
        "model_type": "exaone4",
        "sliding_window": 16,
        "sliding_window_pattern": "LLLG",
    }
    kinds = {block.kind: count for block, count in read(config).blocks()}
    assert kinds == {"sliding attention + dense": 3, "attention + dense": 1}


def test_switched_off_window_is_no_window() -> None:
    config = {
        **LLAMA,
        "model_type": "qwen2",
        "use_sliding_window": False,
        "sliding_window": 16,
        "max_window_layers": 2,
    }
    architecture = read(config)
    whole = architecture.cached_elements_per_token()
    assert architecture.unbounded_cached_elements_per_token() == whole


def test_gpt_oss_alternates_and_keeps_sinks() -> None:
    architecture = load_architecture("gpt-oss-120b").architecture
    assert isinstance(architecture, Architecture)
    assert sorted(count for _, count in architecture.blocks()) == [18, 18]


def test_groups_must_divide_experts() -> None:
    raw = read_raw("deepseek-v3").config
    with pytest.raises(Exception, match="n_group is 7, expected a divisor of the 256 experts"):
        read({**raw, "n_group": 7})


def test_top_k_cannot_exceed_experts() -> None:
    raw = read_raw("mixtral-8x7b").config
    with pytest.raises(Exception, match="num_experts_per_tok is 9, expected at most the 8"):
        read({**raw, "num_experts_per_tok": 9})
