"""Where a checkpoint says how it is stored: every place is read, none is taken for 16 bits."""

from __future__ import annotations

import pytest

from engine.model.matrices import Role
from engine.model.quantisation.stored import read_stored
from engine.words.errors import InputError
from tests.engine.model.quantisation.reading import DENSE, of, read, width

PACKED = {
    "quant_method": "compressed-tensors",
    "format": "pack-quantized",
    "ignore": ["lm_head"],
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": True},
        }
    },
}
AUTOGPTQ = {"bits": 4, "group_size": 128, "desc_act": False, "sym": True, "damp_percent": 0.01}
AUTOAWQ = {"w_bit": 4, "q_group_size": 64, "zero_point": True, "version": "GEMM"}
MLX = {"group_size": 64, "bits": 4}
DESCRIPTION = "quant_model_description.json"


@pytest.mark.parametrize(
    "stated", [PACKED, {"quantization_config": PACKED, "sparsity_config": {"format": "dense"}}]
)
def test_compression_config_is_quantization_config_by_its_older_name(stated: dict):
    assert width(read(compression_config=stated).weights) == 4 + 16 / 128


def test_compression_config_of_a_nested_text_model_is_read():
    text = {"compression_config": PACKED}
    assert read_stored({"text_config": text}, text, {}, DENSE).precision.weights.bits == 4


@pytest.mark.parametrize(
    ("name", "values", "bits"),
    [
        ("quantize_config.json", AUTOGPTQ, 4 + 20 / 128),
        ("quantize_config.json", {**AUTOGPTQ, "quant_method": "awq"}, 4 + 20 / 128),
        ("quant_config.json", AUTOAWQ, 4 + 20 / 64),
    ],
)
def test_what_gptq_and_awq_tools_wrote_beside_the_config_is_read(name, values, bits):
    assert width(read(beside={name: values}).weights) == bits


def test_the_config_itself_comes_before_a_file_beside_it():
    assert read({"quant_method": "fp8"}, {"quantize_config.json": AUTOGPTQ}).weights.name == "fp8"


@pytest.mark.parametrize(
    "top",
    [
        {"quantization": MLX},
        {"quantization_config": MLX},
        {"quantization": MLX} | {"quantization_config": MLX},
    ],
)
def test_all_ways_in_which_mlx_has_written_are_one(top: dict):
    precision = read(**top)
    assert of(precision, Role.DENSE_MLP) == (4.5, "bf16")
    assert of(precision, Role.EMBEDDING)[0] == 4.5
    assert of(precision, Role.LM_HEAD)[0] == 4.5


def test_mlx_comes_before_what_the_original_left_in_the_file():
    original = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    assert read(original, quantization=MLX).weights.bits == 4


def test_tensorrt_llm_says_modelopt_s_words_in_the_config():
    found = read(quantization={"quant_algo": "FP8", "kv_cache_quant_algo": "INT8"})
    assert (found.name, found.kv.name) == ("W8A8", "int8")


def described(**types: str) -> dict[str, str]:
    """A description of `DENSE`, ``types`` by the part of a path."""
    found = {"model_quant_type": "W8A8_DYNAMIC", "lm_head.weight": "FLOAT"}
    for layer in range(4):
        for part in "qkvo":
            module = f"model.layers.{layer}.self_attn.{part}_proj"
            found[f"{module}.weight"] = found[f"{module}.weight_scale"] = types["attention"]
        for part in ("gate", "up", "down"):
            found[f"model.layers.{layer}.mlp.{part}_proj.weight"] = types["mlp"]
    return found


def test_ascend_s_description_names_the_type_of_every_tensor():
    beside = {DESCRIPTION: described(attention="W8A8_DYNAMIC", mlp="W4A8_DYNAMIC")}
    precision = read(beside=beside)
    assert of(precision, Role.ATTENTION) == (8, "int8")
    assert of(precision, Role.DENSE_MLP) == (4 + 32 / 4096, "int8")
    assert precision.weight_format(Role.LM_HEAD).bits == 16


def test_what_ascend_s_description_leaves_alone_is_plain():
    beside = {DESCRIPTION: described(attention="FLOAT", mlp="W8A16")}
    precision = read(beside=beside)
    assert of(precision, Role.ATTENTION)[0] == 16
    assert of(precision, Role.DENSE_MLP) == (8, "bf16")


def test_ascend_s_description_comes_before_the_original_s_words():
    beside = {DESCRIPTION: described(attention="W8A8", mlp="W8A8")}
    assert read({"quant_method": "fp8"}, beside).weights.name == "int8"


def test_ascend_s_group_size_is_that_of_the_file():
    beside = {DESCRIPTION: {"model_quant_type": "W4A8_DYNAMIC", "group_size": 256}}
    assert width(read(beside=beside).weights) == 4 + 32 / 256


def test_ascend_s_group_size_of_0_is_a_row():
    beside = {DESCRIPTION: {"model_quant_type": "W4A8_DYNAMIC", "group_size": 0}}
    assert width(read(beside=beside).weights) == 4 + 32 / 4096


def test_ascend_s_eight_bit_cache_is_read():
    beside = {DESCRIPTION: {"model_quant_type": "W8A8", "kv_cache_type": "C8"}}
    assert read(beside=beside).kv.name == "int8"


def test_modelslim_may_write_groups_into_the_config():
    assert width(read({**PACKED, "quant_method": "modelslim"}).weights) == 4 + 16 / 128


@pytest.mark.parametrize(("word", "name"), [("w8a8_dynamic", "W8A8"), ("w8a16", "W8A16")])
def test_mindie_says_the_type_in_one_word(word: str, name: str):
    assert read(quantize=word).name == name


@pytest.mark.parametrize("bits", [4, 8])
def test_chatglm_says_bits_alone(bits: int):
    assert read(quantization_bit=bits).weights.bits == bits
    assert read(quantization_bit=0).weights.bits == 16


@pytest.mark.parametrize(
    ("top", "beside", "said"),
    [
        ({"quantization": {"scheme": "Q4_K_M"}}, {}, "expected bits, mode or quant_algo"),
        ({"quantization": "Q4_K_M"}, {}, "expected a mapping"),
        ({"quantize": "w8a8sc"}, {}, "expected one of W4A4"),
        ({"quantization_config": {}}, {}, "expected a quant_method"),
        ({"compression_config": {"format": "dense"}}, {}, "expected config_groups"),
        ({"quantization_config": {"quant_method": "ascend"}}, {}, DESCRIPTION),
        ({"quantization_config": {"quant_method": "modelopt"}}, {}, "quant_algo"),
        ({"quantization_config": {"quant_method": "quark"}}, {}, "global_quant_config"),
        ({}, {DESCRIPTION: {"model_quant_type": "W3A8"}}, f"{DESCRIPTION}: quantisation type"),
        ({}, {"quantize_config.json": {"quant_method": "exl3"}}, "quantize_config.json: quant"),
    ],
)
def test_what_is_not_understood_is_refused(top: dict, beside: dict, said: str):
    with pytest.raises(InputError, match=said):
        read(beside=beside, **top)
