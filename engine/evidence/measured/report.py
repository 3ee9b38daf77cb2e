"""Errors of predictions by group: kind, chip, model family, framework and tier."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.memory_report import MEMORY_COLUMNS
from engine.evidence.measured.predict import METRICS, PERCENTILES, Predictions
from engine.evidence.measured.reader import MAXIMUM_BYTES
from engine.serve.command import command_line
from engine.sources.files import open_file, refuse_other, write_text
from engine.words.arrays import FloatArray

_MEASURED: Mapping[str, Callable[[Measurement], float]] = {
    "ttft_ms": lambda row: row.ttft_ms,
    "tpot_ms": lambda row: row.tpot_ms,
    "e2el_ms": lambda row: row.e2e_ms,
    "output_tps_per_chip": lambda row: row.tps_per_chip,
    "samples_per_s": lambda row: row.samples_per_second,
    "latency_ms": lambda row: row.latency_ms,
    "ttft_p99_ms": lambda row: row.ttft_p99_ms,
    "tpot_p99_ms": lambda row: row.tpot_p99_ms,
    "e2el_p99_ms": lambda row: row.e2e_p99_ms,
}
_SHOWN = {
    "serving": ("ttft_ms", "tpot_ms", "e2el_ms", "output_tps_per_chip", *PERCENTILES),
    "static": ("ttft_ms", "tpot_ms", "e2el_ms", "output_tps_per_chip"),
    "offline": ("output_tps_per_chip",),
    "cv": ("samples_per_s", "latency_ms"),
}

_KEYS: Mapping[str, Callable[[Measurement], str]] = {
    "kind": lambda row: row.kind,
    "chip": lambda row: row.chip or "unknown",
    "family": lambda row: family(row.model),
    "framework": lambda row: row.framework or "unknown",
    "tier": lambda row: row.tier or "unknown",
}
FINER_GROUPS = ("chip", "family", "framework", "tier")


@dataclass(frozen=True, slots=True)
class Group:
    """Error of one metric over the rows of one kind (and of one chip, family …).

    Errors are relative: ``mape`` the mean of ``|predicted/measured − 1|``, ``median_ape`` its
    median, ``bias`` the mean of ``predicted/measured − 1``, ``within_20`` the share of rows
    off by at most 20 %. ``rows`` have the metric published, ``covered`` of them are predicted.
    """

    kind: str
    metric: str
    by: str
    value: str
    rows: int
    covered: int
    mape: float | None
    median_ape: float | None
    bias: float | None
    within_20: float | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, rounded."""
        return {
            key: round(value, 5) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def family(model: str) -> str:
    """``meta-llama/Llama-3.1-8B`` → ``llama``: the first word of the model's own name."""
    name = model.split("/")[-1].lower().removeprefix("meta-")
    found = re.match(r"[a-z]+(?:-oss)?", name)
    return found[0] if found else name


def measured(row: Measurement, metric: str) -> float:
    """The published value; NaN where there is none."""
    return _MEASURED[metric](row)


def relative_errors(
    rows: Sequence[Measurement], predictions: Predictions, metric: str
) -> FloatArray:
    """``predicted/measured − 1`` per row, NaN where either is missing."""
    truth = np.array([measured(row, metric) for row in rows], dtype=float)
    truth[truth <= 0] = np.nan
    found: FloatArray = predictions.values[metric] / truth - 1.0
    return found


def groups(rows: Sequence[Measurement], predictions: Predictions) -> list[Group]:
    """All groups: whole kinds first, then each kind by chip, family, framework and tier."""
    return [group for by, key in _KEYS.items() for group in _groups_by(rows, predictions, by, key)]


def _groups_by(
    rows: Sequence[Measurement],
    predictions: Predictions,
    by: str,
    key: Callable[[Measurement], str],
) -> Iterator[Group]:
    places: dict[tuple[str, str], list[int]] = {}
    for index, row in enumerate(rows):
        places.setdefault((row.kind, key(row)), []).append(index)
    for metric in METRICS:
        errors = relative_errors(rows, predictions, metric)
        published = np.array([measured(row, metric) > 0 for row in rows])
        for (kind, value), chosen in sorted(places.items()):
            here = np.array(chosen)[published[chosen]]
            if metric in _SHOWN.get(kind, ()) and len(here):
                yield _group(kind, metric, by, value, errors[here])


def _group(kind: str, metric: str, by: str, value: str, errors: FloatArray) -> Group:
    known = errors[~np.isnan(errors)]
    if not len(known):
        return Group(kind, metric, by, value, len(errors), 0, None, None, None, None)
    sizes = np.abs(known)
    return Group(
        kind,
        metric,
        by,
        value,
        rows=len(errors),
        covered=len(known),
        mape=float(sizes.mean()),
        median_ape=float(np.median(sizes)),
        bias=float(known.mean()),
        within_20=float((sizes <= 0.2).mean()),
    )


def coverage(rows: Sequence[Measurement], predictions: Predictions) -> dict[str, tuple[int, int]]:
    """Rows and predicted rows of each kind."""
    counts: dict[str, tuple[int, int]] = {}
    for row, reason in zip(rows, predictions.refused, strict=True):
        total, covered = counts.get(row.kind, (0, 0))
        counts[row.kind] = (total + 1, covered + (not reason))
    return counts


def refusals(predictions: Predictions) -> list[tuple[str, int]]:
    """Reasons, without the line they occurred in, with how many rows they refused; most first."""
    reasons = (re.sub(r"^line \d+: ", "", reason) for reason in predictions.refused if reason)
    return Counter(reasons).most_common()


_FIRST, _LAST = ("id",), ("refused", "command")
_HEADER_BYTES = 1 << 10


Further = Mapping[str, FloatArray]
"""Further columns of a table of predictions, one value per row, NaN for none."""


def write_predictions(
    path: Path, rows: Sequence[Measurement], predictions: Predictions, further: Further
) -> None:
    """Write `prediction_csv`, over an older one but over no other file; raises `InputError`."""
    refuse_other_table(path)
    write_text(path, prediction_csv(rows, predictions, further))


def refuse_other_table(path: Path) -> None:
    """Raise `InputError` when ``path`` is a file with something else than predictions in it."""
    refuse_other(path, _is_table, "table of predictions")


def _is_table(path: Path) -> bool:
    with open_file(path, MAXIMUM_BYTES, "a table of predictions") as file:
        header = file.readline(_HEADER_BYTES).decode("utf-8", "replace")
    columns = tuple(header.strip().split(","))
    return columns[:1] == _FIRST and (columns[-2:] == _LAST or columns == MEMORY_COLUMNS)


def prediction_csv(rows: Sequence[Measurement], predictions: Predictions, further: Further) -> str:
    """One line per input row: id, predicted metrics, ``further`` columns, why it was refused, and
    the command that asks the same."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*_FIRST, *METRICS, *further, *_LAST))
    for index, row in enumerate(rows):
        known = [predictions.values[metric] for metric in METRICS]
        values = [column[index] for column in [*known, *further.values()]]
        cells = ("" if np.isnan(value) else f"{value:.6g}" for value in values)
        call = predictions.calls[index]
        command = command_line(call) if call is not None else ""
        writer.writerow((row.id, *cells, predictions.refused[index], command))
    return out.getvalue()
