"""Results of other benchmark tools in the keys of vLLM's: aiperf, guidellm, inference-perf.

Each tool names the same few figures differently. Checked against a result of guidellm 0.8 and one
of inference-perf, and against the documented schema of aiperf 0.13 (genai-perf's successor).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Record = dict[str, Any]


def translated(value: object) -> Iterator[object]:
    """The records of one parsed file: those of other tools in vLLM's keys, any other as it is."""
    if not isinstance(value, dict):
        yield value
    elif isinstance(value.get("benchmarks"), list):
        yield from (_guidellm(one) for one in value["benchmarks"])
    elif "load_summary" in value and "successes" in value:
        yield _inference_perf(value)
    elif isinstance(value.get("time_to_first_token"), dict):
        yield _aiperf(value)
    else:
        yield value


_OTHER = {
    "avg_latency": "found vllm bench latency, which says neither its batch nor its lengths",
    "num_requests": "found vllm bench throughput, which measures no latency",
}
"""Results of benchmarks that serve nobody, by a key of theirs."""


def not_serving(value: object) -> str:
    """What a result is of that is not of serving; empty where it is not known."""
    keys = value.keys() if isinstance(value, dict) else ()
    return next((says for key, says in _OTHER.items() if key in keys), "")


def _at(value: object, *path: str) -> Any:
    """What lies at a path of keys; None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _known(record: Mapping[str, Any]) -> Record:
    return {key: value for key, value in record.items() if value is not None}


def _times(value: object, factor: float) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return value * factor if number else None  # type: ignore[operator]


def _guidellm(one: object) -> Record:
    """One benchmark of guidellm; its figures are of the requests that succeeded."""

    def mean(name: str, statistic: str = "mean") -> Any:
        return _at(one, "metrics", name, "successful", statistic)

    completed = _at(one, "metrics", "request_totals", "successful")
    strategy = _at(one, "config", "strategy")
    rate = _at(strategy, "rate")
    return _known(
        {
            "completed": completed,
            "failed": _at(one, "metrics", "request_totals", "errored"),
            "duration": _at(one, "duration"),
            "total_input_tokens": _times(mean("prompt_token_count"), completed or 0),
            "total_output_tokens": _times(mean("output_token_count"), completed or 0),
            "request_rate": rate,
            "max_concurrency": _at(strategy, "streams") if rate is None else None,
            "concurrency": mean("request_concurrency"),
            "mean_ttft_ms": mean("time_to_first_token_ms"),
            "median_ttft_ms": mean("time_to_first_token_ms", "median"),
            "mean_tpot_ms": mean("inter_token_latency_ms"),
            "mean_e2el_ms": _times(mean("request_latency"), 1e3),
            "output_throughput": mean("output_tokens_per_second"),
            "model_id": _at(one, "config", "backend", "model"),
        }
    )


def _inference_perf(value: Record) -> Record:
    """One stage of inference-perf, in seconds."""

    def latency(name: str, statistic: str) -> Any:
        return _times(_at(value, "successes", "latency", name, statistic), 1e3)

    completed = _at(value, "successes", "count")
    rate = _at(value, "successes", "throughput", "requests_per_sec")
    duration = completed / rate if completed and rate else None
    return _known(
        {
            "completed": completed,
            "failed": _at(value, "failures", "count"),
            "duration": duration,
            "total_input_tokens": _times(_at(value, "successes", "prompt_len", "mean"), completed),
            "total_output_tokens": _times(_at(value, "successes", "output_len", "mean"), completed),
            "request_rate": _at(value, "load_summary", "achieved_rate"),
            "mean_ttft_ms": latency("time_to_first_token", "mean"),
            "median_ttft_ms": latency("time_to_first_token", "median"),
            "mean_tpot_ms": latency("time_per_output_token", "mean"),
            "mean_e2el_ms": latency("request_latency", "mean"),
            "output_throughput": _at(value, "successes", "throughput", "output_tokens_per_sec"),
        }
    )


def _aiperf(value: Record) -> Record:
    """A summary of aiperf, whose inter-token latency is a request's over all tokens after the
    first: our TPOT."""

    def average(name: str, statistic: str = "avg") -> Any:
        return _at(value, name, statistic)

    completed = average("request_count")
    rate = average("request_throughput")
    duration = average("benchmark_duration") or (completed / rate if completed and rate else None)
    generator = _at(value, "input_config", "loadgen")
    model = _at(value, "input_config", "endpoint", "model_names")
    return _known(
        {
            "completed": completed,
            "failed": average("error_request_count"),
            "duration": duration,
            "total_input_tokens": _times(average("input_sequence_length"), completed or 0),
            "total_output_tokens": _times(average("output_sequence_length"), completed or 0),
            "request_rate": _at(generator, "request_rate"),
            "max_concurrency": _at(generator, "concurrency"),
            "mean_ttft_ms": average("time_to_first_token"),
            "median_ttft_ms": average("time_to_first_token", "p50"),
            "mean_tpot_ms": average("inter_token_latency"),
            "mean_e2el_ms": average("request_latency"),
            "output_throughput": average("output_token_throughput"),
            "model_id": model[0] if isinstance(model, list) and model else None,
        }
    )
