"""Runs out of a CSV in the form of `rooftop validate`: the serving rows of one site."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from engine.evidence.calibration.results import MAXIMUM_RUNS
from engine.evidence.calibration.run import USUAL_SPREAD, Run
from engine.evidence.measured.calls import cached_share, row_layout
from engine.evidence.measured.eras import profile_of
from engine.evidence.measured.library import Library, spellings
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.precisions import row_precision
from engine.evidence.measured.reader import read_measurements
from engine.model.acceptance import acceptance_of
from engine.model.architecture import Architecture
from engine.model.precision import Precision
from engine.scenario import Text
from engine.serve.requests import Drafts
from engine.serve.system import System
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.text import clean


def csv_runs(path: Path, site: System) -> list[Run]:
    """The serving rows of the site's model, weight format, chip and framework; raises
    `InputError` where there are none, naming what the rows are of.

    Rows of a single other framework count too: the site is then what they are fitted from.
    """
    rows = read_measurements(path)
    library = Library()
    fitting = [row for row in rows if _is_of(row, site, library)]
    profiles = {_profile(row) for row in fitting}
    if site.engine.id in profiles:
        fitting = [row for row in fitting if _profile(row) == site.engine.id]
    elif len(profiles) > 1:
        fitting = []
    if len(fitting) > MAXIMUM_RUNS:
        raise InputError(
            say(
                "{path}: more than {maximum_runs:,} runs",
                path=clean(str(path)),
                maximum_runs=MAXIMUM_RUNS,
            )
        )
    if fitting:
        return [run_of(row, site) for row in fitting]
    seen = sorted({f"{row.model} {row.weights} on {row.chip} by {row.framework}" for row in rows})
    others = f" and {len(seen) - 1} others" if len(seen) > 1 else ""
    raise InputError(
        say(
            "{path}: no serving row of {name} {name_2} on {id} by {id_2}, found {seen}{others}",
            path=clean(str(path)),
            name=site.tokens_model.name,
            name_2=site.precision.weights.name,
            id=site.chip.id,
            id_2=site.engine.id,
            seen=seen[0],
            others=others,
        )
    )


def _profile(row: Measurement) -> str:
    """Of the row's engine and time, whatever its concurrency."""
    return profile_of(replace(row.run, concurrency=math.nan))


def _is_of(row: Measurement, site: System, library: Library) -> bool:
    usable = row.kind == "serving" and not row.problem and row.prefill is None
    if not usable or row.chip != site.chip.id or math.isnan(row.batch + row.input_tokens):
        return False
    return _same_model(row.model, site.tokens_model, library) and _same_weights(row, site)


def _same_model(model: str, architecture: Architecture, library: Library) -> bool:
    try:
        _, described = library.language_model(model)
    except InputError:
        return architecture.name.lower() in spellings(model)
    return described.layers == architecture.layers


def _same_weights(row: Measurement, site: System) -> bool:
    try:
        words = (row.weights, row.activations, row.kv)
        precision = row_precision(*words, site.tokens_model, site.engine.id)
    except InputError:
        return False
    return _stored(precision) == _stored(site.precision)


def _stored(precision: Precision) -> str:
    """The format of the weights; FP16 checkpoints are called bf16 as often as not, and cost the
    same."""
    return "bf16" if precision.weights.name == "fp16" else precision.weights.name


def run_of(row: Measurement, site: System) -> Run:
    """A row of the site as a run; drafts are kept as is known of its model on random prompts."""
    drafts = Drafts()
    if row.draft_tokens:
        name, by = site.tokens_model.name, site.drafter.method
        kept = acceptance_of(name, by, Text.RANDOM).first(row.draft_tokens)
        drafts = Drafts(row.draft_tokens, kept)
    return Run(
        name=row.id,
        layout=row_layout(row),
        concurrency=row.batch,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        ttft_ms=row.ttft_ms,
        ttft_is_median=row.ttft_is_median,
        tpot_ms=row.tpot_ms,
        token_time=row.token_time,
        opens_at_once=row.opens_at_once,
        spread=0.0 if row.equal_lengths else USUAL_SPREAD,
        cached=cached_share(row, site.engine),
        accepted=drafts.accepted,
        drafts=drafts,
    )
