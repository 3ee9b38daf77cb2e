"""Write what the repository publishes about its accuracy, from a CSV of measured results.

    python -m tests.accuracy.publish RESULTS.csv --configs DIR [--readme README.md]

Predicts every row, refits the constants without each (model, chip) pair, each model, each month,
each engine on a chip and each chip, and writes ``profiles/accuracy/``: ``published.csv`` (a few
hundred rows with citations), ``ranges.toml`` (the ± of every kind of case), ``errors.toml`` (the
recorded table) and ``calibration.toml`` (what calibration expects of a site). With ``--readme``
the table between the markers of that file is replaced; ``--readme`` alone, without RESULTS, writes
the table that is recorded.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from engine.evidence.calibration.expected import EXPECTED
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions, predict_rows
from engine.evidence.measured.reader import read_measurements
from engine.evidence.measured.record import ERRORS, PUBLISHED, read_record
from engine.evidence.measured.regret import regrets
from engine.evidence.measured.report import Group as KindGroup
from engine.evidence.measured.report import groups
from engine.evidence.measured.table import as_markdown, choice_words, record_lines
from engine.plan.ranges.certainty import Spread
from engine.plan.ranges.covered import RANGES
from engine.scenario import EVEN_CERTAINTY
from engine.sources.files import write_text
from engine.words.arrays import FloatArray
from tests.accuracy import site_widths
from tests.accuracy.cases import POOLS, HeldOut, hold_out
from tests.accuracy.constants import Constants
from tests.accuracy.covered import as_document, covered_of, facts_of
from tests.accuracy.current import published_logs
from tests.accuracy.measured import Group, load_groups
from tests.accuracy.published import choose, published_text
from tests.accuracy.refit import own_classes
from tests.accuracy.sites import left_out_sites
from tests.accuracy.solver import Problem, linear_problem
from tests.accuracy.vision.held_out import hold_out_vision
from tests.accuracy.vision_cases import vision_samples
from tests.accuracy.widths import Widths, fitted

CERTAINTIES = (EVEN_CERTAINTY, 80.0)
"""Percent of certainty that choices keep their limits with."""
START, END = "<!-- accuracy -->", "<!-- /accuracy -->"
RANGES_HEADER = """\
# Relative errors that two of three (range) and nine of ten (wide) published results stayed within
# where much was known, by kind and metric (a model on a chip with n of them counts as the root of
# n), each predicted without its like; by what factor each doubt makes them wider, of times to the
# first token, of all other figures of tokens, of images; and what has been published at all.
# Written by tests/accuracy/publish.py; edits are lost.

"""
ERRORS_HEADER = """\
# Relative errors on all published results, see engine/evidence/measured/record.py.
# Written by tests/accuracy/publish.py; edits are lost.

"""


def ranges_text(groups: Sequence[Group], rows: Sequence[Measurement], widths: Widths) -> str:
    """The text of ``ranges.toml``."""
    covered = covered_of(map(facts_of, groups))
    kinds = dict.fromkeys(kind for kind, _ in widths.widths)
    document = {
        "covered": as_document(covered, {row.chip for row in rows if row.kind == "cv"}),
        "factor": {
            figures.value: {doubt.value: one for doubt, one in factors.items() if one > 1}
            for figures, factors in widths.factors.items()
        },
        "kind": [_kind(kind, widths) for kind in kinds],
    }
    return RANGES_HEADER + tomli_w.dumps(document)


def _kind(kind: str, widths: Widths) -> dict[str, Any]:
    """What is recorded of one kind."""
    own = {metric: width for (one, metric), width in widths.widths.items() if one == kind}
    return {
        "kind": kind,
        "rows": max(width.rows for width in own.values()),
        "range": {metric: width.range for metric, width in own.items()},
        "wide": {metric: width.wide for metric, width in own.items()},
    }


def errors_text(
    rows: Sequence[Measurement], predictions: Predictions, held: HeldOut, widths: Widths
) -> str:
    """The text of ``errors.toml``; choices are judged by the predictions of held-out rows."""
    errors = [
        *(_error(group, group.kind, held) for group in groups(rows, predictions) if _told(group)),
        *(
            _error(group, POOLS, held)
            for group in groups(*_in_pools(rows, predictions))
            if _told(group)
        ),
    ]
    errors_of = {one: _held_out_errors(held, widths, one) for one in CERTAINTIES}
    choices = [
        {
            "tpot_limit_ms": one.tpot_limit_ms,
            "groups": one.groups,
            "median": round(one.median, 5),
            "mean": round(one.mean or 0.0, 5),
            "certainty": certainty,
            "missed": round(one.missed or 0.0, 5),
            "pools": pools,
        }
        for pools in (False, True)
        for certainty in CERTAINTIES
        for one in regrets(held.rows, held.predictions, error=errors_of[certainty], pools=pools)
        if one.median is not None
    ]
    document = {
        "date": datetime.date.today().isoformat(),
        "rows": len(rows),
        "error": errors,
        "choice": choices,
    }
    return ERRORS_HEADER + tomli_w.dumps(document)


def _told(group: KindGroup) -> bool:
    return group.by == "kind" and bool(group.covered)


def _error(group: KindGroup, kind: str, held: HeldOut) -> dict[str, Any]:
    """What is recorded of one kind and metric."""
    values = group.as_json()
    error = {"kind": kind, **{key: values[key] for key in ("metric", "rows", "covered")}}
    error |= {"median": values["median_ape"], "mean": values["mape"]}
    error |= {key: values[key] for key in ("bias", "within_20")}
    for name, of_fold in held.errors.items():
        sizes = np.abs(of_fold.get((kind, group.metric), np.zeros(0)))
        if len(sizes):
            error[f"{name}_median"] = round(float(np.median(sizes)), 5)
            error[f"{name}_mean"] = round(float(np.mean(sizes)), 5)
    return error


def _in_pools(
    rows: Sequence[Measurement], predictions: Predictions
) -> tuple[list[Measurement], Predictions]:
    """The rows of deployments in two pools, and what is predicted of them."""
    places = [place for place, row in enumerate(rows) if row.prefill is not None]
    found = Predictions(
        {metric: values[places] for metric, values in predictions.values.items()},
        [predictions.refused[place] for place in places],
        [predictions.calls[place] for place in places],
    )
    return [rows[place] for place in places], found


def _held_out_errors(held: HeldOut, widths: Widths, certainty: float) -> FloatArray:
    """By what share of itself TPOT of each row may be predicted too short, by its own range."""
    found = list(zip(*widths.spreads("serving", "tpot", held.doubts), strict=True))
    errors = {one: Spread(*one).error(certainty) for one in set(found)}
    return np.array([errors[one] for one in found])


def write_readme(path: Path) -> None:
    """Replace what stands between the markers by the recorded table."""
    if not path.is_file():
        print(f"{path}: no such file, no table written")
        return
    text = path.read_text(encoding="utf-8")
    if START not in text or END not in text:
        print(f"{path}: expected the lines {START} and {END}, no table written")
        return
    record = read_record()
    words = (
        f"Relative error on {record.rows:,} published results, recorded {record.date}; median / "
        "mean where constants were fitted without any result of the row's model on its chip "
        "(pairs), of its model on any chip (models), of its month (months). Runs with drafts are "
        "beside them: acceptance and costs of drafts were fitted so."
    )
    table = as_markdown(record_lines(record))
    block = f"{START}\n{words}\n\n{table}\n\n{choice_words(record)}\n{END}"
    before, after = text.split(START, 1)[0], text.split(END, 1)[1]
    write_text(path, before + block + after)
    print(f"written: {path}")


def publish(results: Path, configs: Path) -> None:
    """Write the four files of ``profiles/accuracy/``."""
    rows = read_measurements(results)
    predictions = predict_rows(rows, configs)
    chosen = choose(rows)
    write_text(PUBLISHED, published_text(chosen))
    print(f"written: {PUBLISHED} ({len(chosen)} rows)", flush=True)
    found = load_groups(results, configs)
    problem = Problem(Constants(own_classes(found)), found)
    made_linear = linear_problem(problem, published_logs(problem.constants))
    held = hold_out(problem, made_linear, lambda words: print(words, flush=True))
    vision = hold_out_vision(results)
    widths = fitted([*held.samples, *vision_samples(vision)])
    write_text(RANGES, ranges_text(found, rows, widths))
    if vision is not None:
        of_vision = {("cv", metric): errors for metric, errors in vision.pairs.items()}
        held = replace(held, errors={**held.errors, "pairs": held.errors["pairs"] | of_vision})
    write_text(ERRORS, errors_text(rows, predictions, held, widths))
    print(f"written: {RANGES}, {ERRORS}", flush=True)
    write_text(EXPECTED, site_widths.as_text(left_out_sites(problem, made_linear)))
    print(f"written: {EXPECTED}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("--configs", type=Path)
    parser.add_argument("--readme", type=Path)
    chosen = parser.parse_args()
    if chosen.results is not None:
        if chosen.configs is None:
            parser.error("--configs is missing")
        publish(chosen.results, chosen.configs)
    if chosen.readme is not None:
        write_readme(chosen.readme)


if __name__ == "__main__":
    main()
