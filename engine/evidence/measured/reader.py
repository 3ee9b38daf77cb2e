"""Measured results as rows: the CSV form that `rooftop validate` reads.

One row per measured point; blank cells mean "not published". Columns that a prediction needs
are named in `REQUIRED`; the others may be missing from the file. A cell that is not what its
column holds is the row's `Measurement.problem`, and the other rows count all the same.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.evidence.measured.dates import row_date
from engine.evidence.measured.eras import framework_name
from engine.evidence.measured.recipes import Recipe, client_of, recipe_of
from engine.evidence.measured.runs import Run
from engine.hardware.chip_profiles import chip_aliases
from engine.sources.csv_text import open_csv
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean
from engine.words.units import parse_decimal

EXPECTED = "a CSV file of results"
MAXIMUM_BYTES = 64 << 20
MAXIMUM_ROWS = 100_000
"""Ten times what the largest collection of published results holds."""
KINDS = ("serving", "static", "offline", "cv")
FEW = 4
"""Fewer requests in flight than InferenceX's sweeps held at first (dates.toml)."""
NARROW = 4
"""Chips of a worker up to which unrecorded degrees mean tensor parallelism."""
UNKNOWN_KIND = "unknown"
REQUIRED = ("kind", "model", "chip")
LARGEST_NUMBER = 1e9
_BLANKS = frozenset({"", "-", "–", "nan", "na", "n/a", "none", "null", "?"})

_EQUAL = re.compile(r"\bequal\b(?!.*\bnatural)", re.IGNORECASE)
"""Clients whose answers are all of one length; natural answers end where they like."""
_NATURAL = re.compile(r"\bsharegpt\b|\bnatural\b", re.IGNORECASE)
_WAVES = re.compile(r"\b(?:(\d+(?:\.\d+)?)\+? (?:waves|per slot)|one wave)\b", re.ASCII)
_BURST = re.compile(r"\bburst of (\d[\d,]*)\b", re.ASCII)
_BOTH_EIGHT = re.compile(r"\bw8a8\b", re.IGNORECASE)
_EVENLY = re.compile(r"\bconstant rate\b", re.IGNORECASE)
_REPEATING = re.compile(
    r"genai.?perf|aiperf|aiconfigurator|inference-perf\b.*\bshared system prompts", re.IGNORECASE
)
"""What names clients that send a few prompts again and again: NVIDIA's (aiconfigurator's own runs
use them), and inference-perf with shared prefixes."""
_POOL = re.compile(r"(\d+)x\(tp(\d+),ep(\d+),dpa=(true|false)\)", re.IGNORECASE | re.ASCII)
_POOL_CHIPS = re.compile(r"[PD]gpu=(\d+)", re.IGNORECASE | re.ASCII)


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
    day: date | None
    """When it was measured, as far as the file says."""
    run: Run
    """What rules tell the row from others by."""
    weights: str
    activations: str
    kv: str
    recipe: Recipe
    """How it was launched, as far as published beside the row; blank where not."""
    draft_tokens: int
    """Drafted per step; 0 without drafts."""
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
    """A closed-loop client, whose slots all start together."""
    equal_lengths: bool
    """All answers are known to be of one length, so that those begun together end together."""
    natural_lengths: bool
    """Conversations of people, whose answers end where they like."""
    waves: float
    """Requests per slot of a closed loop; NaN where nobody says."""
    burst: float
    """Requests that came all at once and were all there were; NaN for other loads."""
    rate: float
    """Requests per second that came by themselves; NaN of other loads."""
    comes_evenly: bool
    """They came at a constant rate; else as Poisson arrivals."""
    cached: float
    """Share of the prompt tokens that the engine found in its cache; NaN where nobody says."""
    repeats_prompts: bool
    """A client that sends the same few prompts again and again."""
    batch: float
    ttft_ms: float
    ttft_is_median: bool
    tpot_ms: float
    e2e_ms: float
    tps_per_chip: float
    samples_per_second: float
    latency_ms: float
    ttft_p99_ms: float
    tpot_p99_ms: float
    e2e_p99_ms: float
    problem: str
    """Why the row cannot be read: its line, column, what was found and what is expected."""
    cells: Mapping[str, str]


@contextmanager
def open_results(path: Path, maximum: int = MAXIMUM_BYTES) -> Iterator[csv.DictReader[str]]:
    """The rows of a CSV file of results of at most ``maximum`` bytes, no more than can be
    predicted; raises `InputError`."""
    with open_csv(path, maximum, EXPECTED) as stream:
        _check_length(csv.reader(stream), clean(str(path)))
        stream.seek(0)
        yield csv.DictReader(stream)


def read_measurements(path: Path) -> list[Measurement]:
    """All rows of a CSV file; raises `InputError` where the file as a whole cannot be read."""
    shown = clean(str(path))
    with open_results(path) as table:
        rows = list(_rows(table, shown))
    if not rows:
        raise InputError(
            say("{shown}: no rows under the header, expected one per measured point", shown=shown)
        )
    return rows


def _check_length(lines: Iterator[list[str]], shown: str) -> None:
    """Refuse more rows than can be predicted in a time that anybody waits, before any is read."""
    for _ in itertools.islice(lines, 1 + MAXIMUM_ROWS):
        pass
    if next(lines, None) is not None:
        raise InputError(
            say(
                "{shown}: more than {maximum_rows:,} rows, expected fewer: split the file",
                shown=shown,
                maximum_rows=MAXIMUM_ROWS,
            )
        )


def _rows(table: csv.DictReader[str], shown: str) -> Iterator[Measurement]:
    columns = table.fieldnames or ()
    for column in REQUIRED:
        if column not in columns:
            found = clean(", ".join(columns), 100) or "an empty file"
            raise InputError(
                say(
                    "{shown}: column {column} is missing, found {found}",
                    shown=shown,
                    column=column,
                    found=found,
                )
            )
    for cells in table:
        yield _row(cells, table.line_num)


def _row(cells: Mapping[str, str | None], line: int) -> Measurement:
    read = _Cells(cells)
    nominal_input = read.amount("isl")
    input_tokens = read.amount("isl_eff", nominal_input)
    median = read.number("ttft_median_ms")
    prefill, decode = read.pools()
    version = read.text("framework_version")
    load, said = read.text("load"), f"{read.text('citation')} {read.text('notes')}"
    # InferenceX draws lengths below the nominal ones, for every prompt anew.
    inference_x = input_tokens < nominal_input * 0.95
    batch = read.amount("concurrency_or_batch")
    few = batch < FEW and prefill is None
    drafts = read.drafts()
    run = Run(
        framework=framework_name(read.text("framework"), version),
        version=version,
        model=read.text("model"),
        chip=read.chip(),
        weights=read.text("precision_weights"),
        disaggregated=prefill is not None,
        attention_data=read.count("dp", 1),
        input_tokens=nominal_input,
        concurrency=batch,
        decode_ranks=decode.workers * decode.attention_data if decode else math.nan,
        day=row_date(read.text("date"), read.text("notes"), version, few),
        drafts=drafts != 0,
    )
    recipe = recipe_of(run, elsewhere=not inference_x)
    client = read.text("client") or ("" if inference_x else client_of(run))
    waves, burst = _WAVES.search(client), _BURST.search(client)
    if drafts is None and not recipe.draft_tokens:
        read.wrong("mtp", read.text("mtp"), "the number of drafted tokens")
    return Measurement(
        id=read.text("id") or str(line),
        line=line,
        tier=read.text("quality_tier"),
        kind=read.kind(),
        load=load,
        model=run.model,
        chip=run.chip,
        framework=run.framework,
        day=run.day,
        run=run,
        weights=run.weights,
        activations=read.activations(),
        kv=read.text("precision_kv") or recipe.kv,
        recipe=recipe,
        draft_tokens=recipe.draft_tokens if drafts is None else drafts,
        chips=read.count("chips", 1),
        tensor=read.count("tp", 1),
        pipeline=read.count("pp", 1),
        expert=read.count("ep", 1),
        attention_data=run.attention_data,
        prefill=prefill,
        decode=decode,
        input_tokens=input_tokens,
        output_tokens=read.number("osl_eff", read.number("osl")),
        opens_at_once=inference_x or "genai-perf" in version or load.startswith("closed"),
        equal_lengths="genai-perf" in version or _EQUAL.search(client) is not None,
        natural_lengths=_NATURAL.search(client) is not None,
        waves=float(waves[1] or 1) if waves else math.nan,
        burst=float(burst[1].replace(",", "")) if burst else math.nan,
        rate=read.amount("request_rate"),
        comes_evenly=_EVENLY.search(f"{client} {said}") is not None,
        cached=read.number("cached_share"),
        repeats_prompts=not inference_x and _REPEATING.search(f"{version} {said}") is not None,
        batch=batch,
        ttft_ms=read.number("ttft_ms") if math.isnan(median) else median,
        ttft_is_median=not math.isnan(median),
        tpot_ms=read.number("tpot_ms"),
        e2e_ms=read.number("e2el_ms"),
        tps_per_chip=read.number("output_tps_per_chip"),
        samples_per_second=read.number("samples_per_s"),
        latency_ms=read.number("latency_ms"),
        ttft_p99_ms=read.number("ttft_p99_ms"),
        tpot_p99_ms=read.number("tpot_p99_ms"),
        e2e_p99_ms=read.number("e2el_p99_ms"),
        problem=_at_line(line, read.problem or recipe.unknown),
        cells={key: value or "" for key, value in cells.items() if isinstance(key, str)},
    )


def _at_line(line: int, problem: str) -> str:
    return f"line {line}: {problem}" if problem else ""


class _Cells:
    """Typed access to one line's cells; remembers the first that is not what it should be."""

    def __init__(self, cells: Mapping[str, str | None]) -> None:
        self.cells = cells
        self.problem = ""

    def wrong(self, column: str, found: str, expected: str) -> None:
        """Remember what is wrong with a column, unless something else was before."""
        self.problem = self.problem or f"{column}: found {found[:40]!r}, expected {expected}"

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        return clean(value.strip(), 200) if value else ""

    def kind(self) -> str:
        found = self.text("kind").lower()
        if found not in KINDS:
            self.wrong("kind", found, f"one of {', '.join(KINDS)}")
            return UNKNOWN_KIND
        return found

    def chip(self) -> str:
        found = self.text("chip").lower()
        if not found:
            self.wrong("chip", found, "an id that `rooftop chips` lists")
        return chip_aliases().get(found, found)

    def activations(self) -> str:
        """The column, or what the note on the build says: "W8A8" is of both operands."""
        said = self.text("precision_act")
        return said or ("int8" if _BOTH_EIGHT.search(self.text("build_note")) else "")

    def number(self, column: str, otherwise: float = math.nan) -> float:
        text = self.text(column)
        if text.lower() in _BLANKS:
            return otherwise
        value = parse_decimal(text)
        if not 0 <= value <= LARGEST_NUMBER:
            self.wrong(column, text, f"a number from 0 to {LARGEST_NUMBER:g}")
            return otherwise
        return value

    def amount(self, column: str, otherwise: float = math.nan) -> float:
        """Tokens or requests: a number above 0."""
        value = self.number(column, otherwise)
        if value <= 0:
            self.wrong(column, f"{value:g}", "a number above 0")
            return otherwise
        return value

    def drafts(self) -> int | None:
        """Drafted tokens per step; None where they are only said to be on."""
        return None if self.text("mtp").lower().startswith("on") else int(self.number("mtp", 0.0))

    def count(self, column: str, otherwise: int) -> int:
        value = self.number(column, float(otherwise))
        if value < 1 or value != int(value) or value > 1 << 20:
            self.wrong(column, f"{value:g}", "a whole number from 1")
            return otherwise
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
    launch flags), the worker spans all its chips, experts included; attention-DP recorded with
    those flags holds only for the wide ones: narrow workers of the same recipes are recorded
    elsewhere as tensor parallel."""
    count, degree, experts = max(int(workers), 1), max(int(tensor), 1), max(int(expert), 1)
    spanned = chips // count
    if spanned > degree:
        degree = experts = spanned
        if spanned <= NARROW:
            attention = "false"
    return Pool(count, degree, experts, degree if attention.lower() == "true" else 1)
