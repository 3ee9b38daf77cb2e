"""Results of other benchmark tools in the keys of vLLM's: aiperf, genai-perf, guidellm,
inference-perf, and what InferenceX keeps of a run.

Each tool names the same few figures differently. Checked against a result of guidellm 0.8 and one
of inference-perf, against the classes that guidellm 0.8.1, aiperf 0.13, genai-perf 0.0.16 and
inference-perf (reportgen/base.py, 7de5ef2) write, and InferenceX's utils/process_result.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.words.messages import say

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
    elif "output_tput_per_gpu" in value and "conc" in value:
        yield _inferencex(value)
    else:
        yield value


OTHER = {
    "avg_latency": "found vllm bench latency, which says neither its batch nor its lengths",
    "num_requests": "found vllm bench throughput, which measures no latency",
}
"""Results of benchmarks that serve nobody, by a key of theirs."""


def not_serving(value: object) -> str:
    """What a result is of that is not of serving; empty where it is not known."""
    keys = value.keys() if isinstance(value, dict) else ()
    return next((say(says) for key, says in OTHER.items() if key in keys), "")


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
    """One stage of inference-perf, in seconds. Until 0.6 it counted prompts by itself
    (``prompt_len``), after it as the server does, which also says what its cache held."""

    def latency(name: str, statistic: str) -> Any:
        return _times(_at(value, "successes", "latency", name, statistic), 1e3)

    def tokens(counted: str, retold: str) -> Any:
        mean = _at(value, "successes", counted, "mean")
        return mean if mean is not None else _at(value, "successes", retold, "mean")

    completed = _at(value, "successes", "count")
    rate = _at(value, "successes", "throughput", "requests_per_sec")
    whole = value.get("benchmark_time_seconds")
    duration = whole or (completed / rate if completed and rate else None)
    # A stage of so many at once has a rate as well, which nobody asked for.
    limit = _at(value, "load_summary", "concurrency")
    kept = _at(value, "load_summary", "achieved_rate") if limit is None else None
    return _known(
        {
            "completed": completed,
            "failed": _at(value, "failures", "count"),
            "duration": duration,
            "total_input_tokens": _times(tokens("prompt_tokens", "prompt_len"), completed),
            "total_output_tokens": _times(tokens("output_tokens", "output_len"), completed),
            "total_cached_tokens": _at(value, "successes", "prompt_tokens", "cached"),
            "max_concurrency": limit,
            "request_rate": kept,
            "mean_ttft_ms": latency("time_to_first_token", "mean"),
            "median_ttft_ms": latency("time_to_first_token", "median"),
            "mean_tpot_ms": latency("time_per_output_token", "mean"),
            "mean_e2el_ms": latency("request_latency", "mean"),
            "output_throughput": _at(value, "successes", "throughput", "output_tokens_per_sec"),
        }
    )


_UNITS = {"ms": 1.0, "s": 1e3, "sec": 1e3, "us": 1e-3, "ns": 1e-6}


def _aiperf(value: Record) -> Record:
    """A summary of aiperf or genai-perf, whose inter-token latency is a request's over all tokens
    after the first: our TPOT."""

    def average(name: str, statistic: str = "avg") -> Any:
        return _at(value, name, statistic)

    def time_ms(name: str, statistic: str = "avg") -> Any:
        unit = _UNITS.get(str(_at(value, name, "unit")), 1.0)
        return _times(average(name, statistic), unit)

    completed = average("request_count")
    rate = average("request_throughput")
    duration = average("benchmark_duration") or (completed / rate if completed and rate else None)
    limit, asked_rate, model = _asked(value.get("input_config"))
    return _known(
        {
            "completed": completed,
            "failed": average("error_request_count"),
            "duration": duration,
            "total_input_tokens": _times(average("input_sequence_length"), completed or 0),
            "total_output_tokens": _times(average("output_sequence_length"), completed or 0),
            "request_rate": asked_rate,
            "max_concurrency": limit,
            "mean_ttft_ms": time_ms("time_to_first_token"),
            "median_ttft_ms": time_ms("time_to_first_token", "p50"),
            "mean_tpot_ms": time_ms("inter_token_latency"),
            "mean_e2el_ms": time_ms("request_latency"),
            "output_throughput": average("output_token_throughput"),
            "model_id": model,
        }
    )


def _asked(config: object) -> tuple[Any, Any, Any]:
    """Limit of requests in flight, requests per second and model that a client was asked for: of
    the phase that is measured (aiperf 0.13), of its load generator (before), or plainly
    (genai-perf)."""
    phases = _at(config, "phases")
    counted = [
        one
        for one in (phases if isinstance(phases, list) else [])
        if isinstance(one, dict)
        and not one.get("exclude_from_results")
        and "warmup" not in {one.get("kind"), one.get("name")}
    ]
    load = counted[-1] if counted else _at(config, "loadgen") or config
    rate = _at(load, "rate") or _at(load, "request_rate")
    items = _at(config, "models", "items")
    names = _at(config, "endpoint", "model_names") or _at(config, "model") or items
    first = names[0] if isinstance(names, list) and names else names
    return _at(load, "concurrency"), rate, _at(first, "name") or first


def _inferencex(value: Record) -> Record:
    """What InferenceX keeps of a run on one worker, in seconds and tokens per second of a GPU.
    Lengths follow from it: of answers from their latencies, of prompts from the throughputs."""

    def time_ms(name: str) -> Any:
        return _times(value.get(name), 1e3)

    latencies = [time_ms(f"mean_{one}") for one in ("ttft", "tpot", "e2el")]
    throughputs = [value.get(one) for one in ("output_tput_per_gpu", "tput_per_gpu", "tp")]
    figures: list[Any] = [*latencies, *throughputs]
    if not all(isinstance(one, int | float) and one > 0 for one in figures):
        return value
    first, each, whole, answers, every, chips = figures
    output_tokens = 1.0 + (whole - first) / each
    return _known(
        {
            "completed": 1.0,
            "count_unknown": True,
            "duration": output_tokens / (answers * chips),
            "total_output_tokens": output_tokens,
            "total_input_tokens": output_tokens * (every / answers - 1.0),
            "max_concurrency": value.get("conc"),
            "mean_ttft_ms": first,
            "median_ttft_ms": time_ms("median_ttft"),
            "mean_tpot_ms": each,
            "mean_e2el_ms": whole,
            "model_id": value.get("model"),
        }
    )
