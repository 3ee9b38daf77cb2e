"""Lists of modules that a quantised checkpoint excludes: by expert, and by regular expression."""

from __future__ import annotations

from typing import Any

import pytest

from engine.model.config import RawConfig, interpret
from engine.model.config.loaded import LoadedModel
from engine.model.matrices import Role
from engine.model.quantisation.expressions import safe_expression
from engine.words.errors import InputError

MIXTURE: dict[str, Any] = {
    "model_type": "qwen3_moe",
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_experts": 4,
    "moe_intermediate_size": 128,
    "num_experts_per_tok": 2,
    "vocab_size": 1000,
}
FP8 = {"quant_method": "fp8", "activation_scheme": "dynamic", "fmt": "e4m3"}


def model(excluded: list[str]) -> LoadedModel:
    found = {**FP8, "modules_to_not_convert": excluded}
    config = {**MIXTURE, "quantization_config": found}
    return interpret(RawConfig("m", "m", "m.json", config), "m")


def shares(excluded: list[str]) -> dict[str, float]:
    """The share of the experts' down projections that each format has."""
    precision = model(excluded).precision
    own = dict(precision.modules).get("mlp.experts.down_proj", ())
    return {one.weights.name: one.share for one in own}


def every(experts: range, layers: range = range(2)) -> list[str]:
    return [
        f"model.layers.{layer}.mlp.experts.{expert}.{name}"
        for layer in layers
        for expert in experts
        for name in ("gate_proj", "up_proj", "down_proj")
    ]


@pytest.mark.parametrize(
    "excluded",
    [every(range(3, 4)), every(range(1)), [r"re:.*experts\.2\..*"], [r"re:.*experts\.[3].*"]],
)
def test_one_expert_of_four_that_is_not_quantised_is_a_quarter(excluded: list[str]) -> None:
    assert shares(excluded) == pytest.approx({"fp8": 0.75, "bf16": 0.25})


def test_one_expert_in_one_of_two_layers_is_an_eighth() -> None:
    assert shares(every(range(2, 3), range(1))) == pytest.approx({"fp8": 0.875, "bf16": 0.125})


def test_all_experts_named_one_by_one_are_all_of_them() -> None:
    precision = model(every(range(4))).precision
    assert precision.weight_format(Role.ROUTED_EXPERT).name == "bf16"
    assert not shares(every(range(4)))


@pytest.mark.parametrize(
    "text",
    [
        "(a+)+b",
        "(.*)*",
        "((a+)b?)*c",
        "(?:x*y)+",
        "([a-z]+)*$",
        "(a{2,})+",
        ".*.*.*.*.*.*x",
        "(",
        "a" * 3000,
    ],
)
def test_an_expression_that_could_take_for_ever_or_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match=r"found 're:.*expected"):
        safe_expression(text)
    with pytest.raises(InputError, match=r"m\.json: quantization_config: found 're:"):
        model([f"re:{text}"])


@pytest.mark.parametrize(
    "text",
    [
        r".*lm_head",
        r".*self_attn\.(q|k|v)_proj$",
        r"model\.layers\.\d+\.mlp\.gate$",
        r"model\.layers\.(0|1|2\d?)\..*",
        r"^.*\.(?:gate|up)_proj$",
        r"vision.*[+*].*",
        r"(.*\.)?mlp.*",
        r"model\.layers\.(\d{1,2})+",
    ],
)
def test_usual_expressions_are_used(text: str) -> None:
    assert safe_expression(text).pattern == text


def test_an_empty_statement_inside_the_text_config_is_no_statement() -> None:
    config = {"model_type": "llava", "text_config": {**MIXTURE, "quantization_config": {}}}
    with pytest.raises(InputError, match=r"quantization_config: found \{\}"):
        interpret(RawConfig("m", "m", "m.json", config), "m")
