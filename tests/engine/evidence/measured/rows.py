"""Rows of measurements for tests, written as the CSV that users write."""

from __future__ import annotations

import csv
from pathlib import Path

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.reader import read_measurements

SERVING = {
    "kind": "serving",
    "model": "meta-llama/Llama-3.1-8B-Instruct",
    "chip": "h100_sxm",
    "framework": "vllm",
    "framework_version": "vLLM 0.11",
    "precision_weights": "bf16",
    "isl": "1000",
    "osl": "200",
    "concurrency_or_batch": "8",
    "ttft_ms": "50",
    "tpot_ms": "8",
}


def write_rows(path: Path, *changes: dict[str, str]) -> Path:
    """A CSV with one serving row per set of changed cells."""
    return write_lines(path, *(SERVING | change for change in changes))


def write_lines(path: Path, *lines: dict[str, str]) -> Path:
    """A CSV with these cells."""
    columns = list(dict.fromkeys(column for line in lines for column in line))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(lines)
    return path


def make_rows(folder: Path, *changes: dict[str, str]) -> list[Measurement]:
    """The same, read."""
    return read_measurements(write_rows(folder / "rows.csv", *changes))
