"""Fit the constants that a few runs can identify, by damped least squares with priors.

Each constant is a factor on a published value; its logarithm has a normal prior whose width
says how much such constants differ between sites. The posterior width says how well the runs
pin it down: a constant that they say nothing about stays where it was, and the others are fitted
without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.evidence.calibration.applied import calibrated_framework
from engine.evidence.calibration.constants import Constant, site_constants
from engine.evidence.calibration.expected import expected
from engine.evidence.calibration.least_squares import Solution, least_squares
from engine.evidence.calibration.predicted import predicted_seconds
from engine.evidence.calibration.repeats import Repeats, averaged
from engine.evidence.calibration.run import Run
from engine.evidence.calibration.run_checks import check_runs
from engine.hardware.framework import Framework
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say

IDENTIFIED = 0.98
"""A constant counts as identified when the runs narrow its prior to this share or less: what many
of them leave together still tells, each a little."""
CAUSE_NOISE = (0.2, 0.08)
"""Relative spread of TTFT and TPOT around what a few causes explain."""
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
        """The constant itself, no more than a chip can reach."""
        base = self.constant.base
        return min(base * self.factor, max(self.constant.most, base))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome: constants, and the median relative error of TTFT and TPOT before, after, and of
    each configuration by the constants that the others give (``left_out``; NaN where no run has
    it). ``misfit`` is twice the negative logarithm of the posterior: what is left unexplained, and
    how far the constants had to move."""

    constants: tuple[Fitted, ...]
    framework: Framework
    runs: int
    before: tuple[float, float]
    after: tuple[float, float]
    left_out: tuple[float, float]
    misfit: float
    repeats: Repeats | None = None

    @property
    def helps(self) -> bool:
        """Whether either error falls by what is shown of it."""
        pairs = zip(self.before, self.after, strict=True)
        return any(before - after >= LEAST_GAIN for before, after in pairs)


def calibrate(site: System, runs: Sequence[Run]) -> Calibration:
    """Fit ``runs`` by the constants of the site that they identify; raises `InputError` where they
    are too few or cannot be explained."""
    check_runs(runs)
    configurations, repeats = averaged(runs)
    problem = _Problem.of(site, configurations, expected().noise)
    constants = site_constants(site, configurations)
    return _calibration(problem, problem.identified(constants), constants, len(runs), repeats)


def explained(site: System, runs: Sequence[Run], constants: Sequence[Constant]) -> Calibration:
    """What a few causes, ``constants``, make of ``runs``; raises as `calibrate`."""
    check_runs(runs)
    configurations, repeats = averaged(runs)
    problem = _Problem.of(site, configurations, CAUSE_NOISE)
    return _calibration(problem, problem.solved(constants), constants, len(runs), repeats)


def _calibration(
    problem: _Problem,
    solved: _Solved,
    constants: Sequence[Constant],
    runs: int,
    repeats: Repeats | None,
) -> Calibration:
    """What was found of ``constants``; raises `InputError` where it does not explain the runs."""
    site = problem.site
    framework = calibrated_framework(site, solved.constants, solved.solution.logs)
    before, after = (problem.errors(engine) for engine in (site.engine, framework))
    if after[1] > UNEXPLAINED:
        raise InputError(
            say(
                "the runs contradict the model or each other: TPOT is still "
                "{after:.0%} off in the median after the fit; check --tp, --weights "
                "and --chip",
                after=after[1],
            )
        )
    return Calibration(
        _fitted(solved, constants),
        framework,
        runs,
        before,
        after,
        problem.left_out(solved.solution),
        solved.solution.misfit,
        repeats,
    )


@dataclass(frozen=True, slots=True)
class _Solved:
    constants: tuple[Constant, ...]
    solution: Solution


@dataclass(frozen=True, slots=True)
class _Problem:
    """Runs of a site; ``target`` are the logarithms of their TTFT and TPOT seconds, NaN where not
    measured, ``noise`` their spread, both (2, runs)."""

    site: System
    runs: Sequence[Run]
    target: FloatArray
    noise: FloatArray

    @classmethod
    def of(cls, site: System, runs: Sequence[Run], noise: tuple[float, float]) -> _Problem:
        times = [[run.ttft_ms for run in runs], [run.tpot_ms for run in runs]]
        measured = np.array(times, dtype=float)
        measured[~(measured > 0)] = np.nan
        spreads = np.broadcast_to(np.array(noise)[:, np.newaxis], measured.shape)
        return cls(site, runs, np.log(measured * 1e-3), spreads)

    def solved(self, constants: Sequence[Constant]) -> _Solved:
        """The best point of ``constants``."""
        known = np.isfinite(self.target)

        def residuals(logs: FloatArray) -> FloatArray:
            engine = calibrated_framework(self.site, constants, logs)
            predicted = predicted_seconds(self.site, self.runs, engine)
            found: FloatArray = ((np.log(predicted) - self.target) / self.noise)[known]
            return found

        priors = np.array([constant.prior for constant in constants])
        return _Solved(tuple(constants), least_squares(residuals, priors))

    def identified(self, constants: Sequence[Constant]) -> _Solved:
        """The same with what the runs say nothing of as it was published. The least known goes
        first and alone: of constants that explain the same, the others are told apart once it is
        gone."""
        solved = self.solved(constants)
        covariance, priors = solved.solution.covariance, solved.solution.priors
        kept = list(range(len(priors)))
        while len(kept) > 1:
            shares = np.sqrt(np.diag(covariance)) / priors[kept]
            least = int(np.argmax(shares))
            if shares[least] <= IDENTIFIED:
                break
            # Those that stay are known as if it were known exactly.
            column = covariance[:, least]
            covariance = covariance - np.outer(column, column) / covariance[least, least]
            covariance = np.delete(np.delete(covariance, least, 0), least, 1)
            del kept[least]
        if len(kept) == len(priors):
            return solved
        return self.solved([solved.constants[place] for place in kept])

    def errors(self, engine: Framework) -> tuple[float, float]:
        """Median relative errors of TTFT and TPOT."""
        return _medians(np.log(predicted_seconds(self.site, self.runs, engine)) - self.target)

    def left_out(self, solution: Solution) -> tuple[float, float]:
        """The same of every run by what the others say."""
        known = np.isfinite(self.target)
        number = np.broadcast_to(np.arange(len(self.runs)), self.target.shape)[known]
        found = np.full(len(number), np.nan)
        for run in range(len(self.runs)):
            places = np.flatnonzero(number == run)
            found[places] = solution.left_out(places)
        logs = np.full(self.target.shape, np.nan)
        logs[known] = found
        return _medians(logs * self.noise)


def _fitted(solved: _Solved, constants: Sequence[Constant]) -> tuple[Fitted, ...]:
    """Every constant as the fit leaves it."""
    solution = solved.solution
    # Where the runs scatter more than their noise, the constants are known less well.
    scatter = max(float(np.mean(solution.residuals**2)), 1.0)
    known = np.sqrt(np.diag(solution.covariance))
    spreads = np.minimum(np.sqrt(scatter) * known, solution.priors)
    found = {
        constant.key: Fitted(
            constant, float(np.exp(log)), float(spread), bool(share <= IDENTIFIED * constant.prior)
        )
        for constant, log, spread, share in zip(
            solved.constants, solution.logs, spreads, known, strict=True
        )
    }
    return tuple(
        found.get(one.key, Fitted(one, 1.0, one.prior, identified=False)) for one in constants
    )


def _medians(logs: FloatArray) -> tuple[float, float]:
    off = np.abs(np.expm1(logs))
    ttft, tpot = (float(np.nanmedian(row)) if np.isfinite(row).any() else np.nan for row in off)
    return ttft, tpot
