"""Measured results as rows: the CSV form that `rooftop validate` reads.

One row per measured point; blank cells mean "not published". Columns that a prediction needs
are named in `REQUIRED`; the others may be missing from the file.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError
from engine.text import clean

MAXIMUM_BYTES = 256 << 20
MAXIMUM_ROWS = 1_000_000
KINDS = ("serving", "static", "offline", "cv")
REQUIRED = ("kind", "model", "chip")

_POOL = re.compile(r"(\d+)x\(tp(\d+),ep(\d+),dpa=(true|false)\)", re.IGNORECASE)
_POOL_CHIPS = re.compile(r"[PD]gpu=(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers of one role in a disaggregated deployment, each of ``tensor`` chips."""

    workers: int
    tensor: int
    expert: int
    attention_data: int
    """Copies of the attention inside a worker: ``tensor`` with attention-DP, else 1."""

    @property
    def chips(self) -> int:
        """Chips of all workers."""
        return self.workers * self.tensor


@dataclass(frozen=True, slots=True)
class Measurement:
    """One published point. Lengths are the true means where known; NaN means not published."""

    id: str
    line: int
    tier: str
    kind: str
    load: str
    model: str
    chip: str
    framework: str
    framework_version: str
    weights: str
    activations: str
    kv: str
    chips: int
    tensor: int
    pipeline: int
    expert: int
    attention_data: int
    prefill: Pool | None
    decode: Pool | None
    input_tokens: float
    output_tokens: float
    opens_at_once: bool
    """A closed-loop client whose slots all start together; False where nothing is known of it."""
    random_lengths: bool
    """Lengths vary between requests, so that answers do not end together."""
    batch: float
    ttft_ms: float
    ttft_is_median: bool
    tpot_ms: float
    tpot_is_median: bool
    e2e_ms: float
    tps_per_chip: float
    samples_per_second: float
    latency_ms: float
    cells: Mapping[str, str]


def read_measurements(path: Path) -> list[Measurement]:
    """All rows of a CSV file; raises `InputError` naming file, line and column."""
    shown = clean(str(path))
    try:
        size = path.stat().st_size
        if size > MAXIMUM_BYTES:
            raise InputError(f"{shown}: {size:,} bytes, expected at most {MAXIMUM_BYTES:,}")
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(_rows(csv.DictReader(stream), shown))
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(f"{shown}: {reason}") from None
    except UnicodeDecodeError:
        raise InputError(f"{shown}: not UTF-8 text, expected a CSV file") from None
    except csv.Error as error:
        raise InputError(f"{shown}: not valid CSV: {clean(str(error), 100)}") from None


def _rows(table: csv.DictReader[str], shown: str) -> Iterator[Measurement]:
    columns = table.fieldnames or ()
    for column in REQUIRED:
        if column not in columns:
            raise InputError(f"{shown}: column {column} is missing, expected {', '.join(REQUIRED)}")
    for count, cells in enumerate(table, 1):
        if count > MAXIMUM_ROWS:
            raise InputError(f"{shown}: more than {MAXIMUM_ROWS:,} rows")
        yield _row(cells, shown, table.line_num)


def _row(cells: Mapping[str, str | None], shown: str, line: int) -> Measurement:
    read = _Cells(cells, f"{shown}: line {line}")
    nominal_input = read.number("isl")
    input_tokens = read.number("isl_eff", nominal_input)
    median = read.number("ttft_median_ms")
    prefill, decode = read.pools()
    return Measurement(
        id=read.text("id") or str(line),
        line=line,
        tier=read.text("quality_tier"),
        kind=read.kind(),
        load=read.text("load"),
        model=read.text("model"),
        chip=read.text("chip"),
        framework=read.text("framework"),
        framework_version=read.text("framework_version"),
        weights=read.text("precision_weights"),
        activations=read.text("precision_act"),
        kv=read.text("precision_kv"),
        chips=read.count("chips", 1),
        tensor=read.count("tp", 1),
        pipeline=read.count("pp", 1),
        expert=read.count("ep", 1),
        attention_data=read.count("dp", 1),
        prefill=prefill,
        decode=decode,
        input_tokens=input_tokens,
        output_tokens=read.number("osl_eff", read.number("osl")),
        opens_at_once=bool(input_tokens < nominal_input * 0.95)
        or "genai-perf" in read.text("framework_version"),
        random_lengths=bool(input_tokens < nominal_input * 0.95),
        batch=read.number("concurrency_or_batch"),
        ttft_ms=read.number("ttft_ms") if math.isnan(median) else median,
        ttft_is_median=not math.isnan(median),
        tpot_ms=read.number("tpot_ms"),
        tpot_is_median=read.text("tpot_stat").startswith("median"),
        e2e_ms=read.number("e2el_ms"),
        tps_per_chip=read.number("output_tps_per_chip"),
        samples_per_second=read.number("samples_per_s"),
        latency_ms=read.number("latency_ms"),
        cells={key: value or "" for key, value in cells.items() if isinstance(key, str)},
    )


class _Cells:
    """Typed access to one line's cells."""

    def __init__(self, cells: Mapping[str, str | None], place: str) -> None:
        self.cells = cells
        self.place = place

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        return clean(value.strip(), 200) if value else ""

    def kind(self) -> str:
        found = self.text("kind")
        if found not in KINDS:
            raise InputError(
                f"{self.place}: kind: found {found!r}, expected one of {', '.join(KINDS)}"
            )
        return found

    def number(self, column: str, otherwise: float = math.nan) -> float:
        text = self.text(column)
        if not text:
            return otherwise
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or value < 0:
            raise InputError(
                f"{self.place}: {column}: found {text[:40]!r}, expected a number of at least 0"
            )
        return value

    def count(self, column: str, otherwise: int) -> int:
        value = self.number(column, float(otherwise))
        if value < 1 or value != int(value) or value > 1 << 20:
            raise InputError(
                f"{self.place}: {column}: found {value:g}, expected a whole number from 1"
            )
        return int(value)

    def pools(self) -> tuple[Pool | None, Pool | None]:
        """Prefill and decode workers, as ``P:1x(tp4,ep4,dpa=True) D:2x(tp8,ep8,dpa=False)``."""
        if self.number("disagg", 0.0) != 1:
            return None, None
        words = self.text("disagg_pd")
        pools, chips = _POOL.findall(words), _POOL_CHIPS.findall(words)
        if len(pools) != 2:
            return None, None
        chips = chips if len(chips) == 2 else ["0", "0"]
        prefill, decode = (
            _pool(workers, tensor, expert, attention, int(count))
            for (workers, tensor, expert, attention), count in zip(pools, chips, strict=True)
        )
        return prefill, decode


def _pool(workers: str, tensor: str, expert: str, attention: str, chips: int) -> Pool:
    """Where the published degrees do not fill a worker's chips (wide-EP recipes record only the
    launch flags), the worker spans all its chips, experts included."""
    count, degree, experts = max(int(workers), 1), max(int(tensor), 1), max(int(expert), 1)
    spanned = chips // count
    if spanned > degree:
        degree = experts = spanned
    return Pool(count, degree, experts, degree if attention.lower() == "true" else 1)
