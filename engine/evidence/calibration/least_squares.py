"""Damped least squares with priors (Levenberg-Marquardt)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.words.arrays import FloatArray

ITERATIONS = 25
STEP = 0.02


def least_squares(
    residuals: Callable[[FloatArray], FloatArray], priors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Levenberg-Marquardt on residuals and priors; the best point and its covariance."""
    logs: FloatArray = np.zeros_like(priors)
    precision = np.diag(1.0 / priors**2)
    damping = 1e-3
    current = residuals(logs)
    cost = misfit_cost(current, logs, priors)
    for _ in range(ITERATIONS):
        slopes = _slopes(residuals, logs, current)
        curvature = slopes.T @ slopes + precision
        gradient = slopes.T @ current + precision @ logs
        moved = logs - np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
        moved = np.asarray(np.clip(moved, -4.0 * priors, 4.0 * priors), dtype=np.float64)
        trial = residuals(moved)
        trial_cost = misfit_cost(trial, moved, priors)
        if trial_cost < cost:
            done = cost - trial_cost < 1e-6 * cost
            logs, current, cost, damping = moved, trial, trial_cost, damping * 0.3
            if done:
                break
        else:
            damping *= 10.0
    slopes = _slopes(residuals, logs, current)
    covariance = np.asarray(np.linalg.inv(slopes.T @ slopes + precision), dtype=np.float64)
    return logs, covariance


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
