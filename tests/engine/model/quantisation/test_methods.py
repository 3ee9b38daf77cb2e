"""Quantisation dialects: formats, what stays in 16 bits, bytes per weight, refusals."""

from __future__ import annotations

import pytest

from engine.model.matrices import Role
from engine.model.quantisation.named import name_warning
from engine.model.quantisation.stored import read_stored
from engine.words.errors import InputError
from tests.engine import builders
from tests.engine.model.quantisation.reading import width


def read(section: dict, beside: dict | None = None, model=None, **top):
    config = {**top, "quantization_config": section} if section else top
    files = {"hf_quant_config.json": beside} if beside else {}
    return read_stored(config, config, files, model or builders.mixture()).precision


def test_no_section_means_sixteen_bits():
    precision = read({})
    assert (precision.name, precision.kv.name) == ("W16A16", "bf16")


def test_block_fp8_counts_its_scales():
    precision = read({"quant_method": "fp8", "weight_block_size": [128, 128]})
    assert precision.weights.bytes_per_element == 1 + 4 / (128 * 128)
    assert precision.activations.name == "fp8"


def test_per_tensor_fp8():
    assert read({"quant_method": "fp8", "weight_block_size": None}).weights.name == "fp8"


def test_router_and_head_stay_in_sixteen_bits():
    precision = read({"quant_method": "fp8"})
    assert precision.weight_format(Role.ROUTER).bits == 16
    assert precision.weight_format(Role.LM_HEAD).bits == 16


def test_awq_groups_hold_scale_and_zero_point():
    precision = read({"quant_method": "awq", "bits": 4, "group_size": 64, "zero_point": True})
    assert precision.weights.bytes_per_element * 8 == 4 + 20 / 64
    assert precision.activations.bits == 16


def test_gptq_three_bits():
    precision = read({"quant_method": "gptq", "bits": 3, "group_size": 128})
    assert precision.weights.bits == 3


def test_mxfp4_covers_only_experts():
    precision = read({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]})
    assert precision.weight_format(Role.ROUTED_EXPERT).name == "mxfp4"
    assert precision.weight_format(Role.ATTENTION).bits == 16


def test_modelopt_file_beside_the_config():
    beside = {"quantization": {"quant_algo": "NVFP4", "kv_cache_quant_algo": "FP8"}}
    precision = read({}, beside)
    assert (precision.name, precision.kv.name) == ("W4A4", "fp8")


def test_output_projections_are_stored_as_they_are_and_not_like_the_rest_of_attention():
    """As in nvidia/DeepSeek-R1-0528-FP4-v2."""
    ignored = [f"model.layers.{layer}.self_attn.{m}_proj" for layer in range(2) for m in "qkv"]
    beside = {"quantization": {"quant_algo": "NVFP4", "exclude_modules": ignored}}
    precision = read({}, beside)
    assert precision.weight_format(Role.ATTENTION).name == "bf16"
    assert precision.weight_format(Role.ATTENTION_OUTPUT).name == "nvfp4"


def test_missing_method_is_recognised_by_its_algorithm():
    precision = read({"quant_algo": "FP8", "kv_cache_scheme": "FP8", "ignore": ["lm_head"]})
    assert (precision.weights.name, precision.kv.name) == ("fp8", "fp8")


def test_ignored_regular_expressions():
    section = {
        "quant_method": "compressed-tensors",
        "format": "pack-quantized",
        "ignore": ["lm_head", "re:.*self_attn.*"],
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": {"num_bits": 4, "type": "int", "group_size": 32, "symmetric": True},
            }
        },
    }
    precision = read(section)
    assert precision.weight_format(Role.ATTENTION).bits == 16
    assert precision.weight_format(Role.ROUTED_EXPERT).bytes_per_element * 8 == 4 + 16 / 32


def test_a_few_ignored_layers_add_their_bytes_to_the_role():
    names = [f"model.layers.{layer}.mlp.down_proj" for layer in (0, 31)]
    section = {"quant_method": "fp8", "modules_to_not_convert": names}
    stored = read(section, model=builders.dense(layers=32)).weight_format(Role.DENSE_MLP)
    assert (stored.name, stored.mixed_with) == ("fp8", "bf16")
    # A third of the role's elements in 2 of 32 layers hold a byte more.
    assert stored.bytes_per_element == pytest.approx(1 + 2 / 32 / 3)


def test_layers_after_the_last_do_not_count():
    names = ["model.layers.32.mlp.down_proj", "model.layers.33.mlp"]
    section = {"quant_method": "fp8", "modules_to_not_convert": names}
    assert read(section, model=builders.dense(layers=32)).overrides == ()


def test_experts_may_be_named_as_mixtral_names_them():
    experts = builders.mixture().layers[-1].block.experts
    names = [
        f"model.layers.{layer}.block_sparse_moe.experts.{expert}.{matrix}"
        for layer in range(2)
        for expert in range(experts.count)
        for matrix in ("w1", "w2", "w3")
    ]
    mixed = {module: {"quant_algo": "NVFP4"} for module in names}
    section = {"quant_algo": "MIXED_PRECISION", "quantized_layers": mixed}
    assert read(section).weight_format(Role.ROUTED_EXPERT).name == "nvfp4"


def test_most_ignored_layers_do():
    names = [
        f"model.layers.{layer}.self_attn.{part}_proj" for layer in range(30) for part in "qkvo"
    ]
    section = {"quant_method": "fp8", "modules_to_not_convert": names}
    precision = read(section, model=builders.dense(layers=32))
    assert precision.weight_format(Role.ATTENTION).bits == 16


def test_mixed_precision_by_module():
    layers = {f"model.layers.{n}.mlp.experts": {"quant_algo": "NVFP4"} for n in range(2)}
    layers |= {
        f"model.layers.{n}.self_attn.{p}_proj": {"quant_algo": "FP8"}
        for n in range(2)
        for p in "qkvo"
    }
    beside = {"quantization": {"quant_algo": "MIXED_PRECISION", "quantized_layers": layers}}
    precision = read({}, beside)
    assert precision.weight_format(Role.ROUTED_EXPERT).name == "nvfp4"
    assert precision.weight_format(Role.ATTENTION).name == "fp8"


def test_fp4_experts_in_an_fp8_checkpoint():
    precision = read({"quant_method": "fp8", "weight_block_size": [128, 128]}, expert_dtype="fp4")
    assert precision.weight_format(Role.ROUTED_EXPERT).name == "mxfp4"
    assert precision.weight_format(Role.ATTENTION).name == "fp8_block"


def test_bitsandbytes_double_quantisation():
    section = {"load_in_4bit": True, "bnb_4bit_use_double_quant": True}
    assert read(section).weights.bytes_per_element * 8 == pytest.approx(4.127)


@pytest.mark.parametrize(
    "section",
    [
        {"quant_method": "magic"},
        {"quant_method": "modelopt", "quant_algo": "FP7"},
        {"quant_method": "gptq", "bits": 5},
        {"quant_method": "gptq", "bits": 0},
        {"quant_method": "gptq", "bits": 4, "group_size": 0},
        {"quant_method": "awq", "bits": 4, "modules_to_not_convert": "lm_head"},
        {"quant_method": "fp8", "fmt": "e9m9"},
        {"quant_method": "torchao", "quant_type": "int1"},
        {"quant_algo": "FP8", "kv_cache_scheme": "FP5"},
    ],
)
def test_unknown_methods_are_refused_with_the_way_out(section: dict):
    with pytest.raises(InputError, match="expected"):
        read(section)


@pytest.mark.parametrize("pattern", ["re:(a+)+$", "re:["])
def test_hostile_patterns_are_refused_by_name(pattern: str):
    section = {"quant_method": "compressed-tensors", "ignore": [pattern], "config_groups": {}}
    with pytest.raises(InputError, match="found 're:"):
        read(section)


@pytest.mark.parametrize(
    ("section", "bits", "activations"),
    [
        ({"quant_method": "hqq", "quant_config": {"weight_quant_params": {"nbits": 4}}}, 4.5, 16),
        ({"quant_method": "eetq"}, 8 + 16 / 4096, 16),
        ({"quant_method": "quanto", "weights": "float8"}, 8, 16),
        ({"quant_method": "bitnet"}, 2, 8),
        ({"quant_method": "mxfp8"}, 8.25, 8),
        ({"quant_method": "ptpc_fp8"}, 8, 8),
        ({"quant_method": "metal", "bits": 4, "group_size": 64}, 4.5, 16),
        ({"quant_method": "sinq", "nbits": 4, "group_size": 64}, 4.5, 16),
        ({"quant_method": "fp_quant", "forward_dtype": "mxfp4"}, 4.25, 4),
        ({"quant_method": "fouroversix", "dtype": "nvfp4"}, 4.5, 4),
        ({"quant_method": "nvfp4"}, 4.5, 4),
        ({"quant_method": "gemma", "num_bits": 4}, 4 + 32 / 4096, 16),
        ({"quant_method": "w8a8_int8"}, 8, 8),
        ({"quant_method": "w8a8_fp8"}, 8, 8),
        ({"quant_method": "blockwise_int8", "weight_block_size": [128, 128]}, 8 + 2**-9, 8),
        ({"quant_method": "auto_gptq", "bits": 4, "group_size": 128}, 4 + 20 / 128, 16),
        ({"quant_method": "gptq_marlin", "bits": 4, "group_size": 128}, 4 + 20 / 128, 16),
        ({"w_bit": 4, "q_group_size": 128, "zero_point": True}, 4 + 20 / 128, 16),
        ({"quant_method": "intel/auto-round", "bits": 2, "group_size": 64}, 2 + 18 / 64, 16),
        ({"quant_method": "torchao", "quant_type": "float8dq"}, 8, 8),
    ],
    ids=lambda value: value.get("quant_method", "awq") if isinstance(value, dict) else str(value),
)
def test_methods_of_single_tools(section: dict, bits: float, activations: int):
    precision = read(section)
    assert precision.weights.bytes_per_element * 8 == pytest.approx(bits)
    assert precision.activations.bits == activations


def test_gemmas_own_method_has_bits_by_pattern_and_may_quantise_the_embeddings():
    section = {"quant_method": "gemma", "num_bits": 4, "quantize_embeddings": True}
    section |= {"module_quant_configs": {r"layers\.\d+\.mlp": {"num_bits": 2}}}
    precision = read(section, model=builders.dense(layers=4))
    scale = 32 / 4096
    assert width(precision.weight_format(Role.DENSE_MLP)) == pytest.approx(2 + scale)
    assert width(precision.weight_format(Role.ATTENTION)) == pytest.approx(4 + scale)
    assert width(precision.weight_format(Role.EMBEDDING)) == pytest.approx(4 + scale)


@pytest.mark.parametrize(
    "section",
    [
        {"quant_method": "fp_quant", "forward_dtype": "fp8"},
        {"quant_method": "fp_quant", "store_master_weights": True},
    ],
)
def test_four_bit_floats_of_other_kinds_are_refused(section: dict):
    with pytest.raises(InputError, match="expected"):
        read(section)


def test_w4afp8_keeps_dense_layers_in_block_fp8():
    precision = read({"quant_method": "w4afp8"})
    assert precision.weight_format(Role.ROUTED_EXPERT).bits == 4
    assert precision.weight_format(Role.ATTENTION).name == "fp8_block"


def test_blocks_may_be_written_as_text():
    weights = {"num_bits": 8, "type": "float", "block_structure": "128x128"}
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    precision = read({"quant_method": "compressed-tensors", "config_groups": groups})
    assert precision.weights.scale_bits == 32 / (128 * 128)


def test_layers_that_fp8_names_as_ignored_stay_plain():
    ignored = {"quant_method": "fp8", "ignored_layers": ["self_attn"]}
    assert read(ignored).weight_format(Role.ATTENTION).bits == 16


@pytest.mark.parametrize(
    "name",
    ["model.visual.encoder.layers.0.self_attn.q_proj", "mtp.layers.0*", "audio.layers.1.mlp"],
)
def test_layers_of_towers_and_of_prediction_are_not_those_of_the_text(name: str):
    section = {"quant_method": "fp8", "modules_to_not_convert": [name]}
    assert read(section, model=builders.dense(layers=2)).overrides == ()


@pytest.mark.parametrize(
    ("name", "section", "warned"),
    [
        ("GLM-4.7-FP8", {}, True),
        ("GLM-4.7-FP8", {"quant_method": "fp8"}, False),
        ("Model-7B", {}, False),
        ("llama-3-8b-bnb-4bit", {}, True),
    ],
)
def test_a_name_that_says_quantised_is_compared(name: str, section: dict, warned: bool):
    assert bool(name_warning(name, read(section))) is warned


# --- what no dialect means -------------------------------------------------------------------

PLAIN = {
    "fp8": {"quant_method": "fp8", "fmt": "e4m3", "activation_scheme": "dynamic"},
    "awq": {"quant_method": "awq", "bits": 4, "group_size": 128},
    "gptq": {"quant_method": "gptq", "bits": 4, "group_size": 128},
    "compressed-tensors": {
        "quant_method": "compressed-tensors",
        "config_groups": {"0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "int"}}},
    },
    "mxfp4": {"quant_method": "mxfp4"},
    "bitsandbytes": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    "torchao": {"quant_method": "torchao", "quant_type": "int4wo"},
    "modelopt": {"quant_method": "modelopt", "quant_algo": "FP8"},
    "hqq": {"quant_method": "hqq"},
}
LISTS = ("modules_to_not_convert", "ignored_layers", "ignore", "exclude", "exclude_modules")


@pytest.mark.parametrize("method", PLAIN)
@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize("value", ["lm_head", 3, True, {"lm_head": 1}, ["lm_head", 5]])
def test_an_exclusion_list_that_is_none_is_refused_by_name(method: str, key: str, value: object):
    with pytest.raises(InputError, match=f"{key}: found .*expected a list of module names"):
        read({**PLAIN[method], key: value})


@pytest.mark.parametrize("method", PLAIN)
def test_an_exclusion_list_that_is_null_is_none(method: str):
    assert read({**PLAIN[method], **dict.fromkeys(LISTS)}) == read(PLAIN[method])


@pytest.mark.parametrize("method", ["awq", "gptq"])
@pytest.mark.parametrize("key", ["bits", "group_size"])
@pytest.mark.parametrize("value", [0, -2, 0.5, "4", True, 1 << 21])
def test_counts_that_cannot_be_are_refused_by_name(method: str, key: str, value: object):
    with pytest.raises(InputError, match=rf"quantization_config\.{key}: found"):
        read({**PLAIN[method], key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [("fmt", "e9m9"), ("fmt", 4), ("activation_scheme", 5), ("activation_scheme", "some")],
)
def test_words_that_do_not_exist_are_refused_by_name(key: str, value: object):
    with pytest.raises(InputError, match=rf"quantization_config\.{key}: found .*expected one of"):
        read({**PLAIN["fp8"], key: value})


@pytest.mark.parametrize("method", [7, True, ["fp8"]])
def test_a_method_that_is_no_name_is_refused(method: object):
    with pytest.raises(InputError, match=r"quantization_config\.quant_method: found"):
        read({"quant_method": method})


def test_an_empty_section_is_not_taken_for_sixteen_bits():
    config = {"quantization_config": {}}
    with pytest.raises(InputError, match=r"quantization_config: found \{\}, expected a"):
        read_stored(config, config, {}, builders.mixture())


def test_a_list_beside_the_config_is_held_to_the_same():
    beside = {"quantization": {"quant_algo": "FP8", "exclude_modules": "lm_head"}}
    with pytest.raises(InputError, match=r"hf_quant_config\.json: .*exclude_modules"):
        read({}, beside)
