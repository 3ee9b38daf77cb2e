"""Published results kept in the repository: a small, even choice from a measurements CSV.

``profiles/accuracy/published.csv`` holds figures with their citations, in the form that
`rooftop validate` reads. The choice follows the groups of the data, not the error: from every
chip, framework and model that a kind of row has, the rows at even distances of the group sorted
by load. Rows that cannot be what they say (more bytes of weights than their chips hold) are left
out.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from engine.evidence.measured.calls import call_of
from engine.evidence.measured.dates import CONFIGURATION
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.model.bytes import weight_bytes
from engine.words.errors import InputError

COLUMNS = (
    "id",
    "quality_tier",
    "citation",
    "date",
    "kind",
    "load",
    "client",
    "cached_share",
    "model",
    "chip",
    "framework",
    "framework_version",
    "precision_weights",
    "precision_act",
    "precision_kv",
    "chips",
    "tp",
    "pp",
    "ep",
    "dp",
    "disagg",
    "disagg_pd",
    "isl",
    "osl",
    "isl_eff",
    "osl_eff",
    "concurrency_or_batch",
    "ttft_ms",
    "ttft_stat",
    "ttft_median_ms",
    "tpot_ms",
    "tpot_stat",
    "e2el_ms",
    "output_tps_per_chip",
    "samples_per_s",
    "latency_ms",
    "model_arch_note",
    "notes",
)
_RESOLUTION = re.compile(r"input \d+x\d+")
ROWS_OF_GROUP = {"serving": 2, "static": 1, "offline": 1, "cv": 3}
"""Vision rows are grouped by chip and framework alone, as each has dozens of models."""
ROWS_OF_A_WIDE_GROUP = 40
"""Serving groups with fewer rows than this give one: they span few loads."""


def choose(rows: Sequence[Measurement]) -> list[Measurement]:
    """The rows to publish, in the file's order."""
    groups: dict[tuple[str, ...], list[Measurement]] = {}
    for row in rows:
        groups.setdefault(_group(row), []).append(row)
    chosen: list[Measurement] = []
    for key in sorted(groups):
        members = sorted(groups[key], key=_load)
        narrow = key[0] == "serving" and len(members) < ROWS_OF_A_WIDE_GROUP
        chosen += _evenly(members, 1 if narrow else ROWS_OF_GROUP.get(key[0], 0))
    library = Library()
    return [row for row in chosen if not _overfull(row, library)]


def _overfull(row: Measurement, library: Library) -> bool:
    """Whether the weights, in the format that the row names, outweigh its chips' memory."""
    if row.kind == "cv" or row.problem:
        return False
    try:
        system = library.system(call_of(row, library).scenario)
    except InputError:
        return False
    weights = weight_bytes(system.tokens_model, system.precision)
    return weights > system.chip.memory_bytes * max(row.chips, 1)


def _group(row: Measurement) -> tuple[str, ...]:
    if row.kind == "cv":
        return (row.kind, row.chip, row.framework)
    return (row.kind, row.chip, row.framework, row.model)


def _load(row: Measurement) -> tuple[float, float, str]:
    batch = math.inf if math.isnan(row.batch) else row.batch
    return (batch, row.input_tokens if row.input_tokens > 0 else 0.0, row.id)


def _evenly(members: list[Measurement], count: int) -> list[Measurement]:
    """``count`` members at even distances, away from both ends."""
    count = min(count, len(members))
    return [members[(2 * place + 1) * len(members) // (2 * count)] for place in range(count)]


def published_text(rows: Iterable[Measurement]) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row.cells, **_notes(row)} for row in rows)
    return out.getvalue()


def _notes(row: Measurement) -> dict[str, str]:
    """Of the notes only what no column of its own holds: the resolution of vision rows, and the
    configuration's number, which says when the row was measured."""
    resolution = _RESOLUTION.search(row.cells.get("model_arch_note", ""))
    configuration = CONFIGURATION.search(row.cells.get("notes", ""))
    return {
        "model_arch_note": resolution[0] if resolution and row.kind == "cv" else "",
        "notes": configuration[0] if configuration else "",
    }
