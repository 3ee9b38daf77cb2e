"""Write what the repository publishes about its accounts of memory, from start-up logs.

    python -m tests.accuracy.memory MEMORY.csv --configs DIR [--readme README.md]

Predicts every row, writes ``profiles/accuracy/memory.toml`` and, with ``--readme``, the table
between that file's markers. Records the error of the cache's size, too, with what was fitted to
such logs (workspaces, communication, graphs, towers) taken from the rows of other models alone.
"""

from __future__ import annotations

import argparse
import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tomli_w

from engine.evidence.measured.library import Library
from engine.evidence.measured.memory_predict import (
    MemoryPrediction,
    memory_layout,
    predict_memory,
)
from engine.evidence.measured.memory_report import memory_groups, memory_lines
from engine.evidence.measured.memory_rows import MemoryRow, read_memory_rows
from engine.evidence.measured.record import MEMORY, BesideWeights, read_memory_record
from engine.evidence.measured.table import as_markdown
from engine.sources.files import write_text
from engine.words.quantities import GIB

START, END = "<!-- memory -->", "<!-- /memory -->"
FITTED = frozenset({"communication", "runtime", "graphs", "encoders"})
"""Parts of the budget whose constants were fitted to such logs."""
Place = tuple[str, str, str, bool]
"""Engine, era, chip generation, and whether several ranks work together."""
_RELEASE = re.compile(
    r"[-_](instruct|it|awq|gptq|int4|fp8|nvfp4|w8a8|w4a8|\d{4}).*$", re.IGNORECASE
)


def publish(source: Path, configs: Path) -> None:
    """Write the record."""
    rows = read_memory_rows(source)
    predictions = predict_memory(rows, configs)
    groups = [
        {key: value for key, value in group.as_json().items() if value is not None}
        for group in memory_groups(rows, predictions)
    ]
    head = "# Errors on start-up logs. Written by tests/accuracy/memory.py; edits are lost.\n\n"
    file = {
        "date": datetime.date.today().isoformat(),
        "rows": len(rows),
        "beside": asdict(_beside(rows, predictions, Library(configs))),
        "group": groups,
    }
    write_text(MEMORY, head + tomli_w.dumps(file))
    print(f"written: {MEMORY}")


def write_readme(path: Path) -> None:
    """Replace what stands between the markers by the recorded table."""
    text = path.read_text(encoding="utf-8")
    record = read_memory_record()
    beside = record.beside
    words = (
        f"What {record.rows} servers printed of their memory as they started or died "
        f"(`rooftop validate memory.csv`, recorded {record.date}). Relative errors of weights and "
        "cache tokens, GiB per chip of the cache; deaths are those by weights or context. Beside "
        f"the weights that a log prints, the cache is off by {beside.median_gib:.2f} GiB in the "
        f"median and {beside.p90_gib:.2f} in nine of ten; with everything that was fitted to logs "
        "(workspaces, communication, graphs, towers) taken from those of other models alone, by "
        f"{beside.models_median_gib:.2f} and {beside.models_p90_gib:.2f} ({beside.rows} rows of "
        f"{beside.models} models)."
    )
    block = f"{START}\n{words}\n\n{as_markdown(memory_lines(record.groups))}\n{END}"
    before, after = text.split(START, 1)[0], text.split(END, 1)[1]
    write_text(path, before + block + after)
    print(f"written: {path}")


def _beside(
    rows: Sequence[MemoryRow], predictions: Sequence[MemoryPrediction], library: Library
) -> BesideWeights:
    """Errors of the cache's size beside the logs' own weights, which says how the rest is taken: as
    published, and with what is fitted taken from the other models' rows."""
    places, models, errors, bare = [], [], [], []
    for row, one in zip(rows, predictions, strict=True):
        found = one.startup
        if found is None or not row.ran or math.isnan(row.pool_gib + row.weights_gib):
            continue
        error = (found.pool_bytes + found.weight_bytes) / GIB - row.pool_gib - row.weights_gib
        parts = [item.bytes / GIB for item in found.items if item.name in FITTED]
        generation = library.chip(row.chip).generation
        places.append((row.engine, one.era, generation, memory_layout(row).ranks > 1))
        models.append(base_model(row.model))
        errors.append(error)
        bare.append(error + sum(parts))
    published = np.abs(errors)
    held_out = np.abs([_held_out(index, places, models, bare) for index in range(len(bare))])
    return BesideWeights(
        rows=len(errors),
        models=len(set(models)),
        median_gib=round(float(np.median(published)), 3),
        p90_gib=round(float(np.quantile(published, 0.9)), 3),
        models_median_gib=round(float(np.median(held_out)), 3),
        models_p90_gib=round(float(np.quantile(held_out, 0.9)), 3),
    )


def _held_out(
    index: int, places: Sequence[Place], models: Sequence[str], bare: Sequence[float]
) -> float:
    """The error of a row without any fitted part, less the median of what other models' rows in its
    place (else of its engine and era, else of its engine) have there."""
    for level in (4, 2, 1):
        others: dict[str, list[float]] = {}
        for place, model, error in zip(places, models, bare, strict=True):
            if model != models[index] and place[:level] == places[index][:level]:
                others.setdefault(model, []).append(error)
        if others:
            return bare[index] - float(np.median([np.median(own) for own in others.values()]))
    return bare[index]


def base_model(name: str) -> str:
    """``Qwen/Qwen3-32B-FP8`` as ``qwen3-32b``: tunings and formats of a model are one."""
    return _RELEASE.sub("", name.split("/")[-1]).lower()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="?")
    parser.add_argument("--configs", required=False)
    parser.add_argument("--readme")
    arguments = parser.parse_args()
    if arguments.results:
        publish(Path(arguments.results), Path(arguments.configs))
    if arguments.readme:
        write_readme(Path(arguments.readme))


if __name__ == "__main__":
    main()
