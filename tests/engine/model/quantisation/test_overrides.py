"""Single layers and modules inside a method: their bytes, and what they are multiplied with."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.matrices import Role
from engine.model.quantisation.stored import read_stored
from engine.words.errors import InputError
from tests.engine import builders
from tests.engine.model.quantisation.reading import DENSE, of, read, width

GPTQ = {"quant_method": "gptq", "bits": 4, "group_size": 128}
FOUR = 4 + 20 / 128
EIGHT = 8 + 24 / 128


def test_gptq_leaves_alone_what_a_minus_names():
    precision = read({**GPTQ, "dynamic": {r"-:.*self_attn.*": {}}})
    assert of(precision, Role.ATTENTION)[0] == 16
    assert of(precision, Role.DENSE_MLP)[0] == FOUR


@pytest.mark.parametrize("sign", ["", "+:"])
def test_gptq_s_modules_have_bits_of_their_own(sign: str):
    precision = read({**GPTQ, "dynamic": {rf"{sign}.*\.mlp\..*": {"bits": 8}}})
    assert of(precision, Role.DENSE_MLP)[0] == EIGHT
    assert of(precision, Role.ATTENTION)[0] == FOUR


def test_gptq_s_patterns_may_name_single_layers():
    """One of four layers at 8 bits, another left alone."""
    own = {r".*\.2\..*": {"bits": 8}, r"-:model\.layers\.(?:0|9)\..*": {}}
    found = of(read({**GPTQ, "dynamic": own}), Role.DENSE_MLP)[0]
    assert found == pytest.approx((2 * FOUR + EIGHT + 16) / 4)


def test_what_is_left_alone_comes_before_other_patterns():
    own = {r".*mlp.*": {"bits": 8}, r"-:.*\.mlp\..*": {}}
    assert of(read({**GPTQ, "dynamic": own}), Role.DENSE_MLP)[0] == 16


def test_a_pattern_for_the_gate_does_not_mean_the_projection_beside_it():
    own = {r".*gate.*": {"bits": 8}}
    found = of(read({**GPTQ, "dynamic": own}), Role.DENSE_MLP)[0]
    assert found == pytest.approx((2 * FOUR + EIGHT) / 3)


@pytest.mark.parametrize(
    "own", [["a"], {".*": 4}, {".*": {"bits": 5}}], ids=["list", "number", "bits"]
)
def test_gptq_patterns_that_say_something_else_are_refused(own: object):
    with pytest.raises(InputError, match="expected"):
        read({**GPTQ, "dynamic": own})


# --- Quark ------------------------------------------------------------------------------------

FP8 = {"dtype": "fp8_e4m3", "qscheme": "per_tensor"}
MXFP4 = {"dtype": "fp4", "qscheme": "per_group", "group_size": 32}
BOTH_FP8 = {"weight": FP8, "input_tensors": FP8}
BOTH_MXFP4 = {"weight": MXFP4, "input_tensors": MXFP4}


def quark(**values: Any) -> dict[str, Any]:
    return {"quant_method": "quark", "exclude": ["lm_head"], **values}


def test_quark_s_layers_have_formats_and_activations_of_their_own():
    precision = read(
        quark(global_quant_config=BOTH_MXFP4, layer_quant_config={"*self_attn*": BOTH_FP8})
    )
    assert of(precision, Role.DENSE_MLP) == (4.25, "mxfp4")
    assert of(precision, Role.ATTENTION) == (8, "fp8")


def test_quark_s_classes_of_layers_are_read():
    section = quark(layer_type_quant_config={"FusedMoE": BOTH_MXFP4, "Linear": BOTH_FP8})
    precision = read(section, model=builders.mixture())
    assert of(precision, Role.ATTENTION) == (8, "fp8")


@pytest.mark.parametrize(
    ("weight", "inputs", "bits", "activations"),
    [
        ([FP8, {"dtype": "int4", "qscheme": "per_channel"}], FP8, 4 + 16 / 4096, "fp8"),
        (
            [{"dtype": "fp4", "group_size": 16}, FP8],
            [{"dtype": "fp4", "group_size": 16}],
            4.5,
            "nvfp4",
        ),
        ({"dtype": "uint4", "group_size": 32}, None, 4 + 20 / 32, "bf16"),
        ({"dtype": "fp6_e3m2", "group_size": 32}, None, 6.25, "bf16"),
    ],
    ids=["int4-fp8", "nvfp4", "uint4", "mxfp6"],
)
def test_quark_s_stages_store_the_narrower(weight, inputs, bits, activations):
    section = quark(global_quant_config={"weight": weight, "input_tensors": inputs})
    assert of(read(section), Role.DENSE_MLP) == (bits, activations)


def test_quark_s_cache_is_the_format_of_the_outputs_that_a_group_names():
    outputs = {"*k_proj": {**BOTH_FP8, "output_tensors": FP8}}
    section = quark(
        global_quant_config=BOTH_FP8,
        layer_quant_config=outputs,
        export={"kv_cache_group": ["*k_proj", "*v_proj"]},
    )
    assert read(section).kv.name == "fp8"


@pytest.mark.parametrize(
    ("scheme", "name"), [("int4_wo_128", "W4A16"), ("mxfp4_fp8", "W4A8"), ("ptpc_fp8", "W8A8")]
)
def test_quark_s_schemes_are_read_by_name(scheme: str, name: str):
    assert read(quark(quant_scheme=scheme)).name == name


@pytest.mark.parametrize(
    "values",
    [
        {"quant_scheme": "int4_magic"},
        {"global_quant_config": {"weight": {"dtype": "fp3"}}},
        {"global_quant_config": {"weight": "fp8"}},
        {"layer_quant_config": {"*mlp*": {}}},
        {"global_quant_config": BOTH_FP8, "layer_quant_config": {"*": "fp8"}},
        {"global_quant_config": BOTH_FP8, "layer_type_quant_config": {"Conv2d": BOTH_FP8}},
    ],
)
def test_what_quark_says_otherwise_is_refused(values: dict):
    with pytest.raises(InputError, match="expected"):
        read(quark(**values))


# --- torchao ----------------------------------------------------------------------------------


def torchao(kind: str, **data: Any) -> dict[str, Any]:
    return {
        "quant_method": "torchao",
        "quant_type": {"default": {"_type": kind, "_version": 2, "_data": data}},
    }


def per_group(size: int) -> dict[str, Any]:
    return {"_type": "PerGroup", "_data": {"group_size": size}}


@pytest.mark.parametrize("group", [32, 64, 128, 256])
def test_torchao_s_group_size_is_an_argument_or_in_the_configuration(group: int):
    named = {"quant_method": "torchao", "quant_type": "int4_weight_only"}
    named["quant_type_kwargs"] = {"group_size": group}
    for section in (named, torchao("Int4WeightOnlyConfig", group_size=group)):
        assert of(read(section), Role.DENSE_MLP) == (4 + 32 / group, "bf16")


@pytest.mark.parametrize(
    ("section", "bits", "activations"),
    [
        (torchao("NVFP4DynamicActivationNVFP4WeightConfig"), 4.5, "nvfp4"),
        (torchao("NVFP4WeightOnlyConfig"), 4.5, "bf16"),
        (torchao("NVFP4InferenceConfig", mm_config="weight_only"), 4.5, "bf16"),
        (torchao("MXDynamicActivationMXWeightConfig"), 8.25, "fp8"),
        (
            torchao(
                "MXDynamicActivationMXWeightConfig",
                weight_dtype={"_type": "torch.dtype", "_data": "float4_e2m1fn_x2"},
            ),
            4.25,
            "mxfp4",
        ),
        (torchao("Float8DynamicActivationInt4WeightConfig"), 4.25, "fp8"),
        (torchao("Int8WeightOnlyConfig", granularity=per_group(64)), 8.25, "bf16"),
    ],
)
def test_torchao_s_configurations(section: dict, bits: float, activations: str):
    assert of(read(section), Role.DENSE_MLP) == (bits, activations)


def test_torchao_s_modules_have_configurations_of_their_own():
    modules = {
        "_default": {"_type": "Int4WeightOnlyConfig", "_data": {"group_size": 64}},
        r"re:.*self_attn\..*": {
            "_type": "Float8DynamicActivationFloat8WeightConfig",
            "_data": {},
        },
        "model.layers.3.mlp.down_proj": None,
    }
    precision = read(torchao("FqnToConfig", fqn_to_config=modules))
    assert of(precision, Role.ATTENTION) == (8, "fp8")
    assert of(precision, Role.DENSE_MLP)[0] == pytest.approx((11 * 4.5 + 16) / 12)


# --- MLX --------------------------------------------------------------------------------------


def mlx(**entries: Any) -> Any:
    return read(quantization={"group_size": 64, "bits": 4, **entries})


def test_mlx_s_paths_have_values_of_their_own():
    entries = {
        "model.embed_tokens": {"group_size": 64, "bits": 6},
        "lm_head": {"group_size": 32, "bits": 8},
        "model.layers.0.mlp.down_proj": False,
        "model.layers.1.mlp.down_proj": True,
        "model.layers.2.mlp.down_proj": {"bits": 6},
    }
    precision = mlx(**entries)
    assert of(precision, Role.EMBEDDING)[0] == 6.5
    assert of(precision, Role.LM_HEAD)[0] == 9
    assert of(precision, Role.DENSE_MLP)[0] == pytest.approx((10 * 4.5 + 16 + 6.5) / 12)
    assert of(precision, Role.ATTENTION)[0] == 4.5


@pytest.mark.parametrize(("mode", "bits"), [("mxfp4", 4.25), ("nvfp4", 4.5), ("mxfp8", 8.25)])
def test_mlx_s_modes(mode: str, bits: float):
    assert of(mlx(mode=mode), Role.DENSE_MLP) == (bits, "bf16")


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6, 8])
def test_mlx_s_widths(bits: int):
    assert width(read(quantization={"group_size": 32, "bits": bits}).weights) == bits + 1


def test_mlx_leaves_alone_what_a_group_does_not_divide():
    narrow = builders.dense(hidden=96, heads=1, kv_heads=1)
    precision = read(quantization={"group_size": 64, "bits": 4}, model=narrow)
    # q, k and v read 96 elements, the output projection 128.
    assert of(precision, Role.ATTENTION)[0] == 16
    assert of(precision, Role.ATTENTION_OUTPUT)[0] == 4.5


@pytest.mark.parametrize("entries", [{"mode": "q4"}, {"model.norm": "yes"}, {"bits": 7}])
def test_what_mlx_says_otherwise_is_refused(entries: dict):
    with pytest.raises(InputError, match="expected"):
        mlx(**entries)


# --- AutoRound --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "bits", "activations"),
    [
        ({"data_type": "mxfp4"}, 4.25, "mxfp4"),
        ({"data_type": "mx_fp", "bits": 8}, 8.25, "fp8"),
        ({"data_type": "mx_fp", "bits": 4, "act_bits": 16}, 4.25, "bf16"),
        ({"data_type": "nv_fp4_with_static_gs", "bits": 4}, 4.5, "nvfp4"),
        ({"data_type": "fp", "bits": 8, "group_size": -1, "act_bits": 8}, 8, "fp8"),
        ({"data_type": "fp", "bits": 8, "group_size": [128, 128]}, 8 + 32 / 128**2, "bf16"),
        ({"data_type": "int", "bits": 8, "group_size": 128, "act_bits": 8}, EIGHT, "int8"),
        ({"data_type": "int", "bits": 4, "group_size": 128}, FOUR, "bf16"),
    ],
)
def test_autoround_s_data_types(values: dict, bits: float, activations: str):
    assert of(read({"quant_method": "auto-round", **values}), Role.DENSE_MLP) == (bits, activations)


def test_autoround_s_extra_config_names_modules_or_patterns():
    extra = {
        "lm_head": {"bits": 8, "group_size": 128},
        ".*self_attn.*": {"bits": 16},
        "model.layers.0.mlp.down_proj": {"bits": 8},
    }
    section = {"quant_method": "auto-round", "bits": 4, "group_size": 128, "extra_config": extra}
    precision = read(section)
    assert of(precision, Role.LM_HEAD)[0] == EIGHT
    assert of(precision, Role.ATTENTION)[0] == 16
    assert of(precision, Role.DENSE_MLP)[0] == pytest.approx((11 * FOUR + EIGHT) / 12)


# --- compressed-tensors -----------------------------------------------------------------------

FLOAT8 = {"num_bits": 8, "type": "float", "strategy": "channel"}
INT4 = {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": True}


def groups(*given: dict[str, Any], **values: Any) -> dict[str, Any]:
    named = {f"group_{index}": one for index, one in enumerate(given)}
    return {"quant_method": "compressed-tensors", "config_groups": named, **values}


def test_groups_are_multiplied_with_activations_of_their_own():
    attention = {"targets": ["re:.*self_attn.*"], "weights": FLOAT8, "input_activations": FLOAT8}
    precision = read(groups({"targets": ["Linear"], "weights": INT4}, attention))
    assert of(precision, Role.ATTENTION) == (8, "fp8")
    assert of(precision, Role.DENSE_MLP) == (4 + 16 / 128, "bf16")


def test_targets_may_name_single_layers():
    early = {"targets": [r"re:.*layers\.[01]\..*"], "weights": FLOAT8}
    late = {"targets": [r"re:.*layers\.[23]\..*"], "weights": INT4}
    assert width(read(groups(early, late)).weights) == pytest.approx((8 + 4 + 16 / 128) / 2)


def test_ignored_modules_are_in_no_group():
    section = groups({"targets": ["re:.*mlp.*"], "weights": FLOAT8}, ignore=["re:.*down_proj"])
    assert of(read(section), Role.DENSE_MLP)[0] == pytest.approx((8 + 8 + 16) / 3)


def test_embeddings_may_be_a_target():
    section = groups({"targets": ["Linear", "Embedding"], "weights": FLOAT8})
    assert of(read(section), Role.EMBEDDING)[0] == 8


def sparsity(form: str, **values: Any) -> dict[str, Any]:
    return {"format": form, "sparsity_structure": "2:4", "targets": ["Linear"], **values}


@pytest.mark.parametrize(
    ("section", "bits"),
    [
        (
            groups(
                {"targets": ["Linear"], "weights": FLOAT8, "input_activations": FLOAT8},
                sparsity_config=sparsity("sparse-24-bitmask"),
            ),
            8 / 2 + 1,
        ),
        (groups(sparsity_config=sparsity("sparse-24-bitmask")), 16 / 2 + 1),
        (groups({"targets": ["Linear"], "weights": INT4}, format="marlin-24"), 3 + 16 / 128),
        ({**GPTQ, "checkpoint_format": "marlin_24"}, 3 + 20 / 128),
        (groups({"weights": FLOAT8}, sparsity_config=sparsity("dense")), 8),
    ],
    ids=["fp8", "alone", "marlin-24", "gptq", "dense"],
)
def test_two_of_four_weights_are_held_with_a_mask(section: dict, bits: float):
    assert width(read(section).weight_format(Role.DENSE_MLP)) == bits


def test_weights_that_sparsity_ignores_are_dense():
    section = groups(
        {"targets": ["Linear"], "weights": FLOAT8},
        sparsity_config=sparsity("sparse-24-bitmask", ignore=["re:.*down_proj"]),
    )
    assert of(read(section), Role.DENSE_MLP)[0] == pytest.approx((5 + 5 + 8) / 3)


@pytest.mark.parametrize("form", ["sparse-24-bitmask", "sparse-bitmask"])
def test_sparse_weights_are_said(form: str):
    section = groups({"weights": FLOAT8}, sparsity_config=sparsity(form))
    config = {"quantization_config": section}
    (warning,) = read_stored(config, config, {}, DENSE).warnings
    assert "sparse" in warning


def test_an_unknown_sparse_format_is_refused():
    with pytest.raises(InputError, match=r"sparsity_config\.format"):
        read(groups({"weights": FLOAT8}, sparsity_config=sparsity("sparse-8-of-16")))


def test_modelopt_s_module_lists_are_multiplied_with_activations_of_their_own():
    layers = {
        f"model.layers.{n}.mlp.{p}_proj": {"quant_algo": "W4A16_AWQ", "group_size": 64}
        for n in range(4)
        for p in ("gate", "up", "down")
    }
    layers |= {
        f"model.layers.{n}.self_attn.{p}_proj": {"quant_algo": "FP8"}
        for n in range(4)
        for p in "qkvo"
    }
    precision = read({"quant_algo": "MIXED_PRECISION", "quantized_layers": layers})
    assert of(precision, Role.DENSE_MLP) == (4 + 16 / 64, "bf16")
    assert of(precision, Role.ATTENTION) == (8, "fp8")


def test_hqq_s_formats_may_go_by_the_end_of_a_path():
    values = {"self_attn.q_proj": {"nbits": 8, "group_size": 64}, "mlp.up_proj": {"nbits": 4}}
    precision = read({"quant_method": "hqq", "quant_config": values})
    assert of(precision, Role.DENSE_MLP)[0] == pytest.approx((4.5 + 16 + 16) / 3)


def test_targets_that_name_no_layer_are_refused() -> None:
    """Their weights are stored as something, and nobody would know which."""
    group = {"targets": ["Qwen3DecoderLayer"], "weights": {"num_bits": 4, "type": "int"}}
    with pytest.raises(InputError, match=r"name no layer of the model \(Qwen3DecoderLayer\)"):
        read({"quant_method": "compressed-tensors", "config_groups": {"group_0": group}})
