"""What-ifs that no model can have are refused with the rule that they break."""

from __future__ import annotations

import copy
import csv
import json
from pathlib import Path
from typing import Any

import pytest

from engine.model.dialects.reading import read_architecture
from engine.words.errors import InputError

FACTS = Path(__file__).parents[2] / "data" / "zoo_facts.csv"
DEEPSEEK = "deepseek-ai/DeepSeek-V3"
QWEN = "Qwen/Qwen3-0.6B"


def config(name: str) -> dict[str, Any]:
    with FACTS.open(encoding="utf-8", newline="") as stream:
        found = {row["name"]: row["config"] for row in csv.DictReader(stream)}
    values: dict[str, Any] = json.loads(found[name])
    return copy.deepcopy(values)


def refused(values: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        read_architecture(values, "config.json", "model")
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "changes", "rule"),
    [
        (QWEN, {"num_key_value_heads": 5}, "expected a divisor of the 16 attention heads"),
        (QWEN, {"num_attention_heads": 12}, "expected a divisor of the 12 attention heads"),
        (QWEN, {"head_dim": 0}, "head_dim is 0, expected a whole number from 1"),
        (QWEN, {"vocab_size": -1}, "vocab_size is -1, expected a whole number from 1"),
        (QWEN, {"hidden_size": 1.5}, "hidden_size is 1.5, expected a whole number"),
        (QWEN, {"hidden_size": "1024"}, "hidden_size is '1024', expected a whole number"),
        (QWEN, {"num_hidden_layers": 10**9}, "expected a whole number from 1 to 10000"),
        (DEEPSEEK, {"num_experts_per_tok": 300}, "at most the 256 experts there are"),
        (DEEPSEEK, {"n_group": 7}, "n_group is 7, expected a divisor of the 256 experts"),
        (DEEPSEEK, {"n_group": 8, "topk_group": 9}, "at most the 8 groups there are"),
        (DEEPSEEK, {"n_group": 8, "topk_group": 0}, "at least 1 of the 8 groups"),
        (
            DEEPSEEK,
            {"n_group": 8, "topk_group": 1, "num_experts_per_tok": 33},
            "num_experts_per_tok is 33, expected at most the 32 experts of 1 of 8 groups",
        ),
        (DEEPSEEK, {"first_k_dense_replace": 62}, "at most the 61 layers there are"),
        (DEEPSEEK, {"kv_lora_rank": 0}, "kv_lora_rank is 0, expected a whole number from 1"),
        (
            "transformers class defaults: mistral_large4",
            {"text_config": {"model_type": "mistral_large4_text", "no_rope_layers": [1, 0]}},
            "no_rope_layers is 2 entries, expected 72 entries",
        ),
    ],
)
def test_the_rule_is_named(name: str, changes: dict[str, Any], rule: str) -> None:
    assert rule in refused({**config(name), **changes})


def test_groups_must_divide_the_heads_of_a_state_space_mixer() -> None:
    values = {
        "model_type": "mamba2",
        "hidden_size": 2560,
        "num_hidden_layers": 2,
        "vocab_size": 50280,
        "num_heads": 80,
        "head_dim": 64,
        "n_groups": 3,
    }
    assert "n_groups is 3, expected a divisor of the 80 heads" in refused(values)


def test_a_group_limit_that_leaves_enough_experts_is_read() -> None:
    values = {**config(DEEPSEEK), "n_group": 8, "topk_group": 4, "num_experts_per_tok": 8}
    assert read_architecture(values, "config.json", "model").expert_count == 256


def test_the_message_names_the_key_of_the_file() -> None:
    values = {**config("mistralai/Mixtral-8x22B-v0.1"), "num_experts_per_tok": 9}
    assert refused(values).startswith("config.json: num_experts_per_tok is 9")
