"""Refit the constants of vision models to a CSV of measured results.

    python -m tests.accuracy.vision.refit RESULTS.csv [--folds 5] [--write]

Prints errors before, after and, with ``--folds``, on (model, chip) pairs that the fit has not
seen. ``--write`` puts the constants into the profiles with their provenance.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from engine.serve.call import ask
from tests.accuracy.vision.cases import (
    Case,
    constants_of,
    folds,
    load_cases,
    pair_of,
    show,
)
from tests.accuracy.vision.constants import Constants
from tests.accuracy.vision.write import write_profiles

NOISE = 0.12
"""Spread of repeated or differently set up runs, in logarithms."""
STEP = 1e-3
ROUNDS, FOLD_ROUNDS = 14, 8
UNFITTED = ("onnxruntime",)
"""Frameworks with too few rows to say anything."""


class Fit:
    """Robust least squares with priors over cases; a case moves with the parts it asks for."""

    def __init__(self, constants: Constants, cases: Sequence[Case]) -> None:
        self.constants, self.cases = constants, list(cases)
        self.places: list[list[int]] = []
        order = {name: place for place, name in enumerate(constants.names)}
        for case in self.cases:
            values = constants.values(constants.prior)
            case.residual(values)
            self.places.append(sorted(order[name] for name in values.used))

    def residuals(self, logs: np.ndarray) -> np.ndarray:
        """One per case, in units of the noise."""
        values = self.constants.values(logs)
        return np.array([case.residual(values) for case in self.cases]) / NOISE

    def cost(self, logs: np.ndarray, residuals: np.ndarray) -> float:
        """Pseudo-Huber loss and distance from the priors."""
        prior = (logs - self.constants.prior) / self.constants.width
        return float(np.sum(2 * (np.sqrt(1 + residuals**2) - 1)) + np.sum(prior**2))

    def slopes(self, logs: np.ndarray, residuals: np.ndarray) -> np.ndarray:
        """Derivatives of the residuals, one row per case."""
        found = np.zeros((len(self.cases), len(logs)))
        for place in range(len(logs)):
            moved = logs.copy()
            moved[place] += STEP
            values = self.constants.values(moved)
            for row, (case, places) in enumerate(zip(self.cases, self.places, strict=True)):
                if place in places:
                    found[row, place] = (case.residual(values) / NOISE - residuals[row]) / STEP
        return found

    def solve(self, logs: np.ndarray, rounds: int) -> np.ndarray:
        """Levenberg-Marquardt with reweighting from ``logs``."""
        residuals = self.residuals(logs)
        current, damping = self.cost(logs, residuals), 1e-2
        for _ in range(rounds):
            slopes = self.slopes(logs, residuals)
            weight = 1.0 / np.sqrt(1 + residuals**2)
            curvature = slopes.T @ (slopes * weight[:, np.newaxis])
            curvature += np.diag(1.0 / self.constants.width**2)
            prior = (logs - self.constants.prior) / self.constants.width**2
            gradient = slopes.T @ (weight * residuals) + prior
            for _ in range(8):
                damped = curvature + damping * np.diag(np.diag(curvature))
                trial = logs - np.clip(np.linalg.solve(damped, gradient), -0.5, 0.5)
                found = self.residuals(trial)
                cost = self.cost(trial, found)
                if cost < current:
                    break
                damping *= 4.0
            else:
                return logs
            gained = current - cost
            logs, residuals, current, damping = trial, found, cost, max(damping / 5, 1e-6)
            if gained < 1e-3 * current:
                break
        return logs


def cross_validate(
    constants: Constants,
    cases: Sequence[Case],
    logs: np.ndarray,
    key: Callable[[Case], str],
    count: int,
) -> list[float]:
    """Rates of every case by constants fitted without the cases that share its ``key``; on all
    processors."""
    parts = [[key(case) in keys for case in cases] for keys in folds(cases, key, count)]
    # Forked processes have the cases already: only places and rates go between them.
    _AT_HAND[:] = [(constants, cases, logs, parts)]
    rates: dict[str, float] = {}
    with get_context("fork").Pool() as pool:
        for number, found in enumerate(pool.imap(_fold_rates, range(len(parts))), 1):
            rates |= found
            print(f"fold {number} of {count}", flush=True)
    return [rates[case.row.id] for case in cases]


_AT_HAND: list[tuple[Constants, Sequence[Case], np.ndarray, list[list[bool]]]] = []


def _fold_rates(place: int) -> dict[str, float]:
    """Rates of one part's cases by the fit of the others."""
    constants, cases, logs, parts = _AT_HAND[0]
    held = parts[place]
    seen = [case for case, out in zip(cases, held, strict=True) if not out]
    values = constants.values(Fit(constants, seen).solve(logs.copy(), FOLD_ROUNDS))
    left_out = [case for case, out in zip(cases, held, strict=True) if out]
    return {case.row.id: case.predicted(values) for case in left_out}


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit, print and perhaps write."""
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy.vision.refit")
    parser.add_argument("results", type=Path, metavar="RESULTS.csv")
    parser.add_argument("--folds", type=int, default=0, help="parts for cross-validation")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--write", action="store_true", help="write the profiles")
    options = parser.parse_args(arguments)
    cases = load_cases(options.results)
    show("as the profiles are", cases, [_now(case) for case in cases])
    fitted = [case for case in cases if case.framework not in UNFITTED]
    constants = constants_of(fitted)
    logs = Fit(constants, fitted).solve(constants.prior, options.rounds)
    values = constants.values(logs)
    show(f"fitted, {len(logs)} parts", fitted, [case.predicted(values) for case in fitted])
    if options.folds:
        rates = cross_validate(constants, fitted, logs, pair_of, options.folds)
        show("held out by (model, chip)", fitted, rates)
    if options.write:
        write_profiles(values, fitted)


def _now(case: Case) -> float:
    return float(ask(case.call).rates["samples"][0, 0]) / case.row.chips


if __name__ == "__main__":
    main()
