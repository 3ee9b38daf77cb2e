"""Result files of benchmark clients as their versions write them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from engine.evidence.calibration.results import read_runs
from engine.evidence.calibration.run import Run
from engine.words.errors import InputError
from engine.work.layout import Layout

VLLM = {
    "date": "20260801-101500",
    "endpoint_type": "openai",
    "label": None,
    "model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "tokenizer_id": "meta-llama/Llama-3.1-8B-Instruct",
    "num_prompts": 160,
    "request_rate": "inf",
    "burstiness": 1.0,
    "max_concurrency": 16,
    "duration": 100.0,
    "completed": 160,
    "failed": 0,
    "total_input_tokens": 160_000,
    "total_output_tokens": 80_000,
    "request_throughput": 1.6,
    "request_goodput": None,
    "output_throughput": 800.0,
    "total_token_throughput": 2400.0,
    "max_output_tokens_per_s": 900.0,
    "max_concurrent_requests": 18,
    "mean_ttft_ms": 120.0,
    "median_ttft_ms": 100.0,
    "std_ttft_ms": 40.0,
    "p99_ttft_ms": 300.0,
    "mean_tpot_ms": 12.0,
    "median_tpot_ms": 11.5,
    "std_tpot_ms": 0.4,
    "p99_tpot_ms": 13.0,
    "mean_itl_ms": 12.1,
    "median_itl_ms": 11.0,
    "std_itl_ms": 5.0,
    "p99_itl_ms": 30.0,
}
SGLANG = {
    "tag": None,
    "backend": "sglang",
    "dataset_name": "random",
    "request_rate": math.inf,
    "max_concurrency": 16,
    "sharegpt_output_len": None,
    "random_input_len": 1000,
    "random_output_len": 500,
    "random_range_ratio": 1.0,
    "duration": 100.0,
    "completed": 160,
    "total_input_tokens": 160_000,
    "total_input_text_tokens": 160_000,
    "total_input_vision_tokens": 0,
    "total_output_tokens": 80_000,
    "total_output_tokens_retokenized": 79_900,
    "request_throughput": 1.6,
    "input_throughput": 1600.0,
    "output_throughput": 800.0,
    "total_throughput": 2400.0,
    "mean_e2e_latency_ms": 6100.0,
    "median_e2e_latency_ms": 6000.0,
    "mean_ttft_ms": 120.0,
    "median_ttft_ms": 100.0,
    "mean_tpot_ms": 12.0,
    "median_tpot_ms": 11.5,
    "mean_itl_ms": 12.1,
    "median_itl_ms": 11.0,
    "p95_itl_ms": 20.0,
    "concurrency": 15.4,
    "accept_length": None,
}
EARLY_SGLANG = {
    "backend": "sglang",
    "request_rate": 4.0,
    "total_input_tokens": 160_000,
    "total_output_tokens": 80_000,
    "total_output_tokens_retokenized": 79_900,
    "mean_e2e_latency_ms": 6108.0,
    "median_e2e_latency_ms": 6000.0,
    "mean_ttft_ms": 120.0,
    "median_ttft_ms": 100.0,
    "median_itl_ms": 11.0,
    "output_throughput": 800.0,
    "random_input_len": 1000,
    "random_output_len": 500,
    "random_range_ratio": 0.0,
    "duration": 100.0,
    "completed": 160,
}


def read(folder: Path, *records: dict[str, object], name: str = "result.json") -> list[Run]:
    path = folder / name
    path.write_text("\n".join(json.dumps(record) for record in records))
    return read_runs([path], Layout(tensor=2))


@pytest.mark.parametrize("record", [VLLM, SGLANG], ids=["vllm", "sglang"])
def test_lengths_times_and_concurrency(tmp_path: Path, record) -> None:
    (found,) = read(tmp_path, record)
    assert (found.input_tokens, found.output_tokens) == (1000, 500)
    assert (found.ttft_ms, found.ttft_is_median, found.tpot_ms) == (100.0, True, 12.0)
    assert (found.concurrency, found.opens_at_once) == (16, True)
    assert found.layout == Layout(tensor=2)


def test_detailed_results_tell_how_far_lengths_lie_apart(tmp_path: Path) -> None:
    lists = {"output_lens": [400, 500, 600], "ttfts": [0.1], "itls": [[0.01]], "errors": [""]}
    (found,) = read(tmp_path, VLLM | lists)
    assert found.spread == pytest.approx(200 / 500)


def test_sglang_range_ratio_of_one_means_equal_lengths(tmp_path: Path) -> None:
    equal, free = read(tmp_path, SGLANG, SGLANG | {"random_range_ratio": 0.0}, name="two.jsonl")
    assert (equal.spread, free.spread) == (0.0, 2.0)


def test_lines_give_one_run_each(tmp_path: Path) -> None:
    records = [SGLANG | {"max_concurrency": n} for n in (1, 8, 32)]
    found = read(tmp_path, *records, name="all.jsonl")
    assert [one.concurrency for one in found] == [1, 8, 32]
    assert [one.name[-8:] for one in found] == ["result 1", "result 2", "result 3"]


def test_early_sglang_has_tpot_between_its_latencies(tmp_path: Path) -> None:
    (found,) = read(tmp_path, EARLY_SGLANG)
    assert found.tpot_ms == pytest.approx((6108 - 120) / 499)
    assert found.opens_at_once is False


def test_under_a_request_rate_concurrency_follows_from_littles_law(tmp_path: Path) -> None:
    (found,) = read(tmp_path, EARLY_SGLANG)
    assert found.concurrency == pytest.approx(160 * 6.108 / 100)
    (limited,) = read(tmp_path, VLLM | {"request_rate": 1.6})
    assert limited.concurrency == pytest.approx(160 * (0.120 + 499 * 0.012) / 100)


def test_without_rate_and_limit_ttft_is_the_queue_and_does_not_count(tmp_path: Path) -> None:
    (found,) = read(tmp_path, VLLM | {"max_concurrency": None})
    assert math.isnan(found.ttft_ms)
    assert found.tpot_ms == 12.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"completed": 0}, "completed: found 0, expected a number above 0"),
        ({"completed": None}, "completed: found nothing"),
        ({"total_output_tokens": "many"}, "total_output_tokens: found 'many'"),
        ({"mean_tpot_ms": -1}, "mean_tpot_ms: found -1"),
        ({"mean_tpot_ms": math.nan}, "mean_tpot_ms: found nan"),
        ({"max_concurrency": True}, "max_concurrency: found True"),
        ({"failed": 40}, "failed: found 40 of 200 requests, expected at most 5%"),
    ],
)
def test_nonsense_is_named(tmp_path: Path, change, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, VLLM | change)


@pytest.mark.parametrize(
    "content",
    [
        "not a result",
        "",
        "[]",
        "[1, 2]",
        '{"model": "x"}',
        '[{"benchmark": {"name": "vLLM"}, "metric": {"name": "median_tpot_ms"}}]',
        "[" * 100_000,
        "\x00",
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "notes.json"
    path.write_text(content)
    with pytest.raises(InputError, match="no benchmark result found"):
        read_runs([path], Layout())


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_runs([tmp_path / "none.json"], Layout())


@pytest.mark.parametrize(
    "text",
    ["[" + "{}," * 60_000 + "{}]", "[" + "[]," * 6_100_000 + "1]", "[" + "1," * 6_100_000 + "1]"],
    ids=["objects", "lists", "numbers"],
)
def test_what_would_take_too_much_memory_is_refused_unparsed(tmp_path, monkeypatch, text: str):
    from engine.evidence.calibration import results

    monkeypatch.setattr(results, "json_values", None)
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(InputError, match="expected at most 50,000 and 6,000,000"):
        read_runs([path], Layout())


def test_a_file_of_172_megabytes_is_refused_unread(tmp_path):
    path = tmp_path / "results.json"
    with path.open("wb") as file:
        file.truncate(172 << 20)
    with pytest.raises(InputError, match="expected a result file, JSON or CSV of at most"):
        read_runs([path], Layout())
