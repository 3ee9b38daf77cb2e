"""Summaries that genai-perf and aiperf write and print become runs; other results are named."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from engine.cli import run
from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.work.layout import Layout
from tests.engine.evidence.calibration.test_results import SGLANG, VLLM

GENAI_PERF = """Metric,avg,min,max,p99,p50
Time To First Token (ms),"1,150.50",249.4,"3,485.2","3,457.9",640.0
Inter Token Latency (ms),30.0,27.5,35.6,33.8,30.1
Request Latency (ms),"6,000.00","5,371.4","9,608.7","9,436.1","5,690.2"
Output Sequence Length (tokens),174.5,164,187,186,174
Input Sequence Length (tokens),"3,000.0",2999,3001,3001,3000

Metric,Value
Output Token Throughput (per sec),261.75
Request Throughput (per sec),1.50
"""
AIPERF = """              NVIDIA AIPerf | LLM Metrics
┏━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━┓
┃ Metric                  ┃      avg ┃    p50 ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━┩
│ Time to First Token (ms)│   350.00 │ 289.50 │
│ Request Latency (ms)    │ 2,000.00 │1,950.00│
│ Inter Token Latency (ms)│     3.50 │   3.49 │
│ Output Token Throughput │22,500.00 │    N/A │
│           (tokens/sec)  │          │        │
│ Request Throughput      │    45.00 │    N/A │
│ Request Count           │   900.00 │    N/A │
└─────────────────────────┴──────────┴────────┘

Benchmark Duration: 20.00 sec
Success Rate: 100% (0 errors)
"""
RUNS = Path(__file__).parents[5] / "shared" / "reference" / "runs"


def read(folder: Path, text: str, name: str = "profile_export.csv") -> Run:
    path = folder / name
    path.write_text(text)
    (found,) = read_runs([path], Layout())
    return found


def test_genai_perf_has_its_concurrency_from_littles_law(tmp_path: Path) -> None:
    found = read(tmp_path, GENAI_PERF)
    assert (found.input_tokens, found.output_tokens) == (3000, 174.5)
    assert (found.ttft_ms, found.tpot_ms) == (640.0, 30.0)
    assert found.concurrency == pytest.approx(1.5 * 6.0)
    assert found.output_rate == pytest.approx(261.75)
    assert math.isnan(found.requests)


def test_aiperf_prints_no_prompt_lengths(tmp_path: Path) -> None:
    found = read(tmp_path, AIPERF, "aiperf.txt")
    assert math.isnan(found.input_tokens)
    assert found.output_tokens == pytest.approx(500)
    assert (found.ttft_ms, found.tpot_ms, found.requests) == (289.5, 3.5, 900)
    assert found.concurrency == pytest.approx(90)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"avg_latency": 0.9, "latencies": [0.9]}, "vllm bench latency"),
        ({"elapsed_time": 9.0, "num_requests": 10}, "vllm bench throughput"),
    ],
)
def test_results_that_serve_nobody_are_refused_by_name(tmp_path: Path, value, name) -> None:
    with pytest.raises(InputError, match=name):
        read(tmp_path, json.dumps(value), "latency.json")


def test_a_range_ratio_means_opposite_things_for_the_two_clients(tmp_path: Path) -> None:
    """vLLM draws from 0.8 to 1.2 of a length, SGLang from 0.2 to 1, whichever server it drives."""
    for record, spread in (
        (VLLM | {"backend": "vllm", "random_range_ratio": 0.2}, 0.4),
        (SGLANG | {"random_range_ratio": 0.2}, 2 * 0.8 / 1.2),
        (SGLANG | {"backend": "vllm", "random_range_ratio": 0.2}, 2 * 0.8 / 1.2),
    ):
        found = read(tmp_path, json.dumps(record), "r.json")
        assert found.spread == pytest.approx(spread)


def test_validate_predicts_a_clients_result(tmp_path: Path, capsys) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(VLLM))
    assert run(["validate", str(path), "--model", "llama-3.1-8b", "--chip", "h100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["metric"] for one in found] == ["ttft_ms", "tpot_ms", "tps_per_chip"]
    assert [one["measured"] for one in found] == [100.0, 12.0, 800.0]


def test_validate_asks_what_a_result_was_made_on(tmp_path: Path, capsys) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps(VLLM))
    assert run(["validate", str(path)]) == 2
    assert "expected --model" in capsys.readouterr().err


def test_validate_asks_for_lengths_that_a_console_leaves_out(tmp_path: Path, capsys) -> None:
    path = tmp_path / "aiperf.txt"
    path.write_text(AIPERF)
    options = ["--model", "llama-3.1-8b", "--chip", "h100"]
    assert run(["validate", str(path), *options]) == 2
    assert "expected --isl" in capsys.readouterr().err
    assert run(["validate", str(path), *options, "--isl", "1000"]) == 0


@pytest.mark.skipif(not RUNS.is_dir(), reason="the reference files are not here")
def test_every_result_of_the_reference_is_read_or_refused_by_name() -> None:
    for path in sorted(RUNS.iterdir()):
        if "latency" in path.name:
            with pytest.raises(InputError, match="vllm bench latency"):
                read_runs([path], Layout())
        else:
            assert all(one.tpot_ms > 0 for one in read_runs([path], Layout())), path.name
