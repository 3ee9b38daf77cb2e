"""Damped least squares with priors (Levenberg-Marquardt)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.words.arrays import FloatArray

ITERATIONS = 25
STEP = 0.02
SETTLED = 1e-4
"""It ends when a step gains less than this share of the cost."""


@dataclass(frozen=True, slots=True)
class Solution:
    """The best point, its residuals and their slopes, and the priors' widths."""

    logs: FloatArray
    residuals: FloatArray
    slopes: FloatArray
    priors: FloatArray

    @property
    def covariance(self) -> FloatArray:
        """Of the point, where residuals are linear near it."""
        precision = np.diag(1.0 / self.priors**2)
        found: FloatArray = np.linalg.inv(self.slopes.T @ self.slopes + precision)
        return found

    @property
    def misfit(self) -> float:
        """Twice the negative logarithm of the posterior."""
        return misfit_cost(self.residuals, self.logs, self.priors)

    def left_out(self, places: Sequence[int]) -> FloatArray:
        """Residuals at ``places`` by the point of all others, where residuals are linear."""
        rest = np.delete(np.arange(len(self.residuals)), places)
        slopes, precision = self.slopes[rest], np.diag(1.0 / self.priors**2)
        gradient = slopes.T @ self.residuals[rest] + precision @ self.logs
        moved = np.linalg.solve(slopes.T @ slopes + precision, gradient)
        found: FloatArray = self.residuals[places] - self.slopes[places] @ moved
        return found


def least_squares(
    residuals: Callable[[FloatArray], FloatArray], priors: FloatArray
) -> Solution:
    """Levenberg-Marquardt on residuals and priors."""
    logs: FloatArray = np.zeros_like(priors)
    precision = np.diag(1.0 / priors**2)
    damping = 1e-3
    current = residuals(logs)
    slopes = _slopes(residuals, logs, current)
    cost = misfit_cost(current, logs, priors)
    for _ in range(ITERATIONS):
        curvature = slopes.T @ slopes + precision
        gradient = slopes.T @ current + precision @ logs
        moved = logs - np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
        moved = np.asarray(np.clip(moved, -4.0 * priors, 4.0 * priors), dtype=np.float64)
        trial = residuals(moved)
        trial_cost = misfit_cost(trial, moved, priors)
        if trial_cost < cost:
            done = cost - trial_cost < SETTLED * cost
            logs, current, cost, damping = moved, trial, trial_cost, damping * 0.3
            slopes = _slopes(residuals, logs, current)
            if done:
                break
        elif damping > 1e6:
            break
        else:
            damping *= 10.0
    return Solution(logs, current, slopes, priors)


def misfit_cost(values: FloatArray, logs: FloatArray, priors: FloatArray) -> float:
    """Twice the negative logarithm of the posterior: residuals, and how far it is from priors."""
    return float(values @ values + np.sum((logs / priors) ** 2))


def _slopes(
    residuals: Callable[[FloatArray], FloatArray], logs: FloatArray, here: FloatArray
) -> FloatArray:
    columns = []
    for index in range(len(logs)):
        nudged = logs.copy()
        nudged[index] += STEP
        columns.append((residuals(nudged) - here) / STEP)
    return np.stack(columns, axis=1)
