"""Errors of predicted start-ups by engine and era: weights, cache, tokens, verdicts."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.evidence.measured.memory_predict import MemoryPrediction
from engine.evidence.measured.memory_rows import SHORT, MemoryRow
from engine.words.quantities import GIB

ALL = "all"
OWN_FORMATS = "formats of the config"
"""Rows of checkpoints whose own config was at hand; of others the format was given by hand."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How far predictions are off: signed and absolute median, nine of ten, and the worst."""

    rows: int
    signed_median: float
    median: float
    p90: float
    worst: float


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """Errors of the rows of one engine and era. ``weights`` and ``tokens`` are relative, ``pool``
    is in GiB per chip; None without rows.

    ``deaths`` are those by weights or context, ``called`` those of them that were foreseen;
    ``refused`` are servers that ran, of ``ran``.
    """

    engine: str
    era: str
    rows: int
    weights: Spread | None
    pool: Spread | None
    tokens: Spread | None
    ran: int
    refused: int
    deaths: int
    called: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def memory_groups(
    rows: Sequence[MemoryRow], predictions: Sequence[MemoryPrediction]
) -> list[MemoryGroup]:
    """All rows first, those whose config says its own formats, then every engine, then its eras."""
    pairs = [
        (row, one) for row, one in zip(rows, predictions, strict=True) if one.startup is not None
    ]
    found = [_group(ALL, ALL, pairs)]
    told = [pair for pair in pairs if not pair[0].weights]
    if 0 < len(told) < len(pairs):
        found.append(_group(ALL, OWN_FORMATS, told))
    for engine in sorted({row.engine for row, _ in pairs}):
        mine = [(row, one) for row, one in pairs if row.engine == engine]
        found.append(_group(engine, ALL, mine))
        eras = sorted({one.era for _, one in mine})
        if len(eras) > 1:
            found += [_group(engine, era, [p for p in mine if p[1].era == era]) for era in eras]
    return found


def _group(
    engine: str, era: str, pairs: Sequence[tuple[MemoryRow, MemoryPrediction]]
) -> MemoryGroup:
    ran = [(row, one) for row, one in pairs if row.ran]
    died = [(row, one) for row, one in pairs if row.verdict in SHORT]
    return MemoryGroup(
        engine=engine,
        era=era,
        rows=len(pairs),
        weights=_spread(_weight_errors(pairs)),
        pool=_spread(_pool_errors(ran)),
        tokens=_spread(_token_errors(ran)),
        ran=len(ran),
        refused=sum(not one.starts for _, one in ran),
        deaths=len(died),
        called=sum(not one.starts for _, one in died),
    )


def _weight_errors(pairs: Sequence[tuple[MemoryRow, MemoryPrediction]]) -> Iterator[float]:
    for row, one in pairs:
        if one.startup is not None and row.weights_gib > 0:
            yield one.startup.weight_bytes / GIB / row.weights_gib - 1.0


def _pool_errors(pairs: Sequence[tuple[MemoryRow, MemoryPrediction]]) -> Iterator[float]:
    for row, one in pairs:
        if one.startup is not None and not math.isnan(row.pool_gib):
            yield one.startup.pool_bytes / GIB - row.pool_gib


def _token_errors(pairs: Sequence[tuple[MemoryRow, MemoryPrediction]]) -> Iterator[float]:
    for row, one in pairs:
        if one.startup is not None and row.tokens > 0:
            yield one.startup.tokens / row.tokens - 1.0


def _spread(errors: Iterator[float]) -> Spread | None:
    values = np.array(list(errors))
    if not len(values):
        return None
    sizes = np.abs(values)
    return Spread(
        rows=len(values),
        signed_median=round(float(np.median(values)), 5),
        median=round(float(np.median(sizes)), 5),
        p90=round(float(np.quantile(sizes, 0.9)), 5),
        worst=round(float(values[int(np.argmax(sizes))]), 5),
    )


HEADER = (
    "engine",
    "builds",
    "rows",
    "weights, median",
    "nine of ten",
    "cache GiB, median",
    "nine of ten",
    "cache tokens, median",
    "nine of ten",
    "refused of those that ran",
    "deaths called",
)


def memory_lines(groups: Sequence[MemoryGroup]) -> list[list[str]]:
    """Header and one line per group."""
    return [list(HEADER), *map(_line, groups)]


def _line(group: MemoryGroup) -> list[str]:
    return [
        group.engine,
        group.era,
        str(group.rows),
        *_shares(group.weights),
        *_gibs(group.pool),
        *_shares(group.tokens),
        f"{group.refused} of {group.ran}",
        f"{group.called} of {group.deaths}",
    ]


def _shares(spread: Spread | None) -> tuple[str, str]:
    return ("–", "–") if spread is None else (f"{spread.median:.1%}", f"{spread.p90:.1%}")


def _gibs(spread: Spread | None) -> tuple[str, str]:
    return ("–", "–") if spread is None else (f"{spread.median:.2f}", f"{spread.p90:.2f}")


MEMORY_COLUMNS = (
    "id",
    "weights_gib_per_gpu",
    "kv_available_gib_per_gpu",
    "kv_tokens_total",
    "starts",
    "refused",
)


def memory_csv(rows: Sequence[MemoryRow], predictions: Sequence[MemoryPrediction]) -> str:
    """One line per row: what its server prints, whether it starts, or why that is not known."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(MEMORY_COLUMNS)
    for row, one in zip(rows, predictions, strict=True):
        found = one.startup
        if found is None:
            writer.writerow((row.id, "", "", "", "", one.refused))
            continue
        weights, pool = found.weight_bytes / GIB, found.pool_bytes / GIB
        starts = str(one.starts).lower()
        writer.writerow((row.id, f"{weights:.4f}", f"{pool:.4f}", int(found.tokens), starts, ""))
    return out.getvalue()
