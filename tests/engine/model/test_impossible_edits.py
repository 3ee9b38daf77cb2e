"""What-ifs that no model can be: refused with the rule they break."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.plan.prepared import prepare
from engine.scenario import Scenario
from engine.words.errors import InputError


@pytest.mark.parametrize(
    ("model", "key", "value", "rule"),
    [
        ("deepseek-v3", "num_experts_per_tok", 257, "at most the 256 experts"),
        ("deepseek-v3", "n_routed_experts", 4, "at most the 4 experts"),
        ("deepseek-v3", "n_group", 7, "a divisor of the 256 experts"),
        ("deepseek-v3", "topk_group", 9, "at most the 8 groups"),
        ("deepseek-v3", "n_group", 256, "at most the 4 experts of 4 of 256 groups"),
        ("deepseek-v3", "qk_rope_head_dim", 63, "an even number"),
        ("deepseek-v3", "kv_lora_rank", 0, "a whole number from 1"),
        ("llama-3.1-8b", "num_key_value_heads", 3, "a divisor of the 32 attention heads"),
        ("llama-3.1-8b", "num_attention_heads", 36, "a divisor of the 36 attention heads"),
        ("llama-3.1-8b", "num_hidden_layers", 0, "a whole number from 1"),
        ("llama-3.1-8b", "hidden_size", "wide", "a whole number"),
        ("mixtral-8x7b", "num_experts_per_tok", 9, "at most the 8 experts"),
    ],
)
def test_the_rule_is_named(model: str, key: str, value: object, rule: str):
    scenario = replace(Scenario(), model=model, chips=8, edits=((key, value),))
    with pytest.raises(InputError) as caught:
        prepare(scenario)
    assert rule in str(caught.value)
    assert "\n" not in str(caught.value)
