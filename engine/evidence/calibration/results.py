"""What engineers already have: result files of `vllm bench serve` and its sweeps, InferenceX,
SGLang `bench_serving`, aiperf, genai-perf, guidellm and inference-perf; `formats` and `summaries`
beside read those that are not written as vLLM's.

vLLM and SGLang write nearly the same keys, one JSON object per file or one per line; older versions
lack some, and what is missing follows from the others. CSV files in the form of `rooftop validate`
work too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.evidence.calibration.formats import not_serving, translated
from engine.evidence.calibration.result_record import ResultRecord
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.summaries import is_summary, summary_record
from engine.sources.csv_text import open_csv
from engine.sources.files import read_text
from engine.sources.json_text import check_size, json_values
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.work.layout import Layout

MAXIMUM_BYTES = 64 << 20
MAXIMUM_RUNS = 1000


def read_runs(paths: Sequence[Path], layout: Layout) -> list[Run]:
    """All runs of JSON result files, made on ``layout``; raises `InputError`."""
    runs: list[Run] = []
    for path in paths:
        shown = clean(str(path))
        records = _records(path, shown)
        for number, record in enumerate(records, 1):
            place = shown if len(records) == 1 else f"{shown} result {number}"
            runs.append(ResultRecord(record, place).run(layout))
        if len(runs) > MAXIMUM_RUNS:
            raise InputError(
                say(
                    "{shown}: more than {maximum_runs:,} runs",
                    shown=shown,
                    maximum_runs=MAXIMUM_RUNS,
                )
            )
    return runs


def _records(path: Path, shown: str) -> list[dict[str, Any]]:
    text = read_text(path, MAXIMUM_BYTES, say("a result file, JSON or CSV"))
    check_size(text, shown)
    if is_summary(text):
        return [_whole_summary(text, shown)]
    found = [record for value in json_values(text) for record in translated(value)]
    results = [record for record in found if isinstance(record, dict) and _is_result(record)]
    if not found or len(results) < len(found):
        other = next((name for one in found if (name := not_serving(one))), "")
        raise InputError(
            say(
                "{shown}: {other}, expected JSON of vllm bench serve, JSON lines of "
                "SGLang bench_serving, JSON, CSV or console of aiperf, JSON or CSV of "
                "genai-perf, JSON of guidellm, inference-perf or InferenceX",
                shown=shown,
                other=other or say("no benchmark result found"),
            )
        )
    return results


def _whole_summary(text: str, shown: str) -> dict[str, Any]:
    record = summary_record(text)
    if not _is_result(record):
        raise InputError(
            say(
                "{shown}: found a summary without request throughput and output "
                "lengths, expected those of genai-perf or aiperf",
                shown=shown,
            )
        )
    return record


def is_result_file(path: Path) -> bool:
    """Whether a file holds results of a client, not rows in the form of `rooftop validate`."""
    if path.suffix.lower() != ".csv":
        text = read_text(path, MAXIMUM_BYTES, say("a result file, JSON or CSV"))
        return text.lstrip("\ufeff \r\n")[:1] in ("{", "[") or is_summary(text)
    with open_csv(path, MAXIMUM_BYTES, say("a result file, JSON or CSV")) as stream:
        return is_summary(stream.readline())


def _is_result(record: dict[str, Any]) -> bool:
    """Whether a value looks like a result at all: it has two of the keys that all versions
    write."""
    keys = ("completed", "duration", "total_input_tokens", "total_output_tokens")
    return sum(key in record for key in keys) >= 2
