"""Errors as they would be if less were known: published rows predicted without the constants
that were fitted to their like.

A chip of a generation that nobody has measured is judged by predicting measured chips with the
constants of the generation "other"; an unknown framework by predicting known ones as "generic".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.chip import Collective
from engine.chip_profiles import load_chip
from engine.framework_profiles import load_framework
from engine.validation.predict import Subject, predict
from engine.validation.reader import Measurement
from engine.validation.report import relative_errors
from engine.validation.uncertainty import Case

UNMEASURED = "mtt_s4000"
"""Any chip of the generation "other", whose constants stand for those of unmeasured chips."""
GENERIC = "generic"
TWO_OF_THREE = 2.0 / 3.0
METRICS = (
    ("ttft", "ttft_ms"),
    ("tpot", "tpot_ms"),
    ("throughput", "output_tps_per_chip"),
    ("throughput", "samples_per_s"),
    ("latency", "latency_ms"),
)
"""Names of the app's ranges and the columns that measure them."""
FEWEST_ROWS = 10
"""A range of fewer rows than this says nothing."""


@dataclass(frozen=True, slots=True)
class CaseError:
    """What two of three rows of one kind of case stayed within, by metric."""

    case: Case
    rows: int
    ranges: Mapping[str, float]
    basis: str


def without_kernels(subject: Subject) -> Subject:
    """The subject as if no kernel of its chip's generation had been measured."""
    strange = load_chip(UNMEASURED)
    chip = replace(
        subject.chip,
        kernels=strange.kernels,
        all_reduce=_rescaled(strange.all_reduce, subject, strange.scale_up.bandwidth_bytes),
        all_to_all=_rescaled(strange.all_to_all, subject, strange.scale_up.bandwidth_bytes),
    )
    return replace(subject, chip=chip, framework=replace(subject.framework, kernels={}))


def _rescaled(
    table: Mapping[int, Collective], subject: Subject, link_bytes: float
) -> dict[int, Collective]:
    """Collectives that reach the same share of the subject's link."""
    factor = subject.chip.scale_up.bandwidth_bytes / link_bytes
    return {
        ranks: replace(
            one,
            bandwidth_bytes=one.bandwidth_bytes * factor,
            small_bandwidth_bytes=one.small_bandwidth_bytes * factor,
        )
        for ranks, one in table.items()
    }


def without_framework(subject: Subject) -> Subject:
    """The subject as if nobody had described its framework."""
    return replace(subject, framework=load_framework(GENERIC))


def _stranger(subject: Subject) -> Subject:
    return without_framework(without_kernels(subject))


_EXPERIMENTS: tuple[tuple[bool, bool, Callable[[Subject], Subject] | None, str], ...] = (
    (True, True, None, "published runs of measured chips and known frameworks"),
    (True, False, without_framework, "published runs, the framework's own costs left out"),
    (False, True, without_kernels, "published runs, the generation's constants left out"),
    (False, False, _stranger, "published runs, generation's and framework's constants left out"),
)
"""Kernels fitted, framework known, what is left out, and how the range says so."""


def case_errors(
    rows: Sequence[Measurement], configs: Path | None, kinds: Sequence[str] = ("serving", "static")
) -> Iterable[CaseError]:
    """The error of every kind of case that published rows can stand for."""
    for kind in kinds:
        chosen = [row for row in rows if row.kind == kind]
        for kernels, framework, change, basis in _EXPERIMENTS:
            errors = _errors(chosen, configs, change)
            yield CaseError(Case(kind, True, kernels, framework), len(chosen), errors, basis)
    seen = [row for row in rows if row.kind == "cv"]
    errors = _errors(seen, configs, None)
    if errors:
        basis = "published runs of vision models"
        yield CaseError(Case("cv", True, True, True), len(seen), errors, basis)


def _errors(
    rows: Sequence[Measurement],
    configs: Path | None,
    change: Callable[[Subject], Subject] | None,
) -> dict[str, float]:
    """What two of three rows stayed within, for each metric with enough of them."""
    predictions = predict(rows, configs, change=change)
    found = {}
    for name, metric in METRICS:
        sizes = np.abs(relative_errors(rows, predictions, metric))
        sizes = sizes[~np.isnan(sizes)]
        if len(sizes) >= FEWEST_ROWS:
            found[name] = float(np.quantile(sizes, TWO_OF_THREE))
    return found
