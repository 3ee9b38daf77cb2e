"""How far off predictions are when less is known: published rows predicted without what was
fitted to their like.

What is known of a case is left out of the fit, and the rows are predicted by what remains: whole
(model, chip) pairs, whole models, months of builds, chips, an engine on a chip. A generation
without any measured kernel is stood for by the constants of the generation "other", an unknown
framework by the profile "generic". What remains tells the doubts of each row, as they would be said
to a person who asked for it then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.cli.validation.ranges import cases_of_group
from engine.evidence.measured.measurement import Measurement
from engine.evidence.measured.predict import Predictions
from engine.hardware.builds import configured
from engine.hardware.chip import Collective
from engine.hardware.chip_profiles import load_chip
from engine.hardware.framework_profiles import load_framework
from engine.plan.ranges.covered import Covered
from engine.serve.system import System
from tests.accuracy.constants import lineage
from tests.accuracy.covered import covered_of, facts_of
from tests.accuracy.linear import Linear
from tests.accuracy.measured import FOLDS, Group, Key, folds
from tests.accuracy.solver import Problem
from tests.accuracy.widths import DOUBTS, Sample

UNMEASURED = "mtt_s4000"
"""Any chip of the generation "other", whose constants stand for those of unmeasured chips."""
COUNT, CHIP_FOLDS = 5, 8
"""Of the folds of each kind, of those of chips."""
CROWDING = 0.5
"""A (model, chip) pair of n rows counts as n^(1−CROWDING) in a range: what a person asks about next
is a pair of its own, and the many rows of one pair err alike."""
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
class LeftOut:
    """What was predicted without something: of each group its columns and the doubts of its rows
    (rows × `DOUBTS`); ``as_is`` unless systems were made to know less."""

    columns: Found
    doubts: Mapping[int, np.ndarray]
    as_is: bool = True


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Predictions that never saw the row's (model, chip) pair, the doubts of these rows, the errors
    of every kind of folds, and the samples that ranges are fitted to."""

    rows: list[Measurement]
    predictions: Predictions
    doubts: np.ndarray
    errors: Mapping[str, Errors]
    samples: list[Sample]


def hold_out(problem: Problem, made_linear: Linear, say: Callable[[str], None]) -> HeldOut:
    """Leave out what folds are of, and predict each by the fit of the others."""
    groups, fits = problem.groups, made_linear.left_out
    facts = [facts_of(group) for group in groups]
    everywhere = range(len(groups))

    def rest(part: Iterable[int]) -> Covered:
        gone = set(part)
        return covered_of(one for place, one in enumerate(facts) if place not in gone)

    def without(name: str, key: Key, count: int) -> LeftOut:
        say(f"without whole {name}")
        parts = folds(groups, count, key)
        doubts = {}
        for part in parts:
            known = rest(part)
            doubts |= {at: _doubts_of(groups[at], groups[at].system, known) for at in part}
        return LeftOut(_held_out(problem, parts, fits), doubts)

    found = {name: without(name, key, COUNT) for name, key in FOLDS.items()}
    left_out = [
        *found.values(),
        without("engines on chips", _engine_on_chip, COUNT),
        without("chips", lambda group: group.rows[0].chip, CHIP_FOLDS),
    ]
    say("as fitted, with another generation's constants, with unknown costs")
    everything = rest(())
    elsewhere = {
        generation: rest(at for at, one in enumerate(facts) if one.generation == generation)
        for generation in {one.generation for one in facts}
    }
    here = [groups[at].system for at in everywhere]
    strange = [without_kernels(system) for system in here]
    unknown = [without_framework(groups[at], here[at]) for at in everywhere]
    known_of = [elsewhere[one.generation] for one in facts]
    left_out += [
        _made(groups, here, [everything] * len(groups), as_is=True),
        _made(groups, strange, known_of),
        _made(groups, unknown, [everything] * len(groups)),
    ]
    rows = [row for group in groups for row in group.rows]
    pairs = found["pairs"]
    values = {
        metric: np.concatenate([pairs.columns[place][metric] for place in everywhere])
        for metric in MEASURED
    }
    calls = [call for group in groups for call in group.asked.calls]
    return HeldOut(
        rows,
        Predictions(values, [""] * len(rows), [*calls]),
        np.concatenate([pairs.doubts[place] for place in everywhere]),
        {name: errors_of(groups, one.columns) for name, one in found.items()},
        _samples(groups, left_out),
    )


def _engine_on_chip(group: Group) -> tuple[str, str]:
    return group.rows[0].chip, lineage(group.system.engine.id)[-1]


def _made(
    groups: Sequence[Group],
    systems: Sequence[System],
    known: Sequence[Covered],
    as_is: bool = False,
) -> LeftOut:
    """All groups as systems of today's constants, with doubts by what is ``known``."""
    each = list(enumerate(zip(groups, systems, known, strict=True)))
    return LeftOut(
        {place: group.predict_all(system) for place, (group, system, _) in each},
        {place: _doubts_of(group, system, runs) for place, (group, system, runs) in each},
        as_is,
    )


def _doubts_of(group: Group, system: System, known: Covered) -> np.ndarray:
    """Of each row of a group: rows × `DOUBTS`."""
    found = np.zeros((len(group.rows), len(DOUBTS)), dtype=bool)
    at = {place: number for number, place in enumerate(group.asked.places)}
    for case, places in cases_of_group(group.rows[0].kind, system, group.asked, known):
        for doubt in case.doubts:
            found[[at[place] for place in places], DOUBTS.index(doubt)] = True
    return found


def _samples(groups: Sequence[Group], left_out: Sequence[LeftOut]) -> list[Sample]:
    """Errors by kind and metric; in each part pairs count by their rows there."""
    found = []
    for kind in KINDS:
        for metric, name in RANGES.items():
            parts = [_sizes(groups, one, kind, metric) for one in left_out]
            told = [part for part in parts if len(part[0])]
            if told:
                sizes, weights, doubts, as_is = map(np.concatenate, zip(*told, strict=True))
                rows = max(len(part[0]) for part in told)
                found.append(Sample(kind, name, rows, sizes, weights, doubts, as_is))
    return found


def _sizes(
    groups: Sequence[Group], one: LeftOut, kind: str, metric: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sizes of errors, what each counts, their doubts and whether they are of systems as is."""
    sizes, doubts, pairs = [np.zeros(0)], [np.zeros((0, len(DOUBTS)), dtype=bool)], []
    for place, columns in one.columns.items():
        group = groups[place]
        if group.rows[0].kind == kind:
            errors, known = _errors(group, columns, metric)
            sizes.append(np.abs(errors[known]))
            doubts.append(one.doubts[place][known])
            pairs += [group.pair] * int(np.count_nonzero(known))
    counts = Counter(pairs)
    weights = np.array([counts[pair] ** -CROWDING for pair in pairs])
    every = np.concatenate(sizes)
    return every, weights, np.concatenate(doubts), np.full(len(every), one.as_is)


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
    """The group's system as if nobody had described its framework: what that was told is known,
    but for what this one alone can be told."""
    told = replace(group.asked.calls[0].scenario.settings, build="", reduce_format=None)
    return replace(system, engine=configured(load_framework("generic"), system.chip, told))
