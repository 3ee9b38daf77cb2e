"""Rows that publish a rate ask for it: Poisson arrivals, or a constant rate where they say so."""

from pathlib import Path

import pytest

from engine.evidence.measured.library import Library
from engine.evidence.measured.predict import calls_of, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.reported import TokenTime, token_time
from engine.serve.call import Call, Rate
from tests.engine.evidence.measured.rows import write_rows


def asked(tmp_path: Path, **cells: str) -> Call:
    rows = read_measurements(write_rows(tmp_path / "in.csv", cells))
    (call,), refused = calls_of(rows, Library(None))
    assert call is not None, refused
    return call


def test_a_rate_is_asked_for_whatever_was_in_flight(tmp_path: Path):
    call = asked(tmp_path, request_rate="0.5", concurrency_or_batch="8")
    assert call.size == Rate(0.5)
    assert call.scenario.workload.rate == 0.5
    assert call.scenario.workload.burstiness == 1.0


def test_a_constant_rate_is_evenly_spaced(tmp_path: Path):
    call = asked(tmp_path, request_rate="0.5", notes="inference-perf constant rate")
    assert call.scenario.workload.burstiness > 10.0


def test_shared_prefixes_of_inference_perf_are_a_hundred_prompts_sent_again(tmp_path: Path):
    said = "inference-perf constant rate, multi-turn chat with shared system prompts"
    call = asked(tmp_path, framework="vllm", request_rate="5", notes=said)
    # 100 of the 3,000 requests of ten minutes are new.
    assert call.scenario.workload.cached == pytest.approx(29 / 30)


def test_a_median_of_an_open_load_is_predicted_as_one(tmp_path: Path):
    known = {"request_rate": "2", "ttft_ms": "60"}
    source = write_rows(tmp_path / "in.csv", known, known | {"ttft_median_ms": "50"})
    mean, median = predict_rows(read_measurements(source)).values["ttft_ms"]
    assert median < mean


def test_a_median_gap_between_tokens_holds_no_prompt_of_another_request(tmp_path: Path):
    source = write_rows(
        tmp_path / "in.csv", *({"tpot_stat": one} for one in ("mean", "median", "median ITL"))
    )
    mean, median, gap = predict_rows(read_measurements(source)).values["tpot_ms"]
    assert gap < 0.98 * mean
    assert median == pytest.approx(mean, rel=0.02)


@pytest.mark.parametrize(
    ("words", "time"),
    [
        ("", TokenTime.MEAN),
        ("mean ITL (p95=16.83)", TokenTime.MEAN),
        ("median (median over runs)", TokenTime.MEDIAN),
        ("median ITL", TokenTime.MEDIAN_GAP),
        ("p50 token latency (rounded to 1 ms)", TokenTime.MEDIAN),
    ],
)
def test_words_say_which_statistic_a_time_per_token_is(words: str, time: TokenTime):
    assert token_time(words) is time


@pytest.mark.parametrize("column", ["ttft_p99_ms", "tpot_p99_ms", "e2el_p99_ms"])
def test_percentiles_are_predicted_and_slower_than_the_mean(tmp_path: Path, column: str):
    source = write_rows(tmp_path / "in.csv", {"request_rate": "0.5", column: "100"})
    rows = read_measurements(source)
    made = predict_rows(rows)
    mean = column.replace("_p99", "")
    assert made.values[column][0] >= made.values[mean][0] > 0
