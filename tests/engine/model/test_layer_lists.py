"""Lists of layers, indices of layers and counts of layers say the same, or are refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

CASES = {
    one["name"]: one["config"]
    for one in json.loads((Path(__file__).parents[2] / "data" / "hybrid_cases.json").read_text())
}
QWEN: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 64,
    "intermediate_size": 128,
    "moe_intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_experts": 8,
    "num_experts_per_tok": 2,
    "vocab_size": 100,
}
LISTED = {
    name: config for name, config in CASES.items() if isinstance(config.get("layer_types"), list)
}


def read(config: dict[str, Any], **changed: Any):
    return read_architecture({**config, **changed}, "config.json", "x")


@pytest.mark.parametrize("name", LISTED)
@pytest.mark.parametrize("times", [2, 3])
def test_more_kinds_than_layers_are_refused(name: str, times: int):
    types = LISTED[name]["layer_types"] * times
    with pytest.raises(InputError, match=f"layer_types is {len(types)} entries, expected"):
        read(LISTED[name], layer_types=types)


@pytest.mark.parametrize("name", LISTED)
def test_one_kind_too_few_is_refused(name: str):
    with pytest.raises(InputError, match="layer_types is"):
        read(LISTED[name], layer_types=LISTED[name]["layer_types"][:-1])


def test_a_list_that_the_family_does_not_read_is_held_to_its_layers_too():
    with pytest.raises(InputError, match="layer_types is 9 entries, expected 4"):
        read(QWEN, layer_types=["full_attention"] * 9)


def test_prediction_layers_may_be_listed_behind_the_others():
    ratios = CASES["deepseek_v4"]["compress_ratios"]
    with pytest.raises(InputError, match="compress_ratios is"):
        read(CASES["deepseek_v4"], compress_ratios=[*ratios, *ratios])


@pytest.mark.parametrize("stated", [1, 99, 0, -3, "6", 6.5, True])
def test_a_count_that_contradicts_the_pattern_is_refused(stated: object):
    config = next(one for name, one in CASES.items() if one["model_type"] == "nemotron_h")
    with pytest.raises(InputError, match=r"num_hidden_layers is .*, expected \d+, as many as its"):
        read(config, num_hidden_layers=stated)


@pytest.mark.parametrize(
    ("key", "value"),
    [("mlp_only_layers", [9999]), ("mlp_only_layers", [4]), ("mlp_only_layers", [-1])],
)
def test_layers_that_are_not_there_are_refused(key: str, value: list[int]):
    with pytest.raises(InputError, match=f"{key} is .*expected a whole number from 0 to 3"):
        read(QWEN, **{key: value})


DENSE_FIRST = {
    name: config
    for name, config in CASES.items()
    if isinstance(config.get("first_k_dense_replace"), int)
}


@pytest.mark.parametrize("name", DENSE_FIRST)
def test_more_dense_layers_than_layers_are_refused(name: str):
    with pytest.raises(InputError, match="first_k_dense_replace is 9999, expected"):
        read(DENSE_FIRST[name], first_k_dense_replace=9999)
