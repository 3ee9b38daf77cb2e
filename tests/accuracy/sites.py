"""Sites that calibration is tried on: a model in a format on a chip under an engine, with the
constants of a fit that never saw the model on that chip."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.evidence.calibration.rows import run_of
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.run_checks import MINIMUM_RUNS
from engine.serve.system import System
from engine.work.arrangement import Aggregated
from tests.accuracy.linear import Linear
from tests.accuracy.measured import FOLDS, Group, folds
from tests.accuracy.solver import Problem

LEAST_RUNS = 8
FOLD_COUNT = 5


@dataclass(frozen=True, slots=True)
class Site:
    """``system`` without its pair, its serving runs with a measured TPOT, the fold it is of, and
    the places of the runs in their group."""

    group: Group
    system: System
    runs: tuple[Run, ...]
    fold: int
    places: tuple[int, ...]

    @property
    def name(self) -> str:
        """Model, format, chip and engine."""
        system = self.system
        weights = system.precision.weights.name
        return f"{system.tokens_model.name} {weights} {system.chip.id} {system.engine.id}"


def left_out_sites(problem: Problem, made_linear: Linear) -> Iterator[Site]:
    """All sites with enough runs, fold after fold."""
    parts = folds(problem.groups, FOLD_COUNT, FOLDS["pairs"])
    for fold, (part, logs) in enumerate(zip(parts, made_linear.left_out(parts), strict=True)):
        values = problem.constants.values(logs)
        for at in sorted(part):
            group = problem.groups[at]
            places = _usable(group)
            if len(places) >= LEAST_RUNS:
                system = problem.system(group, values)
                runs = tuple(run_of(group.rows[place], system) for place in places)
                yield Site(group, system, runs, fold, places)


def _usable(group: Group) -> tuple[int, ...]:
    return tuple(
        place
        for place, (row, call) in enumerate(zip(group.rows, group.asked.calls, strict=True))
        if row.kind == "serving" and row.tpot_ms > 0 and isinstance(call.arrangement, Aggregated)
    )


def spread_out(site: Site, among: np.ndarray | None = None) -> list[int]:
    """Three runs of few, of middling and of many requests in flight."""
    chosen = np.arange(len(site.runs)) if among is None else among
    by_size = sorted(chosen.tolist(), key=lambda run: site.runs[run].concurrency)
    ends = np.linspace(0, len(by_size) - 1, MINIMUM_RUNS).round().astype(int)
    return [by_size[end] for end in ends]
