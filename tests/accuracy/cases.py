"""How far off predictions are when less is known: published rows predicted without what was
fitted to their like.

What is known of a case is left out of the fit, and the rows are predicted by what remains:
whole (model, chip) pairs for cases like those published, whole chips for a chip that nobody has
measured. A generation without any measured kernel is stood for by the constants of the
generation "other", an unknown framework by the profile "generic".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.evidence.measured.predict import Predictions
from engine.evidence.measured.reader import Measurement
from engine.hardware.builds import configured
from engine.hardware.chip import Collective
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework_profiles import load_framework
from engine.plan.range_case import Case
from engine.serve.system import System
from tests.accuracy.current import published_logs
from tests.accuracy.measured import Group, folds
from tests.accuracy.solver import Problem, left_out

UNMEASURED = "mtt_s4000"
"""Any chip of the generation "other", whose constants stand for those of unmeasured chips."""
FOLDS = 5
TWO_OF_THREE = 2.0 / 3.0
FEWEST_ROWS = 10
"""A range of fewer rows than this says nothing."""
RANGES = {"ttft_ms": "ttft", "tpot_ms": "tpot", "output_tps_per_chip": "throughput"}
MEASURED = {
    "ttft_ms": "ttft_ms",
    "tpot_ms": "tpot_ms",
    "e2el_ms": "e2e_ms",
    "output_tps_per_chip": "tps_per_chip",
}
KINDS = ("serving", "static", "offline")

Columns = dict[str, np.ndarray]
Errors = dict[tuple[str, str], np.ndarray]
"""Relative errors of all rows by kind and metric."""


@dataclass(frozen=True, slots=True)
class CaseError:
    """What two of three rows of one kind of case stayed within, by range name."""

    case: Case
    rows: int
    ranges: Mapping[str, float]
    basis: str


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions that never saw the row's (model, chip) pair with their errors, and the error of
    every case."""

    rows: list[Measurement]
    predictions: Predictions
    pairs: Errors
    cases: list[CaseError]


def hold_out(problem: Problem, say: Callable[[str], None]) -> HeldOut:
    """Leave out pairs and chips, and predict each by the fit of the others."""
    start = published_logs(problem.constants)
    residuals = problem.residuals(start)
    fits = partial(left_out, problem, start, residuals, problem.slopes(start, residuals))
    pairs, pairs_generic = _held_out(problem, folds(problem.groups, FOLDS), fits, say)
    chips, chips_generic = _held_out(problem, _chips(problem.groups), fits, say)
    say("constants of another generation")
    strange = [group.predict(without_kernels(group.system)) for group in problem.groups]
    stranger = [
        group.predict(without_framework(group, without_kernels(group.system)))
        for group in problem.groups
    ]
    count = len({group.rows[0].chip for group in problem.groups})
    seen = "published runs, each predicted by constants fitted without its model on its chip"
    unseen = f"no run of this chip is published; runs of {count} others, each predicted without any"
    never = "no kernel of this generation is measured; published runs with another's constants"
    unknown = "; the framework's costs unknown"
    made = (
        (True, True, True, pairs, seen),
        (True, True, False, pairs_generic, seen + unknown),
        (False, True, True, chips, unseen),
        (False, True, False, chips_generic, unseen + unknown),
        (False, False, True, strange, never),
        (False, False, False, stranger, never + unknown),
    )
    cases: list[CaseError] = []
    for chip, kernels, framework, columns, basis in made:
        found = errors_of(problem.groups, columns)
        for kind in ("serving", "static"):
            cases.append(_case_error(Case(kind, chip, kernels, framework), found, basis, cases))
    rows = [row for group in problem.groups for row in group.rows]
    values = {metric: np.concatenate([columns[metric] for columns in pairs]) for metric in MEASURED}
    calls = [call for group in problem.groups for call in group.asked.calls]
    together = Predictions(values, [""] * len(rows), [*calls])
    return HeldOut(rows, together, errors_of(problem.groups, pairs), cases)


def _case_error(case: Case, errors: Errors, basis: str, narrower: Iterable[CaseError]) -> CaseError:
    """The ranges of a case; who knows less is never given less."""
    ranges, rows = {}, 0
    known = [
        one.ranges for one in narrower if one.case.kind == case.kind and _knows(one.case, case)
    ]
    for metric, name in RANGES.items():
        sizes = np.abs(errors.get((case.kind, metric), np.zeros(0)))
        if len(sizes) >= FEWEST_ROWS:
            own = float(np.quantile(sizes, TWO_OF_THREE))
            ranges[name] = max([own, *(one[name] for one in known if name in one)])
            rows = max(rows, len(sizes))
    return CaseError(case, rows, ranges, basis)


def _knows(more: Case, less: Case) -> bool:
    return (
        more.chip_measured >= less.chip_measured
        and more.kernels_fitted >= less.kernels_fitted
        and more.framework_known >= less.framework_known
    )


def _chips(groups: Sequence[Group]) -> list[set[tuple[str, str]]]:
    chips: dict[str, set[tuple[str, str]]] = {}
    for group in groups:
        chips.setdefault(group.rows[0].chip, set()).add(group.pair)
    return [chips[name] for name in sorted(chips)]


def _held_out(
    problem: Problem,
    parts: Sequence[set[tuple[str, str]]],
    fits: Callable[[Sequence[set[tuple[str, str]]]], Iterable[np.ndarray]],
    say: Callable[[str], None],
) -> tuple[list[Columns], list[Columns]]:
    """Predictions of each part by a fit of the others, as its framework and as "generic"."""
    found: dict[int, tuple[Columns, Columns]] = {}
    for number, (pairs, logs) in enumerate(zip(parts, fits(parts), strict=True), 1):
        say(f"without part {number} of {len(parts)}: {len(pairs)} pairs")
        values = problem.constants.values(logs)
        for place, group in enumerate(problem.groups):
            if group.pair in pairs:
                system = problem.system(group, values)
                generic = without_framework(group, system)
                found[place] = (group.predict(system), group.predict(generic))
    both = [found[place] for place in range(len(problem.groups))]
    return [own for own, _ in both], [generic for _, generic in both]


def errors_of(groups: Sequence[Group], columns: Sequence[Columns]) -> Errors:
    """Relative errors of all rows that have a metric, by kind and metric."""
    parts: dict[tuple[str, str], list[np.ndarray]] = {}
    for group, predicted in zip(groups, columns, strict=True):
        for metric, field in MEASURED.items():
            measured = np.array([getattr(row, field) for row in group.rows], dtype=float)
            with np.errstate(divide="ignore", invalid="ignore"):
                errors = predicted[metric] / measured - 1.0
            known = np.isfinite(errors) & (measured > 0)
            parts.setdefault((group.rows[0].kind, metric), []).append(errors[known])
    return {key: np.concatenate(found) for key, found in parts.items()}


def without_kernels(system: System) -> System:
    """The system as if no kernel of its chip's generation had been measured."""
    strange = load_chip(UNMEASURED)
    factor = system.chip.scale_up.bandwidth_bytes / strange.scale_up.bandwidth_bytes
    chip = replace(
        system.chip,
        kernels=strange.kernels,
        deviations={},
        all_reduce=_rescaled(strange.all_reduce, factor),
        all_to_all=_rescaled(strange.all_to_all, factor),
    )
    return replace(system, chip=chip, engine=replace(system.engine, kernels={}))


def _rescaled(table: Mapping[int, Collective], factor: float) -> dict[int, Collective]:
    """Collectives that reach the same share of another link."""
    return {
        ranks: replace(
            one,
            bandwidth_bytes=one.bandwidth_bytes * factor,
            small_bandwidth_bytes=one.small_bandwidth_bytes * factor,
        )
        for ranks, one in table.items()
    }


def without_framework(group: Group, system: System) -> System:
    """The group's system as if nobody had described its framework: what that was told is known."""
    told = replace(group.asked.calls[0].scenario.settings, build="")
    return replace(system, engine=configured(load_framework("generic"), system.chip, told))
