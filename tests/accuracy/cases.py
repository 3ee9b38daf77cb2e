"""How far off predictions are when less is known: published rows predicted without what was
fitted to their like.

What is known of a case is left out of the fit, and the rows are predicted by what remains: whole
(model, chip) pairs for a model that was measured elsewhere, whole models for one that never was,
an engine on a chip for one that was not measured there, whole chips for a chip that nobody has
measured. A generation without any measured kernel is stood for by the constants of the generation
"other", an unknown framework by the profile "generic".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions
from engine.hardware.builds import configured
from engine.hardware.chip import Collective
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework_profiles import load_framework
from engine.plan.ranges.case import Case, ChipRuns, ModelRuns, dimensions
from engine.serve.system import System
from tests.accuracy.constants import lineage
from tests.accuracy.current import published_logs
from tests.accuracy.measured import FOLDS, Group, Key, folds
from tests.accuracy.solver import Problem, linear_problem

UNMEASURED = "mtt_s4000"
"""Any chip of the generation "other", whose constants stand for those of unmeasured chips."""
COUNT, CHIP_FOLDS = 5, 8
"""Of the folds of each kind, of those of chips."""
TWO_OF_THREE, NINE_OF_TEN = 2.0 / 3.0, 0.9
CROWDING = 0.5
"""A (model, chip) pair of n rows counts as n^(1−CROWDING) in a range: what a person asks about next
is a pair of its own, and the many rows of one pair err alike."""
FEWEST_ROWS = 10
"""A range of fewer rows than this says nothing."""
RANGES = {
    "ttft_ms": "ttft",
    "tpot_ms": "tpot",
    "e2el_ms": "e2e",
    "output_tps_per_chip": "throughput",
    "ttft_p99_ms": "ttft_p99",
    "tpot_p99_ms": "tpot_p99",
    "e2el_p99_ms": "e2e_p99",
}
MEASURED = {
    "ttft_ms": "ttft_ms",
    "tpot_ms": "tpot_ms",
    "e2el_ms": "e2e_ms",
    "output_tps_per_chip": "tps_per_chip",
    "ttft_p99_ms": "ttft_p99_ms",
    "tpot_p99_ms": "tpot_p99_ms",
    "e2el_p99_ms": "e2e_p99_ms",
}
KINDS = ("serving", "static", "offline")
POOLS = "pools"
"""Of serving, what was measured of prefill and decode workers apart."""

Columns = dict[str, np.ndarray]
Found = dict[int, Columns]
"""Predictions of groups by their place."""
Errors = dict[tuple[str, str], np.ndarray]
"""Relative errors of all rows by kind and metric."""


@dataclass(frozen=True, slots=True)
class CaseError:
    """What two of three and nine of ten rows of one kind of case stayed within, by range name."""

    case: Case
    rows: int
    ranges: Mapping[str, float]
    wide: Mapping[str, float]
    basis: str


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions that never saw the row's (model, chip) pair, the errors of every kind of folds,
    and the error of every case."""

    rows: list[Measurement]
    predictions: Predictions
    errors: Mapping[str, Errors]
    cases: list[CaseError]


def hold_out(problem: Problem, say: Callable[[str], None]) -> HeldOut:
    """Leave out what folds and cases are of, and predict each by the fit of the others."""
    start = published_logs(problem.constants)
    fits = linear_problem(problem, start).left_out
    groups = problem.groups

    def without(name: str, key: Key, count: int) -> Found:
        say(f"without whole {name}")
        return _held_out(problem, folds(groups, count, key), fits)

    found = {name: without(name, key, COUNT) for name, key in FOLDS.items()}
    engines = without("engines on chips", _engine_on_chip, COUNT)
    chips = without("chips", lambda group: group.rows[0].chip, CHIP_FOLDS)
    say("constants of another generation")
    everything = range(len(groups))
    strange = {
        place: groups[place].predict_all(without_kernels(groups[place].system))
        for place in everything
    }
    stranger = {
        place: groups[place].predict_all(
            without_framework(groups[place], without_kernels(groups[place].system))
        )
        for place in everything
    }
    unknown = {place: _generic(problem, place) for place in everything}
    here = {place: groups[place].predict_all(groups[place].system) for place in everything}
    seen = _seen(groups)
    elsewhere = {place: one for place, one in found["pairs"].items() if seen[place]}
    count = len({group.rows[0].chip for group in groups})
    chipless = f"runs of {count} others, each predicted without any of it"
    never = "no kernel of this generation is measured; published runs with another's constants"
    costs = "; the framework's costs unknown"
    model, chip = ModelRuns, ChipRuns
    made: tuple[tuple[ModelRuns, ChipRuns, bool, bool, Found, str], ...] = (
        (model.HERE, chip.ENGINE, True, True, here, "published runs of models on chips as fitted"),
        (
            model.ELSEWHERE,
            chip.ENGINE,
            True,
            True,
            elsewhere,
            "published runs, each predicted without any of its model on its chip",
        ),
        (
            model.NEVER,
            chip.ENGINE,
            True,
            True,
            found["models"],
            "published runs, each predicted without any of its model",
        ),
        (
            model.NEVER,
            chip.OTHERS,
            True,
            True,
            engines,
            "published runs, each predicted without any of its engine on its chip",
        ),
        (model.NEVER, chip.OTHERS, True, False, unknown, f"published runs{costs}"),
        (
            model.NEVER,
            chip.NEVER,
            True,
            True,
            chips,
            f"no run of this chip is published; {chipless}",
        ),
        (
            model.NEVER,
            chip.NEVER,
            True,
            False,
            unknown,
            f"no run of this chip is published; published runs{costs}",
        ),
        (model.NEVER, chip.NEVER, False, True, strange, never),
        (model.NEVER, chip.NEVER, False, False, stranger, never + costs),
    )
    cases: list[CaseError] = []
    for *known, columns, basis in made:
        errors, weights = errors_of(groups, columns), _weights_of(groups, columns)
        for kind in KINDS:
            cases.append(_case_error(Case(kind, *known), errors, weights, basis, cases))
    rows = [row for group in groups for row in group.rows]
    values = {
        metric: np.concatenate([found["pairs"][place][metric] for place in everything])
        for metric in MEASURED
    }
    calls = [call for group in groups for call in group.asked.calls]
    together = Predictions(values, [""] * len(rows), [*calls])
    errors_by_fold = {name: errors_of(groups, columns) for name, columns in found.items()}
    return HeldOut(rows, together, errors_by_fold, cases)


def _engine_on_chip(group: Group) -> tuple[str, str]:
    return group.rows[0].chip, lineage(group.system.engine.id)[-1]


def _seen(groups: Sequence[Group]) -> list[bool]:
    """Whether a model of a group's dimensions was measured on other chips too."""
    shapes = [dimensions(group.system.tokens_model) for group in groups]
    chips: dict[str, set[str]] = {}
    for shape, group in zip(shapes, groups, strict=True):
        chips.setdefault(shape, set()).add(group.rows[0].chip)
    return [len(chips[shape]) > 1 for shape in shapes]


def _case_error(
    case: Case, errors: Errors, weights: Errors, basis: str, narrower: Iterable[CaseError]
) -> CaseError:
    """The ranges of a case; who knows less is never given less."""
    ranges: dict[str, float] = {}
    wide: dict[str, float] = {}
    rows = 0
    known = [one for one in narrower if _knows(one.case, case)]
    for metric, name in RANGES.items():
        sizes = np.abs(errors.get((case.kind, metric), np.zeros(0)))
        if len(sizes) >= FEWEST_ROWS:
            for share, found in ((TWO_OF_THREE, ranges), (NINE_OF_TEN, wide)):
                counting = weights[case.kind, metric]
                own = float(np.quantile(sizes, share, weights=counting, method="inverted_cdf"))
                before = [one.ranges if found is ranges else one.wide for one in known]
                found[name] = max([own, *(one[name] for one in before if name in one)])
            rows = max(rows, len(sizes))
    return CaseError(case, rows, ranges, wide, basis)


def _knows(more: Case, less: Case) -> bool:
    return (
        more.kind == less.kind
        and more.model <= less.model
        and more.chip <= less.chip
        and more.kernels_fitted >= less.kernels_fitted
        and more.framework_known >= less.framework_known
    )


def _held_out(
    problem: Problem,
    parts: Sequence[set[int]],
    fits: Callable[[Sequence[set[int]]], Iterable[np.ndarray]],
) -> Found:
    """Predictions of each part by a fit of the others."""
    found: Found = {}
    for places, logs in zip(parts, fits(parts), strict=True):
        values = problem.constants.values(logs)
        for place in places:
            group = problem.groups[place]
            found[place] = group.predict_all(problem.system(group, values))
    return found


def _generic(problem: Problem, place: int) -> Columns:
    group = problem.groups[place]
    return group.predict_all(without_framework(group, group.system))


def errors_of(groups: Sequence[Group], columns: Found) -> Errors:
    """Relative errors of all rows that have a metric, by kind and metric; those of deployments in
    two pools stand once more under a kind of their own."""
    parts: dict[tuple[str, str], list[np.ndarray]] = {}
    for place, predicted in columns.items():
        group = groups[place]
        in_pools = np.array([row.prefill is not None for row in group.rows])
        for metric in MEASURED:
            errors, known = _errors(group, predicted, metric)
            parts.setdefault((group.rows[0].kind, metric), []).append(errors[known])
            parts.setdefault((POOLS, metric), []).append(errors[known & in_pools])
    return {key: np.concatenate(found) for key, found in parts.items()}


def _weights_of(groups: Sequence[Group], columns: Found) -> Errors:
    """What each of these errors counts in a range, in the order of `errors_of`."""
    counts: dict[tuple[str, str], list[tuple[tuple[str, str], int]]] = {}
    for place, predicted in columns.items():
        group = groups[place]
        for metric in MEASURED:
            rows = int(np.count_nonzero(_errors(group, predicted, metric)[1]))
            counts.setdefault((group.rows[0].kind, metric), []).append((group.pair, rows))
    found = {}
    for key, parts in counts.items():
        of_pair: Counter[tuple[str, str]] = Counter()
        for pair, rows in parts:
            of_pair[pair] += rows
        weights = [np.full(rows, max(of_pair[pair], 1) ** -CROWDING) for pair, rows in parts]
        found[key] = np.concatenate(weights)
    return found


def _errors(group: Group, predicted: Columns, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each row, and whether both figures are known."""
    measured = np.array([getattr(row, MEASURED[metric]) for row in group.rows], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.asarray(predicted[metric] / measured - 1.0)
    return errors, np.isfinite(errors) & (measured > 0)


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
