"""Large deployments as rows: the CSV form of ``kind`` pools.

One row per published deployment: a prefill pool (``P_…``), a decode pool (``D_…``) or both, with
the rate of each per chip, that of the whole and TPOT. Blank cells mean "not published"; figures
may stand in words ("50-55", "16384 tok").
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.evidence.measured.kind_rows import read_kind
from engine.hardware.chip_profiles import chip_aliases
from engine.words.text import clean

KIND = "pools"
REQUIRED = ("id", "kind", "chip", "model")
METRICS = (
    "prefill_tok_s_per_P_gpu",
    "decode_tok_s_per_D_gpu",
    "output_tok_s_per_gpu_all",
    "tpot_ms",
)
"""What rows publish, and predictions are written as."""
_NUMBER = r"\d+(?:\.\d+)?"
_RANGE = re.compile(rf"^[\s<>=~≈≤≥]*({_NUMBER})(?:\s*[-–]\s*({_NUMBER}))?(k?)", re.IGNORECASE)
_WORKERS = re.compile(r"^(\d+)(?:\s*[x×]\s*\d+\s*gpus?|[PD]\b)", re.IGNORECASE)
"""How many workers a layout's words begin with: ``4 x 2 GPUs``, ``2P``."""
_OVERLAP = re.compile(r"two-batch overlap|\bTBO\b|dual-batch overlap|\bDBO\b", re.IGNORECASE)
_MIXED = re.compile(r"\b(mixed|aggregated|low concurrency)\b", re.IGNORECASE)
_BALANCED = re.compile(r"perfect(ly)? (EPLB|balanced)|balanced routing", re.IGNORECASE)
LARGEST_DEGREE = 1 << 16


@dataclass(frozen=True, slots=True)
class PoolSide:
    """One pool of a row. Degrees of 0 are not published; ``gpus`` are chips of the pool."""

    tensor: int
    pipeline: int
    expert: int
    attention_data: int
    redundant: int | None
    gpus: int
    workers: int
    overlapped: bool

    @property
    def told(self) -> bool:
        """Whether the row says anything of its layout or size."""
        return bool(self.gpus or self.tensor or self.expert or self.attention_data)


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One published deployment; NaN and blanks mean "not published".

    ``batch`` is sequences of one chip, ``tokens`` prompt tokens of one rank in a pass.
    """

    id: str
    model: str
    chip: str
    framework: str
    weights: str
    status: str
    day: str
    source: str
    prefill: PoolSide
    decode: PoolSide
    input_tokens: float
    output_tokens: float
    lengths_told: bool
    cached: float
    batch: float
    tokens: float
    concurrency: float
    drafts: str
    mixed: bool
    """Whether prompts and answers were served together, at a steady load."""
    balanced: bool
    """Whether the balance of experts was simulated: no rank had more tokens than another."""
    measured: Mapping[str, float]
    problem: str


def read_pool_rows(path: Path) -> list[PoolRow]:
    """All rows of ``kind`` pools; raises `InputError` where the file as a whole cannot be read."""
    return [_row(cells) for cells in read_kind(path, KIND, REQUIRED)]


def _row(cells: Mapping[str, str | None]) -> PoolRow:
    def text(column: str) -> str:
        value = cells.get(column)
        return clean(value.strip(), 200) if value else ""

    batch, isl = text("batch_per_gpu"), number(text("isl"))
    chip = text("chip").lower()
    told = not math.isnan(isl)
    words = f"{text('isl')}{text('osl')}".lower()
    unread = "" if told or not words else f"isl: found {clean(words, 40)!r}, expected tokens"
    return PoolRow(
        id=text("id"),
        model=text("model"),
        chip=chip_aliases().get(chip, chip),
        framework=text("framework"),
        weights=text("precision"),
        status=text("status").lower(),
        day=_day(text("date")),
        source=text("source"),
        prefill=_side(text, "P"),
        decode=_side(text, "D"),
        input_tokens=isl,
        output_tokens=number(text("osl")),
        lengths_told=told,
        cached=_share(text("cache_hit")),
        batch=math.nan if "tok" in batch else number(batch),
        tokens=number(batch) if "tok" in batch else math.nan,
        concurrency=number(text("concurrency")),
        drafts=text("mtp").lower(),
        mixed=any(map(_MIXED.search, map(text, ("D_layout", "published_as", "status")))),
        balanced=any(map(_BALANCED.search, map(text, ("P_layout", "D_layout", "notes")))),
        measured={metric: number(text(metric)) for metric in METRICS},
        problem=unread,
    )


def _side(read: Callable[[str], str], role: str) -> PoolSide:
    def count(name: str) -> int:
        value = number(read(f"{role}_{name}"))
        return int(value) if 1 <= value <= LARGEST_DEGREE else 0

    layout, copies = read(f"{role}_layout"), number(read(f"{role}_redundant"))
    several = _WORKERS.match(layout)
    return PoolSide(
        tensor=count("tp"),
        pipeline=count("pp"),
        expert=count("ep"),
        attention_data=count("dp"),
        redundant=None if math.isnan(copies) else int(min(copies, LARGEST_DEGREE)),
        gpus=count("gpus"),
        workers=int(several[1]) if several else 0,
        overlapped=_OVERLAP.search(layout) is not None,
    )


def number(written: str) -> float:
    """The figure that words begin with, the middle of a range; NaN where there is none, or a sum
    of several."""
    found = _RANGE.match(written)
    if found is None or re.search(r"\d\w* \+|\w \+ \d", written):
        return math.nan
    low, scale = float(found[1]), 1000.0 if found[3] else 1.0
    return scale * ((low + float(found[2])) / 2 if found[2] else low)


def _share(written: str) -> float:
    """A cached share of prompts; 0 where a row says none, or several."""
    value = number(written)
    return value if 0 <= value <= 1 and "/" not in written and "->" not in written else 0.0


def _day(written: str) -> str:
    """A day or a month as builds are named by; empty for what is neither."""
    return written if re.fullmatch(r"\d{4}-\d\d(-\d\d)?", written, re.ASCII) else ""
