"""Rows are judged by the engine profile of their time, chip and recipe."""

from __future__ import annotations

from datetime import date

import pytest

from engine.evidence.measured.eras import build_of, profile_of
from engine.evidence.measured.runs import Run
from engine.hardware.framework_profiles import load_framework


@pytest.mark.parametrize(
    ("framework", "version", "chip", "concurrency", "profile"),
    [
        ("vllm", "vllm 0.15.1", "b200_sxm", 8, "vllm"),
        ("vllm", "vllm mid-2024", "a100_sxm_80gb", 8, "vllm-0.5"),
        ("vllm", "vllm 0.6.4", "mi300x", 8, "vllm-0.6"),
        ("vllm", "vLLM 0.10.2", "h100_sxm", 8, "vllm"),
        ("vllm", "dynamo-vllm (version not in artefact)", "b300_sxm", 8, "vllm"),
        ("sglang", "0.5.9", "b200_sxm", 8, "sglang-interval-10"),
        ("sglang", "0.5.9", "b200_sxm", 16, "sglang-interval"),
        ("sglang", "0.5.9", "h200_sxm", 16, "sglang"),
        ("trtllm", "NIM / TensorRT-LLM (Triton, genai-perf)", "h100_sxm", 1, "nim"),
        ("trtllm", "trtllm 1.0.0rc3", "h100_sxm", 1, "trtllm-1.0"),
        ("trtllm", "NIM 1.8.0 (TensorRT-LLM)", "h100_sxm", 1, "trtllm-1.0"),
        ("engine of mine", "1", "h100_sxm", 1, "generic"),
    ],
)
def test_the_first_fitting_rule_counts(framework, version, chip, concurrency, profile):
    run = Run(framework, version, chip=chip, concurrency=concurrency)
    assert profile_of(run) == profile


@pytest.mark.parametrize(
    ("framework", "chip", "day", "profile"),
    [
        ("trtllm", "b200_sxm", date(2026, 1, 19), "trtllm-1.0"),
        ("trtllm", "b200_sxm", date(2026, 1, 20), "trtllm"),
        ("trtllm", "b200_sxm", None, "trtllm"),
        ("sglang", "h200_sxm", date(2025, 11, 30), "sglang-2025"),
        ("sglang", "mi355x", date(2026, 2, 9), "sglang"),
        ("sglang", "mi355x", date(2026, 2, 10), "sglang-rocm-2026-02"),
        ("sglang", "mi355x", date(2026, 3, 20), "sglang"),
        ("sglang", "mi355x", None, "sglang"),
    ],
)
def test_a_rule_holds_from_its_first_day_to_the_one_before_its_last(framework, chip, day, profile):
    assert profile_of(Run(framework, chip=chip, concurrency=32, day=day)) == profile


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        ({"model": "deepseek-ai/DeepSeek-R1-0528", "weights": "fp8"}, "sglang-interval"),
        ({"model": "deepseek-ai/DeepSeek-R1-0528", "attention_data": 8}, "sglang"),
        ({"model": "deepseek-ai/DeepSeek-R1-0528", "disaggregated": True}, "sglang"),
        ({"disaggregated": True, "concurrency": 8}, "sglang-interval-10"),
        ({"model": "zai-org/GLM-5", "weights": "fp8"}, "sglang"),
        ({"model": "zai-org/GLM-5", "weights": "nvfp4"}, "sglang-interval-10"),
        (
            {"model": "Qwen/Qwen3.5-397B-A17B", "weights": "nvfp4", "concurrency": 8},
            "sglang-interval",
        ),
        (
            {"model": "Qwen/Qwen3.5-397B-A17B", "weights": "bf16", "concurrency": 8},
            "sglang-interval-10",
        ),
        (
            {"model": "Qwen/Qwen3.5-397B-A17B", "weights": "bf16", "chip": "mi325x"},
            "sglang-interval",
        ),
        ({"model": "Qwen/Qwen3.5-397B-A17B", "weights": "mxfp4", "chip": "mi355x"}, "sglang"),
    ],
)
def test_how_often_the_queue_is_looked_at_goes_by_the_recipe(said, profile):
    run = Run(**{"framework": "sglang", "chip": "b200_sxm", "concurrency": 32, **said})
    assert profile_of(run) == profile


def test_a_profile_has_what_it_does_not_change_from_its_base():
    base, derived = load_framework("sglang"), load_framework("sglang-interval")
    assert derived.scheduler.admission_steps == 30
    assert derived.costs.step_seconds == base.costs.step_seconds
    assert derived.kernels == base.kernels


@pytest.mark.parametrize(
    ("framework", "version", "profile", "build"),
    [
        ("vllm", "vLLM 0.11.0", "vllm", "0.11.0"),
        ("vllm", "vllm (vllm-openai:v0.13.0)", "vllm", "0.13.0"),
        ("vllm", "vLLM 0.18.1rc1 (rocm nightly)", "vllm", "0.18.1"),
        ("sglang", "SGLang 0.5.9", "sglang", "0.5.9"),
        # Today's, one whose sampler its number does not tell, and none.
        ("vllm", "vllm 0.33.0", "vllm", ""),
        ("vllm", "vLLM 0.10.2", "vllm", ""),
        ("vllm", "vllm nan", "vllm", ""),
        # A former build's profile is told by its name.
        ("vllm", "vllm 0.6.4", "vllm-0.6", ""),
        ("atom", "ATOM 0.1.0", "atom", ""),
    ],
)
def test_a_numbered_version_is_the_build_that_somebody_would_ask_for(
    framework, version, profile, build
):
    assert build_of(Run(framework, version), load_framework(profile)) == build


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        ({"weights": "mxfp8", "expert": 8}, "vllm-no-aiter"),
        ({"weights": "mxfp8", "expert": 8, "concurrency": 512}, "vllm-no-aiter"),
        ({"weights": "mxfp8", "concurrency": 64}, "vllm-no-aiter"),
        ({"weights": "mxfp8", "concurrency": 128, "tensor": 4}, "vllm"),
        (
            {"weights": "mxfp8", "concurrency": 128, "tensor": 4, "input_tokens": 8192},
            "vllm-no-aiter",
        ),
        ({"weights": "mxfp8", "disaggregated": True, "tensor": 4}, "vllm"),
        ({"weights": "mxfp8", "disaggregated": True, "tensor": 8}, "vllm-no-aiter"),
        ({"weights": "mxfp8", "chip": "mi300x"}, "vllm"),
        ({"weights": "mxfp4"}, "vllm"),
        ({"model": "Kimi-K2.5", "weights": "int4", "day": date(2026, 6, 15)}, "vllm-no-aiter-moe"),
        ({"model": "DeepSeek-V4-Pro", "day": date(2026, 7, 3)}, "vllm-early-deepseek-v4"),
        ({"model": "DeepSeek-V4-Pro", "day": date(2026, 7, 4)}, "vllm"),
    ],
)
def test_whether_experts_are_of_aiter_goes_by_the_launch_script(said, profile):
    model = "MiniMaxAI/MiniMax-M3"
    usual = {"concurrency": 32, "input_tokens": 1024, "output_tokens": 1024}
    run = Run(**{"framework": "vllm", "model": model, "chip": "mi355x", **usual, **said})
    assert profile_of(run) == profile
