"""How far off predictions of vision models are on pairs and chips that the fit has not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.accuracy.vision.cases import Case, chip_of, constants_of, load_cases, pair_of
from tests.accuracy.vision.refit import ROUNDS, UNFITTED, Fit, cross_validate

FOLDS = 5

Errors = dict[str, np.ndarray]
"""Relative errors by metric."""


@dataclass(frozen=True)
class VisionHeldOut:
    """Errors on (model, chip) pairs and on chips that were left out of the fit."""

    rows: int
    pairs: Errors
    chips: Errors


def hold_out_vision(results: Path) -> VisionHeldOut | None:
    """Fit without each part and predict it; None without vision rows."""
    cases = [case for case in load_cases(results) if case.framework not in UNFITTED]
    if not cases:
        return None
    constants = constants_of(cases)
    logs = Fit(constants, cases).solve(constants.prior, ROUNDS)
    found = [
        errors_of(cases, cross_validate(constants, cases, logs, key, FOLDS))
        for key in (pair_of, chip_of)
    ]
    return VisionHeldOut(len(cases), *found)


def errors_of(cases: Sequence[Case], rates: Sequence[float]) -> Errors:
    """Errors of images per second and of latency, where each is published."""
    rate = np.array(rates)
    measured = np.array([case.row.samples_per_second / case.row.chips for case in cases])
    latency = np.array([case.row.latency_ms * 1e-3 for case in cases])
    batch = np.array([case.row.batch for case in cases])
    found = {"samples_per_s": rate / measured - 1.0, "latency_ms": batch / rate / latency - 1.0}
    return {metric: errors[np.isfinite(errors)] for metric, errors in found.items()}
