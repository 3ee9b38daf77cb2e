"""What engineers already have: result files of `vllm bench serve` and SGLang `bench_serving`.

Both write the same keys, one JSON object per file or one per line. CSV files in the form of
`rooftop validate` work too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.layout import Layout
from engine.text import clean

MAXIMUM_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Run:
    """One benchmark run: a closed loop of ``concurrency`` requests on ``layout``."""

    name: str
    layout: Layout
    concurrency: float
    input_tokens: float
    output_tokens: float
    ttft_ms: float
    """Median where given, else mean; NaN where missing."""
    ttft_is_median: bool
    tpot_ms: float


def read_runs(paths: Sequence[Path], layout: Layout) -> list[Run]:
    """All runs of all files; JSON results ran on ``layout``. Raises `InputError`."""
    runs: list[Run] = []
    for path in paths:
        if path.suffix.lower() == ".csv":
            runs.extend(_csv_runs(path))
        else:
            runs.extend(_json_runs(path, layout))
    return runs


def _csv_runs(path: Path) -> Iterator[Run]:
    from engine.validation.predict import row_layout
    from engine.validation.reader import read_measurements

    for row in read_measurements(path):
        if row.kind != "serving" or row.prefill is not None or math.isnan(row.batch):
            continue
        yield Run(
            name=row.id,
            layout=row_layout(row),
            concurrency=row.batch,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            ttft_ms=row.ttft_ms,
            ttft_is_median=row.ttft_is_median,
            tpot_ms=row.tpot_ms,
        )


def _json_runs(path: Path, layout: Layout) -> Iterator[Run]:
    shown = clean(str(path))
    for number, record in enumerate(_records(path, shown), 1):
        yield _run(record, f"{shown} result {number}", layout)


def _records(path: Path, shown: str) -> list[dict[str, Any]]:
    try:
        size = path.stat().st_size
        if size > MAXIMUM_BYTES:
            raise InputError(f"{shown}: {size:,} bytes, expected at most {MAXIMUM_BYTES:,}")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"{shown}: {(error.strerror or 'cannot be read').lower()}, expected a result file"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{shown}: not UTF-8 text, expected JSON or CSV") from None
    found = _parsed(text)
    if not found or not all(isinstance(record, dict) for record in found):
        raise InputError(
            f"{shown}: no benchmark result found, expected JSON of vllm bench serve, JSON lines "
            "of SGLang bench_serving, or CSV"
        )
    return found


def _parsed(text: str) -> list[Any]:
    """One JSON value (a list counts as many), else one per line; empty where neither."""
    try:
        whole = json.loads(text)
        return whole if isinstance(whole, list) else [whole]
    except (json.JSONDecodeError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (json.JSONDecodeError, RecursionError):
        return []


def _run(record: dict[str, Any], place: str, layout: Layout) -> Run:
    completed = _number(record, "completed", place)
    input_tokens = _number(record, "total_input_tokens", place) / completed
    output_tokens = _number(record, "total_output_tokens", place) / completed
    tpot = _either(record, "median_tpot_ms", "mean_tpot_ms", place)
    median = record.get("median_ttft_ms") is not None
    ttft = _either(record, "median_ttft_ms", "mean_ttft_ms", place)
    concurrency = record.get("max_concurrency")
    if concurrency is None:
        # Little's law: requests in flight = rate × time each is there.
        each = _either(record, "mean_ttft_ms", "median_ttft_ms", place)
        each += max(output_tokens - 1.0, 0.0) * _either(
            record, "mean_tpot_ms", "median_tpot_ms", place
        )
        inside = completed * each * 1e-3 / _number(record, "duration", place)
    else:
        inside = _number(record, "max_concurrency", place)
    return Run(place, layout, max(inside, 1.0), input_tokens, output_tokens, ttft, median, tpot)


def _either(record: dict[str, Any], first: str, second: str, place: str) -> float:
    return _number(record, first if record.get(first) is not None else second, place)


def _number(record: dict[str, Any], key: str, place: str) -> float:
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        found = "nothing" if value is None else clean(repr(value), 40)
        raise InputError(f"{place}: {key}: found {found}, expected a number above 0")
    if not math.isfinite(value) or value <= 0:
        raise InputError(f"{place}: {key}: found {value}, expected a number above 0")
    return float(value)
