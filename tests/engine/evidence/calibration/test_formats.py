"""Results of other clients become runs like those of vLLM's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.work.layout import Layout


def read(folder: Path, value: object) -> Run:
    path = folder / "r.json"
    path.write_text(json.dumps(value))
    (run,) = read_runs([path], Layout())
    return run


def successful(mean: float) -> dict:
    return {"successful": {"mean": mean, "median": mean}}


GUIDELLM = {
    "benchmarks": [
        {
            "duration": 20.0,
            "config": {
                "strategy": {"type_": "concurrent", "streams": 8},
                "backend": {"model": "org/model"},
            },
            "metrics": {
                "request_totals": {"successful": 100, "errored": 0},
                "prompt_token_count": successful(1000),
                "output_token_count": successful(200),
                "request_concurrency": successful(7.9),
                "time_to_first_token_ms": successful(150),
                "inter_token_latency_ms": successful(10),
                "request_latency": successful(2.1),
            },
        }
    ]
}
AIPERF = {
    "request_count": {"avg": 100},
    "request_throughput": {"avg": 5.0},
    "input_sequence_length": {"avg": 1000},
    "output_sequence_length": {"avg": 200},
    "time_to_first_token": {"unit": "ms", "avg": 150, "p50": 150},
    "inter_token_latency": {"unit": "ms", "avg": 10},
    "request_latency": {"unit": "ms", "avg": 2140},
    "input_config": {
        "loadgen": {"concurrency": 8},
        "endpoint": {"model_names": ["org/model"]},
    },
}


PHASES = {
    "phases": [
        {"name": "warmup", "kind": "warmup", "type": "concurrency", "concurrency": 2},
        {"name": "profiling", "kind": "profiling", "type": "concurrency", "concurrency": 8},
    ],
    "models": {"strategy": "round_robin", "items": [{"name": "org/model"}]},
}
AIPERF_BY_PHASES = {**AIPERF, "input_config": PHASES}
GENAI_PERF = {**AIPERF, "input_config": {"concurrency": 8, "model": ["org/model"]}}
INFERENCEX = {
    **{"hw": "h200", "tp": 4, "ep": 1, "conc": 8, "model": "org/model", "framework": "vllm"},
    **{"tput_per_gpu": 1500.0, "output_tput_per_gpu": 250.0},
    **{"mean_ttft": 0.15, "median_ttft": 0.15, "mean_tpot": 0.01, "mean_e2el": 2.14},
}
ALIKE = {
    "guidellm": GUIDELLM,
    "aiperf": AIPERF,
    "aiperf of phases": AIPERF_BY_PHASES,
    "genai-perf": GENAI_PERF,
    "InferenceX": INFERENCEX,
}


@pytest.mark.parametrize("value", ALIKE.values(), ids=ALIKE)
def test_figures_map_one_to_one(tmp_path: Path, value: dict):
    run = read(tmp_path, value)
    lengths = run.concurrency, run.input_tokens, run.output_tokens
    assert lengths == pytest.approx((8, 1000, 200))
    assert (run.ttft_ms, run.tpot_ms, run.output_rate) == pytest.approx((150, 10, 1000))
    assert run.model == "org/model"


def test_seconds_of_inference_perf_are_milliseconds_here(tmp_path: Path):
    latencies = {
        "time_to_first_token": {"mean": 0.03, "median": 0.025},
        "time_per_output_token": {"mean": 0.004},
        "request_latency": {"mean": 0.5},
    }
    run = read(
        tmp_path,
        {
            "load_summary": {"count": 100, "achieved_rate": 10.0},
            "successes": {
                "count": 100,
                "latency": latencies,
                "prompt_len": {"mean": 200},
                "output_len": {"mean": 50},
                "throughput": {"requests_per_sec": 10.0},
            },
        },
    )
    assert (run.ttft_ms, run.tpot_ms) == (25, 4)
    assert run.concurrency == pytest.approx(5)
    assert not run.opens_at_once


INFERENCE_PERF = {
    "benchmark_time_seconds": 20.0,
    "load_summary": {
        "count": 101,
        "schedule_delay": {"mean": 0.0},
        "send_duration": 19.0,
        "requested_rate": 100.0,
        "achieved_rate": 5.3,
        "concurrency": 8,
    },
    "successes": {
        "count": 100,
        "latency": {
            "request_latency": {"mean": 2.14, "median": 2.1},
            "time_per_output_token": {"mean": 0.01},
            "time_to_first_token": {"mean": 0.16, "median": 0.15},
            "inter_token_latency": {"mean": 0.01},
        },
        "throughput": {"output_tokens_per_sec": 990.0, "requests_per_sec": 5.0},
        "prompt_tokens": {
            "total": 100_000.0,
            "cached": 25_000.0,
            "uncached": 75_000.0,
            "mean": 1000.0,
        },
        "output_len": {"mean": 198.0},
        "output_tokens": {"total": 20_000.0, "mean": 200.0},
    },
    "failures": {"count": 1, "request_latency": {"mean": 1.0}, "by_label": {}},
}
"""A stage of so many at once, in the fields of reportgen/base.py."""


def test_a_stage_of_inference_perf_with_so_many_at_once(tmp_path: Path):
    run = read(tmp_path, INFERENCE_PERF)
    assert (run.concurrency, run.rate, run.opens_at_once) == (8, 0, True)
    assert (run.input_tokens, run.output_tokens, run.cached) == (1000, 200, 0.25)
    assert (run.ttft_ms, run.tpot_ms, run.output_rate) == pytest.approx((150, 10, 1000))


def test_a_stage_of_inference_perf_at_a_rate(tmp_path: Path):
    load = {key: one for key, one in INFERENCE_PERF["load_summary"].items() if key != "concurrency"}
    run = read(tmp_path, {**INFERENCE_PERF, "load_summary": load})
    assert (run.rate, run.opens_at_once) == (5.3, False)
    assert run.concurrency == pytest.approx(100 * 2.14 / 20)


VLLM = {
    "backend": "vllm",
    "completed": 10,
    "duration": 10.0,
    "total_input_tokens": 1000,
    "total_output_tokens": 1000,
    "max_concurrency": 2,
    "mean_ttft_ms": 10,
    "mean_tpot_ms": 10,
}


def test_range_ratios_mean_opposite_things(tmp_path: Path):
    assert read(tmp_path, {**VLLM, "random_range_ratio": 0.0}).spread == 0
    assert read(tmp_path, {**VLLM, "backend": "sglang", "random_range_ratio": 1.0}).spread == 0


def test_what_sglang_found_in_its_cache_is_read(tmp_path: Path):
    assert read(tmp_path, {**VLLM, "total_cached_tokens": 250}).cached == 0.25
    assert read(tmp_path, {**VLLM, "cache_hit_rate_pct": 40}).cached == 0.4


@pytest.mark.parametrize("key", ["accept_length", "spec_decode_acceptance_length"])
def test_accepted_drafts_are_read(tmp_path: Path, key: str):
    assert read(tmp_path, {**VLLM, key: 2.5}).accepted == 2.5


def test_a_rate_of_a_phase_is_what_the_client_kept(tmp_path: Path):
    phase = {"name": "profiling", "type": "poisson", "rate": 5.0}
    assert read(tmp_path, {**AIPERF, "input_config": {"phases": [phase]}}).rate == 5.0


def test_seconds_of_a_metric_are_milliseconds_here(tmp_path: Path):
    value = {**AIPERF, "time_to_first_token": {"unit": "sec", "avg": 0.15, "p50": 0.15}}
    assert read(tmp_path, value).ttft_ms == pytest.approx(150)


def test_what_the_cache_found_is_read_where_sglang_reports_it(tmp_path: Path):
    report = {"total_prompt_tokens": 1000, "total_cached_tokens": 400, "cache_hit_rate_pct": 40.0}
    value = {
        **{"completed": 1, "duration": 1.0, "total_input_tokens": 1000, "total_output_tokens": 10},
        **{"mean_ttft_ms": 10.0, "mean_tpot_ms": 1.0, "max_concurrency": 1},
        "cache_report": report,
    }
    assert read(tmp_path, value).cached == 0.4
