"""What published runs were launched with comes from their recipes where their rows are silent."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import pytest

from engine.evidence.measured.predict import predict_rows
from engine.evidence.measured.recipes import as_launched, recipe_of
from engine.evidence.measured.runs import Run
from tests.engine.evidence.measured.rows import make_rows

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


@pytest.mark.parametrize(
    ("attention", "drafts", "tokens"),
    [
        (1, True, 2 * 640),  # 1024 + 64 + 4 of each of 48
        (8, True, 1152),  # 1024 + 64 + 2 of each of 6
        (1, False, 8320),
    ],
)
def test_a_budget_with_drafts_may_be_of_one_prompt_beside_what_is_verified(
    attention, drafts, tokens
):
    run = Run("trtllm", model="DeepSeek-R1-0528", chip="b200_sxm", attention_data=attention)
    run = replace(run, input_tokens=1024, concurrency=48, drafts=drafts)
    assert recipe_of(run).chunk_tokens == tokens


@pytest.mark.parametrize(
    ("concurrency", "ranks", "most"),
    [(1229, 32, 32), (2253, 32, 64), (128, 4, 32), (12, 4, 2), (4, 5, 1), (8, math.nan, math.inf)],
)
def test_decode_workers_of_tensorrt_llm_take_the_power_of_two_that_the_load_fills(
    concurrency, ranks, most
):
    """Little's law on the published rows: 29.8, 59.4, 29.4 and 2.0 in flight on a rank."""
    run = Run(
        "trtllm", "dynamo-trt", disaggregated=True, concurrency=concurrency, decode_ranks=ranks
    )
    assert recipe_of(run).sequences == most


@pytest.mark.parametrize(
    ("expert", "attention", "most"), [(1, 1, 128), (8, 1, 256), (8, 8, math.inf)]
)
def test_decode_workers_take_what_their_launch_script_says(expert, attention, most):
    run = Run("sglang", chip="mi355x", disaggregated=True, attention_data=attention, expert=expert)
    assert recipe_of(run).sequences == most


def test_other_engines_and_aggregated_ones_take_what_they_hold():
    assert (
        recipe_of(Run("vllm", disaggregated=True, concurrency=8, decode_ranks=3)).sequences
        == math.inf
    )
    assert recipe_of(Run("trtllm", "dynamo-trt", concurrency=8)).sequences == math.inf


def test_what_a_decode_pool_does_not_take_waits(tmp_path):
    """Ten in flight on one rank: eight decode at the pace of eight, the others wait for them."""
    pool = "P:1x(tp4,ep1,dpa=False) D:1x(tp4,ep1,dpa=False) Pgpu=4 Dgpu=4"
    cells = DRAWN | {
        "disagg": "1",
        "disagg_pd": pool,
        "framework": "trtllm",
        "framework_version": "dynamo-trt",
        "tp": "4",
        "chips": "8",
    }
    eight, ten = make_rows(
        tmp_path, *(cells | {"concurrency_or_batch": batch} for batch in ("8", "10"))
    )
    values = predict_rows([eight, ten]).values
    assert values["tpot_ms"][1] == pytest.approx(values["tpot_ms"][0], rel=0.02)
    assert values["ttft_ms"][1] > values["ttft_ms"][0] + 1.5 * values["e2el_ms"][0] / 8


@pytest.mark.parametrize(
    ("run", "share"),
    [
        (Run("vllm", model="MiniMaxAI/MiniMax-M3", weights="mxfp8", chip="h200_sxm"), 0.9),
        (Run("vllm", model="MiniMaxAI/MiniMax-M3", weights="nvfp4", chip="b300_sxm"), 0.95),
        (Run("atom", model="MiniMaxAI/MiniMax-M3", weights="mxfp8"), 0.8),
        (Run("sglang", model="zai-org/GLM-5"), 0.0),
    ],
)
def test_the_share_of_memory_is_the_recipes(run, share):
    assert recipe_of(run).memory_fraction == share


def test_less_memory_holds_fewer_requests(tmp_path):
    """Two thirds of the memory: the same load waits for room, and those in flight are faster."""
    llama = {"model": "meta-llama/Llama-3.3-70B-Instruct", "tp": "4", "chips": "4"}
    cells = DRAWN | llama | {"concurrency_or_batch": "256"}
    plenty = make_rows(tmp_path, cells)[0]
    scarce = replace(plenty, recipe=replace(plenty.recipe, memory_fraction=0.6))
    values = predict_rows([plenty, scarce]).values
    assert values["tpot_ms"][1] < values["tpot_ms"][0]
    assert values["ttft_ms"][1] > values["ttft_ms"][0]


def test_only_runs_of_the_recipes_client_follow_them(tmp_path):
    llama = {"model": "meta-llama/Llama-3.3-70B-Instruct", "precision_weights": "fp8"}
    drawn, given, other = make_rows(
        tmp_path, llama | DRAWN, llama | DRAWN | {"precision_kv": "bf16"}, llama
    )
    assert [row.kv for row in (drawn, given, other)] == ["fp8", "bf16", ""]


def test_what_a_page_says_of_its_client_stands_in_where_the_row_says_nothing(tmp_path):
    """ATOM's recipe sends equal lengths, four prompts per slot."""
    page = {"framework": "atom", "framework_version": "atom (recipes 2026)", "chip": "mi355x"}
    page |= {"model": "Qwen/Qwen3-235B-A22B", "load": "closed-loop"}
    silent, told, other = make_rows(
        tmp_path, page, page | {"client": "sharegpt"}, page | {"framework_version": "atom 0.1"}
    )
    assert (silent.equal_lengths, silent.waves) == (True, 4.0)
    assert not told.equal_lengths
    assert not other.equal_lengths


def test_a_recipe_whose_load_was_not_recorded_is_refused(tmp_path):
    """The label 512 of gpt-oss on H100 is the client's cap, not what was in flight."""
    cells = DRAWN | {"model": "openai/gpt-oss-120b", "precision_weights": "mxfp4"}
    cells |= {"framework_version": "vllm (version not in artefact)"}
    refused = predict_rows(
        make_rows(tmp_path, cells | {"concurrency_or_batch": "512"}, cells)
    ).refused
    assert "the server's limit (4 to 64) is not published" in refused[0]
    assert refused[1] == ""


@pytest.mark.parametrize(
    ("chip", "weights", "answer", "concurrency", "day", "degrees"),
    [
        ("b200_sxm", "nvfp4", 1024, 8, "2025-11-02", (1, 1)),
        ("b200_sxm", "nvfp4", 1024, 64, "2025-11-02", (8, 1)),
        ("b200_sxm", "nvfp4", 8192, 16, "2025-11-02", (1, 1)),
        ("b200_sxm", "nvfp4", 8192, 256, "2025-11-02", (8, 8)),
        ("h200_sxm", "fp8", 1024, 64, "2025-11-02", (8, 1)),
        ("h200_sxm", "fp8", 1024, 128, "2025-11-02", (8, 8)),
        ("h200_sxm", "fp8", 1024, 128, "2025-11-03", (1, 1)),
    ],
)
def test_scripts_chose_degrees_by_load_until_the_rows_named_them(
    chip, weights, answer, concurrency, day, degrees
):
    run = Run("trtllm", model="DeepSeek-R1-0528", chip=chip, weights=weights, tensor=8)
    load = {"input_tokens": 1024.0, "output_tokens": answer, "concurrency": concurrency}
    made = as_launched(replace(run, day=date.fromisoformat(day), **load))
    assert (made.expert, made.attention_data) == degrees


@pytest.mark.parametrize(
    ("run", "elsewhere", "passes"),
    [
        (Run("sglang", model="DeepSeek-V4-Pro", chip="mi355x", attention_data=8), False, 30),
        (Run("sglang", model="DeepSeek-V4-Pro", chip="mi355x"), False, None),
        (Run("sglang", model="DeepSeek-V4-Pro", chip="mi355x", attention_data=8), True, None),
        (Run("sglang", "sglang 0.5.6 (Ascend, A3)", attention_data=4), True, 30),
        (Run("trtllm", model="DeepSeek-R1-0528", chip="b200_sxm", attention_data=8), False, 60),
    ],
)
def test_ranks_wait_for_each_others_prompts_where_a_recipe_says_so(run, elsewhere, passes):
    assert recipe_of(run, elsewhere).rank_wait == passes


LLAMA = Run(
    "trtllm",
    model="Llama-3.3-70B-Instruct",
    chip="b200_sxm",
    tensor=4,
    input_tokens=1024,
    output_tokens=1024,
    day=date(2025, 10, 29),
)


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({}, 20),
        ({"tensor": 8}, None),
        ({"output_tokens": 8192}, None),
        ({"day": date(2025, 11, 2)}, None),
    ],
)
def test_prompts_wait_for_others_where_the_script_of_the_day_said_so(changed, passes):
    assert recipe_of(replace(LLAMA, **changed)).batch_wait == passes
