"""What three runs of a site say of its others: ``python -m tests.benchmarks.calibration FILE
CONFIGS``.

Every model, weight format, chip and engine of FILE (in the form of `rooftop validate`) with enough
serving runs is predicted by constants that never saw the model on that chip, then calibrated with
three of its runs, of few, of middling and of many requests in flight, and the rest predicted
again. Where calibration refuses the runs, the rest stays as predicted before.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.calibration.fit import calibrate
from engine.serve.system import System
from engine.words.errors import InputError
from tests.accuracy.constants import Constants
from tests.accuracy.current import published_logs
from tests.accuracy.measured import load_groups
from tests.accuracy.refit import own_classes
from tests.accuracy.sites import Site, left_out_sites, spread_out
from tests.accuracy.solver import Problem, linear_problem

METRICS = {"tpot": "tpot_ms", "ttft": "ttft_ms"}
LEAST_CHANGE = 0.001
"""Errors that rise by less did not get worse."""


@dataclass(frozen=True)
class Outcome:
    """Median relative errors of the runs left out by metric, before and after; ``refused`` says
    why these are the same."""

    name: str
    runs: int
    before: dict[str, float]
    after: dict[str, float]
    refused: str = ""


def outcome_of(site: Site) -> Outcome:
    """Three runs of the site against its others."""
    known = spread_out(site)
    others = [run for run in range(len(site.runs)) if run not in known]
    before = _errors(site, site.system, others)
    try:
        found = calibrate(site.system, [site.runs[run] for run in known])
    except InputError as error:
        return Outcome(site.name, len(site.runs), before, before, str(error))
    changed = replace(site.system, engine=found.framework)
    return Outcome(site.name, len(site.runs), before, _errors(site, changed, others))


def _errors(site: Site, system: System, others: Sequence[int]) -> dict[str, float]:
    """Through the same call as `rooftop validate`."""
    predicted = site.group.predict(system)
    places = [site.places[run] for run in others]
    found = {}
    for metric, column in METRICS.items():
        measured = np.array([getattr(site.group.rows[place], column) for place in places])
        off = np.abs(predicted[column][places] / measured - 1.0)
        known = np.isfinite(off) & (measured > 0)
        found[metric] = float(np.median(off[known])) if np.any(known) else np.nan
    return found


def outcomes(path: Path, configs: Path) -> Iterator[Outcome]:
    """Every site of a CSV with enough runs."""
    groups = load_groups(path, configs)
    problem = Problem(Constants(own_classes(groups)), groups)
    made_linear = linear_problem(problem, published_logs(problem.constants))
    for site in left_out_sites(problem, made_linear):
        yield outcome_of(site)


def summary(found: Sequence[Outcome]) -> list[str]:
    """A line per metric: medians and means over sites, and how many got worse."""
    lines = [f"{len(found)} sites, {sum(1 for one in found if one.refused)} refused"]
    for metric in METRICS:
        before, after = (
            np.array([getattr(one, side)[metric] for one in found]) for side in ("before", "after")
        )
        known = np.isfinite(before) & np.isfinite(after)
        before, after = before[known], after[known]
        if not len(before):
            continue
        shown = " → ".join(f"{np.median(one):.1%}/{np.mean(one):.1%}" for one in (before, after))
        worse = float(np.mean(after > before + LEAST_CHANGE))
        lines.append(f"{metric}: median/mean {shown} of {len(before)} sites, {worse:.0%} got worse")
    return lines


def main() -> None:
    """Print a line per site, and the medians over sites."""
    path, configs = map(Path, sys.argv[1:])
    found = []
    for one in outcomes(path, configs):
        found.append(one)
        said = one.refused or "  ".join(
            f"{metric} {one.before[metric]:6.1%} → {one.after[metric]:6.1%}" for metric in METRICS
        )
        print(f"{one.name:64} {one.runs:4} runs  {said}", flush=True)
    print("\n".join(summary(found)))


if __name__ == "__main__":
    main()
