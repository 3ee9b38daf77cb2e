"""Summaries as people keep them, in the keys of vLLM's results: CSV of genai-perf and aiperf, and
what aiperf prints.

All name a metric with its unit and then its statistics. Read against two files of genai-perf and
one console of aiperf.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from engine.words.units import parse_decimal

Record = dict[str, object]
Figures = dict[str, dict[str, float]]
"""Statistics by metric; the only value of a rate is its ``avg``."""

_BAR = "│"
_UNIT = re.compile(r"\s*\(([^)]*)\)\s*$")
_DURATION = re.compile(r"^Benchmark Duration:\s*([\d.,]+)\s*sec", re.MULTILINE)
_ERRORS = re.compile(r"^Success Rate:.*\(([\d,]+) errors?\)", re.MULTILINE)


def is_summary(text: str) -> bool:
    """Whether a text is one of these at all."""
    head = text.lstrip("\ufeff \r\n").split("\n", 1)[0]
    return head.startswith("Metric,") or "AIPerf | LLM Metrics" in text[:400]


def summary_record(text: str) -> Record:
    """The one run of a summary. What nobody counted is a single request, whose ``count_unknown`` is
    said; prompts of unknown length have no ``total_input_tokens``."""
    figures = _table(text) if is_table(text) else _console(text)
    rate = _of(figures, "request throughput")
    latency = _of(figures, "request latency")
    counted = _of(figures, "request count")
    completed = counted or 1.0
    record: Record = {
        "completed": completed,
        "count_unknown": counted is None,
        "failed": _number(_ERRORS, text) or _of(figures, "error request count"),
        "duration": _number(_DURATION, text) or (completed / rate if rate else None),
        "mean_ttft_ms": _of(figures, "time to first token"),
        "median_ttft_ms": _of(figures, "time to first token", "p50"),
        "mean_tpot_ms": _of(figures, "inter token latency"),
        "mean_e2el_ms": latency,
        "output_throughput": _of(figures, "output token throughput"),
    }
    outputs, throughput = _of(figures, "output sequence length"), record["output_throughput"]
    if outputs is None and isinstance(throughput, float) and rate:
        outputs = throughput / rate
    inputs = _of(figures, "input sequence length")
    if outputs is not None:
        record["total_output_tokens"] = outputs * completed
    if inputs is not None:
        record["total_input_tokens"] = inputs * completed
    if rate and latency:
        # The client does not write down its limit: Little's law says who was in flight.
        record["max_concurrency"] = max(rate * latency / 1e3, 1.0)
    return {key: value for key, value in record.items() if value is not None}


def is_table(text: str) -> bool:
    """Whether a summary is a CSV file."""
    return text.lstrip("\ufeff \r\n").startswith("Metric,")


def _table(text: str) -> Figures:
    figures: Figures = {}
    names: list[str] = []
    for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))):
        if not row:
            continue
        if row[0] == "Metric":
            names = ["avg" if name == "Value" else name for name in row[1:]]
        else:
            _add(figures, row[0], names, row[1:])
    return figures


def _console(text: str) -> Figures:
    """A table drawn with lines, in which a metric's unit may stand on the next one."""
    figures: Figures = {}
    names: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split("[┃│]", line)[1:-1]]
        if "┃" in line and cells:
            names = cells[1:]
        elif _BAR in line and any(cells[1:]):
            _add(figures, cells[0], names, cells[1:])
    return figures


def _add(figures: Figures, name: str, statistics: list[str], cells: list[str]) -> None:
    unit = _UNIT.search(name)
    factor = 1e3 if unit and unit[1].lower() in {"s", "sec"} else 1.0
    found = dict(_values(zip(statistics, cells, strict=False), factor))
    if found:
        figures[_UNIT.sub("", name).strip().lower()] = found


def _values(pairs: Iterator[tuple[str, str]], factor: float) -> Iterator[tuple[str, float]]:
    for statistic, cell in pairs:
        value = parse_decimal(cell.replace(",", ""))
        if value == value:
            yield statistic, value * factor


def _of(figures: Mapping[str, Mapping[str, float]], name: str, what: str = "avg") -> float | None:
    return figures.get(name, {}).get(what)


def _number(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    value = parse_decimal(found[1].replace(",", "")) if found else float("nan")
    return value if value == value else None
