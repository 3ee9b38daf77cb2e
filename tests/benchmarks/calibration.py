"""What three runs of a site say of its others: ``python -m tests.benchmarks.calibration FILE
[CONFIGS]``.

Every model, weight format, chip and engine of FILE (in the form of `rooftop validate`) with enough
serving runs is calibrated with three of them, of few, of middling and of many requests in flight,
and the TPOT of the rest is predicted before and after.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.evidence.calibration.fit import calibrate
from engine.evidence.calibration.rows import run_of
from engine.evidence.calibration.run_checks import MINIMUM_RUNS
from engine.evidence.measured.library import Library
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Group, calls_of, groups_of
from engine.evidence.measured.reader import read_measurements
from engine.model.architecture import Architecture
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated

LEAST_RUNS = 8


@dataclass(frozen=True)
class Site:
    """Median relative errors of TPOT of the runs left out; ``refused`` says why there are none."""

    name: str
    runs: int
    before: float = np.nan
    after: float = np.nan
    refused: str = ""


def sites(rows: Sequence[Measurement], configs: Path | None) -> Iterator[Site]:
    """Every site with enough runs."""
    library = Library(configs)
    calls, refused = calls_of(rows, library)
    for group in groups_of(calls, refused, library):
        usable = [place for place, row in enumerate(group.places) if _usable(rows[row], group)]
        runs = [place for place in usable if isinstance(group.calls[place].arrangement, Aggregated)]
        if len(runs) >= LEAST_RUNS:
            yield _site(rows, group, runs)


def _usable(row: Measurement, group: Group) -> bool:
    measured = row.tpot_ms > 0
    return row.kind == "serving" and measured and isinstance(group.system.model, Architecture)


def _site(rows: Sequence[Measurement], group: Group, runs: Sequence[int]) -> Site:
    system = group.system
    weights = system.precision.weights.name
    name = f"{system.tokens_model.name} {weights} {system.chip.id} {system.engine.id}"
    by_size = sorted(runs, key=lambda place: rows[group.places[place]].batch)
    ends = np.linspace(0, len(by_size) - 1, MINIMUM_RUNS).round().astype(int)
    known = [by_size[end] for end in ends]
    others = [place for place in runs if place not in known]
    chosen = [rows[group.places[place]] for place in known]
    try:
        found = calibrate(system, [run_of(one, system) for one in chosen])
    except InputError as error:
        return Site(name, len(runs), refused=str(error))
    changed = replace(system, engine=found.framework)
    measured = np.array([rows[group.places[place]].tpot_ms for place in others])
    before, after = (
        float(np.median(np.abs(tpot[others] * 1e3 / measured - 1.0)))
        for tpot in (
            group.outcome().seconds["tpot"][:, 0],
            group.outcome(changed).seconds["tpot"][:, 0],
        )
    )
    return Site(name, len(runs), before, after)


def main() -> None:
    """Print a line per site, and the medians over sites."""
    path, *rest = map(Path, sys.argv[1:])
    found = []
    for site in sites(read_measurements(path), rest[0] if rest else None):
        found.append(site)
        said = site.refused or f"{site.before:6.1%} → {site.after:6.1%}"
        print(f"{site.name:64} {site.runs:4} runs  {said}", flush=True)
    fitted = [one for one in found if not one.refused]
    for label in ("before", "after"):
        errors = [getattr(one, label) for one in fitted]
        print(f"{label}: median {np.median(errors):.1%}, mean {np.mean(errors):.1%} of sites")
    print(f"{len(fitted)} sites, {len(found) - len(fitted)} refused")


if __name__ == "__main__":
    main()
