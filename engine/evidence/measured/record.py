"""The error on all published results, as recorded when the constants were last fitted.

``profiles/accuracy/errors.toml`` is written by the maintainers' ``tests/accuracy/publish.py``
from thousands of rows, of which ``profiles/accuracy/published.csv`` keeps a few hundred;
``drafts.toml`` by their ``random_drafts.py``, of runs with speculative decoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.evidence.measured.memory_report import MemoryGroup, Spread
from engine.scenario import EVEN_CERTAINTY
from engine.sources.profile_files import read_toml
from profiles import ROOT

PUBLISHED = ROOT / "accuracy" / "published.csv"
ERRORS = ROOT / "accuracy" / "errors.toml"
DRAFTS = ROOT / "accuracy" / "drafts.toml"
MEMORY = ROOT / "accuracy" / "memory.toml"


@dataclass(frozen=True, slots=True)
class RecordedError:
    """Relative error of one metric over all rows of one kind.

    ``pairs_*`` are of predictions by constants fitted without the row's model on its chip,
    ``models_*`` without its model, ``months_*`` without its month; None where no such fit was made.
    Of drafts only what is kept of them and what they cost is fitted so.
    """

    kind: str
    metric: str
    rows: int
    covered: int
    median: float
    mean: float
    bias: float
    within_20: float
    pairs_median: float | None = None
    pairs_mean: float | None = None
    models_median: float | None = None
    models_mean: float | None = None
    months_median: float | None = None
    months_mean: float | None = None


@dataclass(frozen=True, slots=True)
class RecordedChoice:
    """Loss of tokens/s per chip by choosing by held-out prediction under a TPOT limit, see
    `engine.evidence.measured.regret`; ``missed`` is the share of choices, made with so many percent
    of ``certainty``, that broke it. With ``pools`` they are those between deployments of which one
    is in two pools, or more."""

    tpot_limit_ms: float
    groups: int
    median: float
    mean: float
    certainty: float = EVEN_CERTAINTY
    missed: float | None = None
    pools: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What was measured when."""

    date: str
    rows: int
    errors: Sequence[RecordedError]
    choices: Sequence[RecordedChoice]


def read_record() -> Record:
    """The recorded errors."""
    file = read_toml(ERRORS)
    return Record(
        file["date"],
        file["rows"],
        tuple(RecordedError(**one) for one in (*file["error"], *read_toml(DRAFTS)["error"])),
        tuple(RecordedChoice(**one) for one in file["choice"]),
    )


@dataclass(frozen=True, slots=True)
class BesideWeights:
    """How far the cache is off, in GiB per chip, beside the weights that logs print; ``models_*``
    with what is fitted to logs taken from those of other models alone."""

    rows: int
    models: int
    median_gib: float
    p90_gib: float
    models_median_gib: float
    models_p90_gib: float


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """Errors on start-up logs, and when they were measured."""

    date: str
    rows: int
    beside: BesideWeights
    groups: Sequence[MemoryGroup]


def read_memory_record() -> MemoryRecord:
    """The recorded errors of accounts of memory."""
    file = read_toml(MEMORY)
    groups = tuple(map(_memory_group, file["group"]))
    return MemoryRecord(file["date"], file["rows"], BesideWeights(**file["beside"]), groups)


def _memory_group(values: dict[str, Any]) -> MemoryGroup:
    spreads = {
        name: Spread(**values[name]) if name in values else None
        for name in ("weights", "pool", "tokens")
    }
    return MemoryGroup(**{**values, **spreads})
