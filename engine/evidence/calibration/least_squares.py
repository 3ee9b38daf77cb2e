"""Damped least squares with priors (Levenberg-Marquardt), robust against odd runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.words.arrays import FloatArray

ITERATIONS = 25
STEP = 0.02
ODD = 3.0
"""Residuals beyond this many units count linearly (Huber): one odd run moves nothing far."""
FAR, FARTHEST = 4.0, 1.5
"""Constants move by so many widths of their priors, or by so large a logarithm, at most."""
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
        curvature, _ = _normal(self.slopes, self.residuals, self.logs, self.priors)
        return np.asarray(np.linalg.inv(curvature), dtype=float)

    @property
    def misfit(self) -> float:
        """Twice the negative logarithm of the posterior."""
        return misfit_cost(self.residuals, self.logs, self.priors)

    def left_out(self, places: NDArray[np.int_]) -> FloatArray:
        """Residuals at ``places`` by the point of all others, where residuals are linear."""
        rest = np.delete(np.arange(len(self.residuals)), places)
        normal = _normal(self.slopes[rest], self.residuals[rest], self.logs, self.priors)
        moved = _within(self.logs - np.linalg.solve(*normal), self.priors) - self.logs
        found: FloatArray = self.residuals[places] + self.slopes[places] @ moved
        return found


def least_squares(residuals: Callable[[FloatArray], FloatArray], priors: FloatArray) -> Solution:
    """Levenberg-Marquardt on residuals and priors."""
    logs: FloatArray = np.zeros_like(priors)
    damping = 1e-3
    current = residuals(logs)
    slopes = _slopes(residuals, logs, current)
    cost = misfit_cost(current, logs, priors)
    for _ in range(ITERATIONS):
        curvature, gradient = _normal(slopes, current, logs, priors)
        step = np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
        moved = _within(logs - step, priors)
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
    size = np.abs(values)
    counted = np.where(size <= ODD, size**2, ODD * (2.0 * size - ODD))
    return float(np.sum(counted) + np.sum((logs / priors) ** 2))


def _within(logs: FloatArray, priors: FloatArray) -> FloatArray:
    """Logarithms within what is plausible of any site."""
    farthest = np.maximum(FAR * priors, FARTHEST)
    return np.asarray(np.clip(logs, -farthest, farthest), dtype=float)


def weights_of(residuals: FloatArray) -> FloatArray:
    """What residuals count by their size."""
    return np.asarray(np.minimum(1.0, ODD / np.maximum(np.abs(residuals), 1e-9)))


def _normal(
    slopes: FloatArray, residuals: FloatArray, logs: FloatArray, priors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Curvature and gradient of half the cost."""
    weighted = slopes * weights_of(residuals)[:, np.newaxis]
    curvature = slopes.T @ weighted + np.diag(1.0 / priors**2)
    return curvature, weighted.T @ residuals + logs / priors**2


def _slopes(
    residuals: Callable[[FloatArray], FloatArray], logs: FloatArray, here: FloatArray
) -> FloatArray:
    columns = []
    for index in range(len(logs)):
        nudged = logs.copy()
        nudged[index] += STEP
        columns.append((residuals(nudged) - here) / STEP)
    return np.stack(columns, axis=1)
