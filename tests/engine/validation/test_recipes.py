"""What published runs were launched with comes from their recipes where their rows are silent."""

from __future__ import annotations

import pytest

from engine.validation.predict import predict
from engine.validation.recipes import recipe_of
from engine.validation.runs import Run
from tests.engine.validation.rows import make_rows

DRAWN = {"isl": "8192", "osl": "1024", "isl_eff": "7372.8", "osl_eff": "921.6"}
"""InferenceX's lengths."""


@pytest.mark.parametrize(
    ("run", "kv", "chunk_tokens"),
    [
        (Run("sglang", model="deepseek-ai/DeepSeek-R1-0528", chip="h200_sxm"), "bf16", 32768),
        (Run("sglang", model="deepseek-ai/DeepSeek-R1-0528", chip="b200_sxm"), "fp8", 16384),
        (Run("vllm", model="openai/gpt-oss-120b", chip="mi300x"), "bf16", 8192),
        (Run("vllm", model="openai/gpt-oss-120b", chip="gb200_nvl72"), "fp8", 8192),
        (Run("atom", model="MiniMaxAI/MiniMax-M3", weights="mxfp8"), "bf16", 32768),
        (Run("atom", model="MiniMaxAI/MiniMax-M2.5", weights="mxfp4"), "fp8", 0),
        (Run("engine of mine", model="openai/gpt-oss-120b"), "", 0),
    ],
)
def test_the_first_rule_that_gives_a_setting_counts(run, kv, chunk_tokens):
    recipe = recipe_of(run)
    assert (recipe.kv, recipe.chunk_tokens) == (kv, chunk_tokens)


def test_a_budget_may_follow_the_prompts():
    run = Run("vllm", model="MiniMaxAI/MiniMax-M3", chip="b300_sxm", input_tokens=1024)
    assert recipe_of(run).chunk_tokens == 2048


def test_only_runs_of_the_recipes_client_follow_them(tmp_path):
    llama = {"model": "meta-llama/Llama-3.3-70B-Instruct", "precision_weights": "fp8"}
    drawn, given, other = make_rows(
        tmp_path, llama | DRAWN, llama | DRAWN | {"precision_kv": "bf16"}, llama
    )
    assert [row.kv for row in (drawn, given, other)] == ["fp8", "bf16", ""]


def test_a_recipe_whose_load_was_not_recorded_is_refused(tmp_path):
    """The label 512 of gpt-oss on H100 is the client's cap, not what was in flight."""
    cells = DRAWN | {"model": "openai/gpt-oss-120b", "precision_weights": "mxfp4"}
    refused = predict(make_rows(tmp_path, cells | {"concurrency_or_batch": "512"}, cells)).refused
    assert "the server's limit (4 to 64) is not published" in refused[0]
    assert refused[1] == ""
