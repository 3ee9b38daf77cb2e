"""Measured results as rows: the CSV form that `rooftop validate` reads.

One row per measured point; blank cells mean "not published". Columns that a prediction needs
are named in `REQUIRED`; the others may be missing from the file. A cell that is not what its
column holds is the row's `Measurement.problem`, and the other rows count all the same.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from engine.evidence.measured.cells import Cells
from engine.evidence.measured.client_text import ClientText
from engine.evidence.measured.dates import row_date
from engine.evidence.measured.eras import framework_name
from engine.evidence.measured.measurement import Measurement, Pool
from engine.evidence.measured.recipes import as_launched, client_of, recipe_of
from engine.evidence.measured.reported import token_time
from engine.evidence.measured.runs import Run
from engine.sources.csv_text import open_csv
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean

EXPECTED = "a CSV file of results"
MAXIMUM_BYTES = 64 << 20
MAXIMUM_ROWS = 100_000
"""Ten times what the largest collection of published results holds."""
FEW = 4
"""Fewer requests in flight than InferenceX's sweeps held at first (dates.toml)."""
REQUIRED = ("kind", "model", "chip")


@contextmanager
def open_results(path: Path, maximum: int = MAXIMUM_BYTES) -> Iterator[csv.DictReader[str]]:
    """The rows of a CSV file of results of at most ``maximum`` bytes, no more than can be
    predicted; raises `InputError`."""
    with open_csv(path, maximum, say(EXPECTED)) as stream:
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
    read = Cells(cells)
    input_tokens = read.amount("isl_eff", read.amount("isl"))
    median = read.number("ttft_median_ms")
    prefill, decode = read.pools()
    run = _run(read, prefill, decode)
    drafts, load = read.drafts(), read.text("load")
    # InferenceX draws lengths below the nominal ones, for every prompt anew.
    inference_x = input_tokens < run.input_tokens * 0.95
    recipe = recipe_of(run, elsewhere=not inference_x)
    client = ClientText(
        read.text("client") or ("" if inference_x else client_of(run)),
        run.version,
        f"{read.text('citation')} {read.text('notes')}",
    )
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
        eager=read.is_eager(),
        draft_tokens=recipe.draft_tokens if drafts is None else drafts,
        chips=read.count("chips", 1),
        tensor=read.count("tp", 1),
        pipeline=read.count("pp", 1),
        expert=run.expert,
        attention_data=run.attention_data,
        prefill=prefill,
        decode=decode,
        input_tokens=input_tokens,
        output_tokens=read.number("osl_eff", read.number("osl")),
        opens_at_once=not client.replays
        and (inference_x or client.is_genai_perf or load.startswith("closed")),
        equal_lengths=client.equal_lengths,
        natural_lengths=client.natural_lengths,
        waves=client.waves,
        burst=client.burst,
        rate=read.amount("request_rate"),
        comes_evenly=client.comes_evenly,
        cached=read.number("cached_share"),
        repeats_prompts=not inference_x and client.repeats_prompts,
        batch=run.concurrency,
        ttft_ms=read.number("ttft_ms") if math.isnan(median) else median,
        ttft_is_median=not math.isnan(median),
        tpot_ms=read.number("tpot_ms"),
        token_time=token_time(read.text("tpot_stat")),
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


def _run(read: Cells, prefill: Pool | None, decode: Pool | None) -> Run:
    """What rules tell the row from others by."""
    version, batch = read.text("framework_version"), read.amount("concurrency_or_batch")
    few = batch < FEW and prefill is None
    drafted = read.drafts() != 0
    run = Run(
        framework=framework_name(read.text("framework"), version),
        version=version,
        model=read.text("model"),
        chip=read.chip(),
        weights=read.text("precision_weights"),
        disaggregated=prefill is not None,
        attention_data=read.count("dp", 1),
        expert=read.count("ep", 1),
        tensor=read.count("tp", 1),
        input_tokens=read.amount("isl"),
        output_tokens=read.amount("osl"),
        concurrency=batch,
        decode_ranks=decode.workers * decode.attention_data if decode else math.nan,
        day=row_date(read.text("date"), read.text("notes"), version, few),
        drafts=drafted,
    )
    return as_launched(run)


def _at_line(line: int, problem: str) -> str:
    return f"line {line}: {problem}" if problem else ""
