"""Any value in any place of a quantisation block is read or refused in one line; none crashes."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from engine.model.config.native import from_native
from engine.model.quantisation.stored import read_stored
from engine.model.quantisation.values import one_of
from engine.words.errors import InputError
from tests.engine import builders
from tests.engine.model.quantisation.reading import DENSE

FP8 = {"dtype": "fp8_e4m3", "qscheme": "per_tensor", "group_size": None, "symmetric": True}
INT4 = {"num_bits": 4, "type": "int", "group_size": 128, "symmetric": True}
DESCRIPTION = {
    "model_quant_type": "W8A8",
    "group_size": 0,
    "model.layers.0.mlp.up_proj.weight": "W8A8",
}
ONE = {"_type": "Int4WeightOnlyConfig", "_version": 2, "_data": {"group_size": 32}}
TOPS: dict[str, dict[str, Any]] = {
    "gptq": {
        "quantization_config": {
            "quant_method": "gptq",
            "bits": 4,
            "group_size": 128,
            "checkpoint_format": "gptq",
            "lm_head": False,
            "dynamic": {"-:.*attn.*": {}, "+:.*mlp.*": {"bits": 8, "group_size": 64}},
        }
    },
    "auto-round": {
        "quantization_config": {
            "quant_method": "auto-round",
            "bits": 4,
            "group_size": 32,
            "data_type": "mx_fp",
            "act_bits": 4,
            "act_data_type": "mx_fp",
            "extra_config": {"lm_head": {"bits": 8, "data_type": "int"}},
        }
    },
    "quark": {
        "quantization_config": {
            "quant_method": "quark",
            "exclude": ["lm_head"],
            "global_quant_config": {"weight": [FP8, {"dtype": "int4"}], "input_tensors": FP8},
            "layer_quant_config": {"*k_proj": {"weight": FP8, "output_tensors": FP8}},
            "layer_type_quant_config": {"Linear": {"weight": FP8}},
            "kv_cache_quant_config": {},
            "export": {"kv_cache_group": ["*k_proj"]},
        }
    },
    "torchao": {
        "quantization_config": {
            "quant_method": "torchao",
            "quant_type": {
                "default": {
                    "_type": "FqnToConfig",
                    "_data": {"fqn_to_config": {"_default": ONE, "lm_head": None, "re:.*": ONE}},
                }
            },
            "quant_type_kwargs": {},
        }
    },
    "mlx": {
        "quantization": {
            "group_size": 64,
            "bits": 4,
            "mode": "affine",
            "lm_head": {"bits": 8},
            "model.embed_tokens": False,
        }
    },
    "compressed": {
        "compression_config": {
            "quant_method": "compressed-tensors",
            "format": "pack-quantized",
            "config_groups": {"a": {"targets": ["Linear"], "weights": INT4}},
            "kv_cache_scheme": {"num_bits": 8, "type": "float"},
            "sparsity_config": {
                "format": "sparse-24-bitmask",
                "targets": ["Linear"],
                "ignore": ["lm_head"],
            },
        }
    },
    "words": {"quantize": "w8a8", "quantization_bit": 4},
}
BESIDE: dict[str, dict[str, Any]] = {
    "quant_model_description.json": DESCRIPTION,
    "quantize_config.json": {"bits": 4, "group_size": 128, "quant_method": "gptq"},
    "hf_quant_config.json": {"quantization": {"quant_algo": "FP8", "exclude_modules": ["a"]}},
}
HOSTILE: list[Any] = [None, True, 0, -1, 1 << 70, 2.5, "", "(", "x" * 400, [], [1], ["a"], {}]
HOSTILE += [{"a": 1}, {"": None}, [[128, 128]]]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in nested mappings and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*path, key)
        if isinstance(inner, dict | list):
            yield from places(inner, (*path, key))


def changed(values: dict[str, Any], path: tuple[Any, ...], put: Any) -> dict[str, Any]:
    copied = copy.deepcopy(values)
    target: Any = copied
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = put
    return copied


def check(config: dict[str, Any], beside: dict[str, dict[str, Any]]) -> None:
    for model in (DENSE, builders.mixture()):
        try:
            precision = read_stored(config, config, beside, model).precision
        except InputError as error:
            assert "\n" not in str(error)
        else:
            for role, _ in precision.overrides:
                assert 0 < precision.weight_format(role).bytes_per_element <= 4
            assert 0 < precision.weights.bytes_per_element <= 4


@pytest.mark.parametrize("name", TOPS)
def test_any_value_in_a_config_is_read_or_refused(name: str):
    for path in places(TOPS[name]):
        for put in HOSTILE:
            check(changed(TOPS[name], path, put), {})


@pytest.mark.parametrize("name", BESIDE)
def test_any_value_beside_a_config_is_read_or_refused(name: str):
    for path in places(BESIDE[name]):
        for put in HOSTILE:
            check({}, {name: changed(BESIDE[name], path, put)})


NATIVE = {
    "meta": {"dim": 64, "n_layers": 2, "n_heads": 4, "norm_eps": 1e-5, "multiple_of": 32},
    "mistral": {
        "dim": 64,
        "n_layers": 2,
        "n_heads": 4,
        "hidden_dim": 128,
        "sliding_window": [8, None],
        "moe": {"num_experts": 4, "num_experts_per_tok": 2},
        "vision_encoder": {"spatial_merge_size": 2},
        "quantization": {"qformat_weight": "fp8_e4m3"},
    },
    "deepseek": {"dim": 64, "inter_dim": 64, "n_layers": 2, "kv_lora_rank": 8, "dtype": "fp8"},
}


@pytest.mark.parametrize("name", NATIVE)
def test_any_value_in_a_lab_s_own_words_is_carried_over_or_refused(name: str):
    values = {**NATIVE[name], "vocab_size": 100, "ffn_dim_multiplier": 1.3}
    for path in places(values):
        for put in HOSTILE:
            try:
                found = from_native(changed(values, path, put))
            except InputError as error:
                assert "\n" not in str(error)
            else:
                json.dumps(found and found.config)


def test_of_many_names_those_most_like_it_are_listed() -> None:
    names = [f"format{number}" for number in range(40)]
    told = str(one_of("quant_method", "x" * 500, names))
    assert "and 28 more" in told
    assert len(told) < 400
    assert "(nearest: format7)" in str(one_of("quant_method", "format7x", names))
