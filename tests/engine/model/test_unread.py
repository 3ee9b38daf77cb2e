"""Which unread keys stop the reading: those that may change bytes or FLOPs, and no others."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError, UnknownArchitecture

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 1000,
    "tie_word_embeddings": False,
}
WRAPPER = {
    "model_type": "unheard_of_vl",
    "text_config": LLAMA,
    "vision_config": {"hidden_size": 32, "num_hidden_layers": 1},
}


def read(extra: dict[str, Any], assume: str = "") -> Any:
    return read_architecture({**LLAMA, **extra}, "config.json", "model", assume)


@pytest.mark.parametrize(
    "extra",
    [
        {"attention_dropout": 0.1, "hidden_dropout": 0.2, "classifier_dropout": 0.3},
        {"use_flash_attn": True, "use_fused_rotary": True, "use_mamba_kernels": True},
        {"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0}, "rotary_base": 10000},
        {"bos_token_id": 1, "eos_token_id": [2, 3], "image_token_index": 9, "pad_token_id": None},
        {"auto_map": {"AutoConfig": "configuration_x.X"}, "architectures": ["LlamaForCausalLM"]},
        {"do_sample": True, "temperature": 0.6, "top_p": 0.95, "max_new_tokens": 32},
        {"router_aux_loss_coef": 0.001, "initializer_range": 0.02, "init_std": 0.01},
        {"use_sliding_window": False, "sliding_window": 4096, "max_window_layers": 28},
        {"num_query_groups": 2, "head_dim": 16, "ffn_hidden_size": 128},
        {"vision_batch_size": 16, "max_image_tokens": 256, "tile_size": 512, "max_pixels": 99},
        {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}},
        {"chunk_size": 256, "mamba_chunk_size": 128, "torch_dtype": "bfloat16"},
        {"is_composition": True, "tokenizer_class": "LlamaTokenizer", "unsloth_fixed": True},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_keys_without_effect_are_passed_over(extra: dict[str, Any]) -> None:
    assert read(extra).total_parameters == read({}).total_parameters


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_experts", 8),
        ("kv_lora_rank", 512),
        ("sliding_window", 4096),
        ("layer_types_pattern", "LLG"),
        ("use_qk_norm", True),
        ("num_extra_layers", 4),
        ("num_head_dims", 32),
        ("adapter_config", {"rank": 8}),
        ("mtp_block", True),
        ("enable_gate", True),
    ],
)
def test_keys_that_may_change_work_stop_with_name_and_value(key: str, value: object) -> None:
    with pytest.raises(UnknownArchitecture) as caught:
        read({key: value})
    shown = "true" if value is True else str(value).strip("'")
    assert f"{key} = " in str(caught.value)
    assert shown[:20] in str(caught.value)
    assert "--assume llama" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("ffn_hidden_size", 256, "ffn_hidden_size is 256, expected 128, as intermediate_size says"),
        ("n_layer", 3, "n_layer is 3, expected 2, as num_hidden_layers says"),
        ("num_kv_heads", 4, "num_kv_heads is 4, expected 2, as num_key_value_heads says"),
    ],
)
def test_two_spellings_that_contradict_are_refused(key: str, value: int, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        read({key: value})


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_a_key_that_is_off_stops_nothing(value: object) -> None:
    assert read({"num_experts": value}).total_parameters == read({}).total_parameters


def test_assume_turns_the_refusal_into_a_warning() -> None:
    architecture = read({"num_experts": 8}, assume="llama")
    assert any("num_experts = 8" in warning for warning in architecture.warnings)


def test_a_repeated_value_that_contradicts_is_not_passed_over() -> None:
    with pytest.raises(UnknownArchitecture, match="num_query_groups = 3"):
        read({"num_query_groups": 3})


def test_an_unknown_wrapper_says_how_to_read_its_text_model() -> None:
    with pytest.raises(UnknownArchitecture, match="its text model is a llama: pass --assume llama"):
        read_architecture(dict(WRAPPER), "config.json", "model")


def test_assume_reads_the_text_model_of_a_wrapper() -> None:
    architecture = read_architecture(dict(WRAPPER), "config.json", "model", "llama")
    assert architecture.total_parameters == read({}).total_parameters
    assert any("towers are not counted" in warning for warning in architecture.warnings)


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("Model-671B", True),
        ("Model-0.2M", False),
        ("Model-8x7B", False),
        ("Model", False),
        ("Model-1_8B", True),
        ("model_3_1_405b", True),
    ],
)
def test_the_size_in_the_name_is_compared(name: str, warned: bool) -> None:
    architecture = read_architecture(dict(LLAMA), "config.json", name)
    assert any("the name says" in warning for warning in architecture.warnings) is warned


@pytest.mark.parametrize("name", ["org_model_3_1_70b", "model-2_70B", "model_7_3_70_0b"])
def test_an_underscore_in_a_name_may_or_may_not_be_a_point(name: str) -> None:
    big = {**LLAMA, "hidden_size": 8192, "num_hidden_layers": 80, "intermediate_size": 28672}
    big |= {"num_attention_heads": 64, "num_key_value_heads": 8, "vocab_size": 128256}
    warnings = read_architecture({**big, "head_dim": 128}, "config.json", name).warnings
    assert not any("the name says" in warning for warning in warnings)


def test_experts_in_the_name_are_compared() -> None:
    mixtral = {**LLAMA, "model_type": "mixtral", "num_local_experts": 4}
    architecture = read_architecture(mixtral, "config.json", "Mixtral-8x7B")
    assert any("the config gives 4 experts" in warning for warning in architecture.warnings)


@pytest.mark.parametrize("spelling", ["Qwen2", "qwen-2", "gpt-neox", "GPT_NeoX", "lfm2-vl"])
def test_case_and_hyphens_of_a_model_type_make_no_difference(spelling: str) -> None:
    from engine.model.dialects.index import canonical, reader_for

    plain = spelling.lower().replace("-", "_")
    known = reader_for(plain) is not None
    assert (reader_for(spelling) is not None) is known
    assert not known or canonical(spelling) == canonical(plain)
