"""Write what is known of a precision's cost in quality, from a CSV of published evaluations.

    python -m tests.accuracy.publish_quality RESULTS.csv

Recovery is the quantised score over that of the model in 16 bits, in percent. Writes
``profiles/quality/formats.toml``, medians per format and size of model on the main tests after
quantisation without training, and ``models.toml``, every model's own evaluations. Targets that
benchmarks set, perplexities, and training in the loop are left out.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from engine.model.precision_quality import FORMATS_FILE, MODELS_FILE, class_of_size, spelt
from engine.sources.files import write_text

HARD = ("AIME", "GPQA", "LiveCodeBench", "HumanEval", "MBPP", "SciCode", "SWE-bench", "Arena-Hard")
"""Tests of reasoning and code: small sets, whose scores scatter two to three times as widely."""
FEW = 5
"""Fewer evaluations than so many are told whole, not by their tenth and ninetieth percentile."""
FORMATS_HEADER = """\
# What published evaluations kept of the score in 16 bits, per format and size of model: median and
# the tenth to ninetieth percentile (all where there are fewer than five) in percent, on general
# tests (MMLU, GSM8K, C-Eval, IFEval, ... and averages; not reasoning or code), quantised without
# training. Above 100 is noise, not gain. Written by tests/accuracy/publish_quality.py.

"""
MODELS_HEADER = """\
# What published evaluations of a model itself kept of its score in 16 bits, in percent: general
# tests, reasoning and code. Written by tests/accuracy/publish_quality.py.

"""

Row = Mapping[str, str]


def _format_of(row: Row) -> str:
    """The id of a row's format; empty for what is told of none."""
    weights, kv = row["weights_format"].upper(), row["kv_format"].upper()
    activations = row["activations_format"].upper()
    if weights.startswith(("FP16", "CHECKPOINT")):
        found = re.match(r"(INT8|INT4|FP8 E4M3|FP4)", kv)
        return f"kv_{found[1].split()[0].lower()}" if found else ""
    if kv[:3] in {"INT", "FP8", "NVF"}:
        return ""
    pairs = (
        ("FP8", "FP8", "fp8"),
        ("INT8", "INT8", "int8"),
        ("INT8", "BF16", "int8_weights"),
        ("INT4", "BF16", "int4"),
        ("INT4", "FP16", "int4"),
        ("INT4", "FP8", "w4a8"),
        ("INT4", "INT8", "w4a8"),
        ("NVFP4", "NVFP4", "nvfp4"),
        ("MXFP4", "MXFP4", "mxfp4"),
        ("MXFP8", "MXFP8", "mxfp8"),
        ("INT3", "BF16", "int3"),
        ("INT2", "BF16", "int2"),
    )
    if weights.startswith("MXFP4+"):
        return ""
    return next(
        (id for w, a, id in pairs if weights.startswith(w) and activations.startswith(a)), ""
    )


def _is_told(row: Row) -> bool:
    other = ("target" in row["how"]) or ("QAT" in row["how"]) or not row["recovery_percent"]
    return not other and "perplexity" not in row["evaluation"] and bool(_format_of(row))


def _is_main(row: Row) -> bool:
    return not row["evaluation"].startswith(HARD) and "context" not in row["evaluation"]


def _source(row: Row) -> str:
    """A source without revisions and paths: the repository, or the page."""
    text = row["source"].split(" (")[0]
    return text if text.startswith("http") else text.split("@")[0]


def _numbers(rows: Iterable[Row]) -> dict[str, Any]:
    kept = list(rows)
    values = np.array([float(row["recovery_percent"]) for row in kept])
    low, high = (
        np.percentile(values, (10, 90)) if len(kept) >= FEW else (values.min(), values.max())
    )
    return {
        "kept": round(float(np.median(values)), 1),
        "low": round(float(low), 1),
        "high": round(float(high), 1),
        "evaluations": len(kept),
        "sources": list(dict.fromkeys(_source(row) for row in kept)),
    }


def _grouped(rows: Iterable[Row], key: Any) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return dict(sorted(found.items()))


def _size(row: Row) -> str:
    kind = row["kind"]
    if kind in {"vision", "encoder"}:
        return kind
    return class_of_size(float(row["parameters_b"] or 0), mixture="moe" in kind)


def formats_text(rows: Iterable[Row]) -> str:
    """The text of ``formats.toml``."""
    main = [row for row in rows if _is_told(row) and _is_main(row) and row["kind"][:3] != "vlm"]
    main += [row for row in rows if _is_told(row) and row["kind"][:3] == "vlm" and _is_main(row)]
    entries = []
    for (id, size), group in _grouped(main, lambda row: (_format_of(row), _size(row))).items():
        models = len({row["model"] for row in group})
        entries.append({"format": id, "size": size, "models": models, **_numbers(group)})
    return FORMATS_HEADER + tomli_w.dumps({"quality": entries})


def models_text(rows: Iterable[Row]) -> str:
    """The text of ``models.toml``."""
    told = [row for row in rows if _is_told(row) and row["kind"] not in {"vision", "encoder"}]
    entries = []
    for (model, id), group in _grouped(
        told, lambda row: (row["model"].split(" (")[0], _format_of(row))
    ).items():
        if spelt(model):
            tests = list(dict.fromkeys(row["evaluation"] for row in group))
            entries.append({"model": model, "format": id, "tests": tests, **_numbers(group)})
    return MODELS_HEADER + tomli_w.dumps({"quality": entries})


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    with parser.parse_args().results.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    write_text(FORMATS_FILE, formats_text(rows))
    write_text(MODELS_FILE, models_text(rows))


if __name__ == "__main__":
    main()
