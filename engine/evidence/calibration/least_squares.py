"""Damped least squares with priors (Levenberg-Marquardt) of values that may have long tails.

Residuals in units of their noise are taken to be distributed as Student's t of some ``freedom``:
with few degrees one run that went wrong does not bend all others (Lange, Little and Taylor, JASA
84, 1989), with `NORMAL` they are normal. Priors are normal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.words.arrays import FloatArray

ITERATIONS = 25
STEP = 0.02
NORMAL = 1e9
"""Degrees of freedom beyond which nobody sees a tail."""
GIVEN_UP = 0.25
"""What a residual counts that is given up."""

Residuals = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Noise:
    """Degrees of ``freedom`` of every residual, and the widths of the priors."""

    freedom: FloatArray
    priors: FloatArray

    def heeded(self, values: FloatArray) -> FloatArray:
        """How much each residual counts: those far out less."""
        found: FloatArray = (self.freedom + 1.0) / (self.freedom + np.square(values))
        return found

    def misfit(self, values: FloatArray, logs: FloatArray) -> float:
        """Twice the negative logarithm of the posterior: residuals, and how far it is from
        priors."""
        tails = (self.freedom + 1.0) * np.log1p(np.square(values) / self.freedom)
        return float(np.sum(tails) + np.sum(np.square(logs / self.priors)))


def least_squares(residuals: Residuals, noise: Noise) -> tuple[FloatArray, FloatArray]:
    """The best point and its covariance.

    Long tails have more than one valley. The search goes down from the priors; where it would give
    up most of what may have gone wrong, it begins again where plain squares lead.
    """
    logs = _descend(residuals, noise, np.zeros_like(noise.priors))
    tails = noise.freedom < NORMAL
    if tails.any() and np.median(noise.heeded(residuals(logs))[tails]) < GIVEN_UP:
        plain = Noise(np.full_like(noise.freedom, NORMAL), noise.priors)
        again = _descend(residuals, noise, _descend(residuals, plain, logs))
        logs = min(logs, again, key=lambda one: noise.misfit(residuals(one), one))
    here = residuals(logs)
    curvature = _curvature(_slopes(residuals, logs, here), here, noise)
    return logs, np.asarray(np.linalg.inv(curvature), dtype=np.float64)


def _descend(residuals: Residuals, noise: Noise, logs: FloatArray) -> FloatArray:
    """Down to the bottom of the valley."""
    damping, priors = 1e-3, noise.priors
    current = residuals(logs)
    cost = noise.misfit(current, logs)
    for _ in range(ITERATIONS):
        slopes = _slopes(residuals, logs, current)
        curvature = _curvature(slopes, current, noise)
        gradient = slopes.T @ (noise.heeded(current) * current) + logs / priors**2
        moved = logs - np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
        moved = np.asarray(np.clip(moved, -4.0 * priors, 4.0 * priors), dtype=np.float64)
        trial = residuals(moved)
        trial_cost = noise.misfit(trial, moved)
        if trial_cost < cost:
            done = cost - trial_cost < 1e-6 * cost
            logs, current, cost, damping = moved, trial, trial_cost, damping * 0.3
            if done:
                break
        else:
            damping *= 10.0
    return logs


def _curvature(slopes: FloatArray, values: FloatArray, noise: Noise) -> FloatArray:
    heeded = noise.heeded(values)[:, np.newaxis]
    found: FloatArray = slopes.T @ (heeded * slopes) + np.diag(1.0 / noise.priors**2)
    return found


def _slopes(residuals: Residuals, logs: FloatArray, here: FloatArray) -> FloatArray:
    columns = []
    for index in range(len(logs)):
        nudged = logs.copy()
        nudged[index] += STEP
        columns.append((residuals(nudged) - here) / STEP)
    return np.stack(columns, axis=1)
