"""Fit the constants that a few runs can identify, by damped least squares with priors.

Each constant is a factor on a published value; its logarithm has a normal prior whose width
says how much such constants differ between sites. The posterior width says how well the runs
pin it down: a constant that they say nothing about stays where it was, and the others are fitted
without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from engine.evidence.calibration.constants import (
    EFFICIENCY_LIMIT,
    Constant,
    calibrated_framework,
    site_constants,
)
from engine.evidence.calibration.least_squares import least_squares, misfit_cost
from engine.evidence.calibration.predicted import predicted_seconds
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.run_checks import check_runs
from engine.hardware.framework import Framework
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say

TTFT_NOISE, TPOT_NOISE = 0.2, 0.08
"""Relative spread of runs that the model cannot explain (published repeats of TPOT: 1.5 % in the
median, 15 % at worst; TTFT depends on when requests happen to arrive)."""
IDENTIFIED = 0.9
"""A constant counts as identified when the runs narrow its prior to this share or less."""
UNEXPLAINED = 0.25
"""Median error after the fit beyond which the fit is worth nothing."""
LEAST_GAIN = 0.001
"""A median error that falls by less is as good as before."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One constant after the fit; ``spread`` is the relative standard deviation."""

    constant: Constant
    factor: float
    spread: float
    identified: bool

    @property
    def value(self) -> float:
        """The constant itself; a share stays below what a chip can reach."""
        value, base = self.constant.base * self.factor, self.constant.base
        return value if self.constant.unit else min(value, max(EFFICIENCY_LIMIT, base))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome: constants, and the median relative error of TTFT and TPOT before and after
    (NaN where no run has it). ``misfit`` is twice the negative logarithm of the posterior: what is
    left unexplained, and how far the constants had to move."""

    constants: tuple[Fitted, ...]
    framework: Framework
    runs: int
    before: tuple[float, float]
    after: tuple[float, float]
    misfit: float

    @property
    def helps(self) -> bool:
        """Whether either error falls by what is shown of it."""
        pairs = zip(self.before, self.after, strict=True)
        return any(before - after >= LEAST_GAIN for before, after in pairs)


def calibrate(site: System, runs: Sequence[Run], only: Collection[str] = ()) -> Calibration:
    """Fit ``runs``, of the constants ``only`` those named where any are; raises `InputError` where
    they are too few or cannot be explained."""
    check_runs(runs)
    constants = [one for one in site_constants(site, runs) if one.name in only or not only]
    target = _targets(runs)
    solved = _solved(site, runs, constants, target)
    if not only:
        solved = _without_unidentified(site, runs, solved, target)
    framework = solved.framework
    before = _errors(site, runs, site.engine, target)
    after = _errors(site, runs, framework, target)
    if after[1] > UNEXPLAINED:
        raise InputError(
            say(
                "the runs contradict the model or each other: TPOT is still "
                "{after:.0%} off in the median after the fit; check --tp, --weights "
                "and --chip",
                after=after[1],
            )
        )
    found = {one.constant.name: one for one in solved.fitted}
    fitted = tuple(
        found.get(one.name, Fitted(one, 1.0, one.prior, identified=False)) for one in constants
    )
    return Calibration(fitted, framework, len(runs), before, after, solved.misfit)


@dataclass(frozen=True, slots=True)
class _Solved:
    """One solution: the constants that were let loose, what they make of the engine, what is left
    (see `Calibration`)."""

    fitted: tuple[Fitted, ...]
    framework: Framework
    misfit: float


def _solved(
    site: System, runs: Sequence[Run], constants: Sequence[Constant], target: FloatArray
) -> _Solved:
    known = np.isfinite(target)
    noise = np.broadcast_to([[TTFT_NOISE], [TPOT_NOISE]], target.shape)[known]

    def residuals(logs: FloatArray) -> FloatArray:
        predicted = predicted_seconds(site, runs, calibrated_framework(site, constants, logs))
        found: FloatArray = (np.log(predicted) - target)[known] / noise
        return found

    priors = np.array([constant.prior for constant in constants])
    logs, covariance = least_squares(residuals, priors)
    # Where the runs scatter more than their noise, the constants are known less well.
    left = residuals(logs)
    scatter = max(float(np.mean(left**2)), 1.0)
    spreads = np.minimum(np.sqrt(scatter * np.diag(covariance)), priors)
    fitted = tuple(
        Fitted(constant, float(np.exp(log)), float(spread), bool(spread <= IDENTIFIED * prior))
        for constant, log, spread, prior in zip(constants, logs, spreads, priors, strict=True)
    )
    framework = calibrated_framework(site, constants, logs)
    return _Solved(fitted, framework, misfit_cost(left, logs, priors))


def _without_unidentified(
    site: System, runs: Sequence[Run], solved: _Solved, target: FloatArray
) -> _Solved:
    """The same with what the runs say nothing of as it was published. The least known goes first
    and alone: of constants that explain the same, the others are told apart once it is gone."""
    while not all(one.identified for one in solved.fitted) and len(solved.fitted) > 1:
        least = max(solved.fitted, key=lambda one: one.spread / one.constant.prior)
        kept = [one.constant for one in solved.fitted if one is not least]
        solved = _solved(site, runs, kept, target)
    return solved


def _targets(runs: Sequence[Run]) -> FloatArray:
    """Logarithms of TTFT and TPOT seconds, (2, runs); NaN where not measured."""
    measured = np.array([[run.ttft_ms for run in runs], [run.tpot_ms for run in runs]], dtype=float)
    measured[~(measured > 0)] = np.nan
    return np.log(measured * 1e-3)


def _errors(
    site: System, runs: Sequence[Run], framework: Framework, target: FloatArray
) -> tuple[float, float]:
    off = np.abs(np.expm1(np.log(predicted_seconds(site, runs, framework)) - target))
    ttft, tpot = (float(np.nanmedian(row)) if np.isfinite(row).any() else np.nan for row in off)
    return ttft, tpot
