"""The fit's problem with residuals made linear: robust least squares with priors, and what moves
where groups are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from tests.accuracy.constants import Constants
from tests.accuracy.measured import Group

CORE = 0.43
"""Residuals beyond this many units count linearly (Huber) …"""
TAIL = 3.4
"""… and beyond this many less and less: odd runs say nothing of the constants."""
REWEIGHTINGS = 40
SETTLED = 1e-3
FARTHEST = 0.7
"""No constant moves by a larger logarithm at a time: derivatives hold near by only."""
FACTOR = 3.0
"""Limit of the logarithm of an engine's factor on its generation's constant."""

Slopes = list[tuple[list[int], np.ndarray]]
"""Of every group the constants that move it, and the derivatives of its residuals by them."""


def loss(residuals: np.ndarray) -> np.ndarray:
    """Quadratic, then linear, then logarithmic."""
    size = np.abs(residuals)
    linear = CORE * (size - 0.5 * CORE)
    at = CORE * (TAIL - 0.5 * CORE)
    tail = at + CORE * TAIL * np.log(np.maximum(size, TAIL) / TAIL)
    return np.where(size <= CORE, 0.5 * size**2, np.where(size <= TAIL, linear, tail))


def _influence(residuals: np.ndarray) -> np.ndarray:
    size = np.maximum(np.abs(residuals), 1e-9)
    weight = np.minimum(1.0, CORE / size)
    return weight * np.minimum(1.0, TAIL / size)


def bounds(constants: Constants) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest logarithm of every constant."""
    own = constants.base >= 0
    return np.where(own, -FACTOR, constants.lower), np.where(own, FACTOR, constants.upper)


class Linear:
    """Residuals linear around ``logs``.

    Only the constants that move some group are solved for: the others follow them by what the
    priors have in common.
    """

    def __init__(
        self,
        constants: Constants,
        groups: Sequence[Group],
        logs: np.ndarray,
        residuals: Sequence[np.ndarray],
        slopes: Slopes,
    ) -> None:
        self.constants = constants
        self.logs = logs
        self.moving = np.unique([index for used, _ in slopes for index in used])
        place_of = {int(index): place for place, index in enumerate(self.moving)}
        self.parts = [
            (group.weights, here, np.array([place_of[index] for index in used], dtype=int), slope)
            for group, here, (used, slope) in zip(groups, residuals, slopes, strict=True)
        ]
        covariance = constants.covariance
        self.precision = np.linalg.inv(covariance[np.ix_(self.moving, self.moving)])
        self.following = np.delete(np.arange(len(logs)), self.moving)
        shared = covariance[np.ix_(self.following, self.moving)]
        self.followed = shared @ self.precision

    def fit(self, without: Collection[int] = (), near: np.ndarray | None = None) -> np.ndarray:
        """Where the cost of all groups but those at the places ``without`` is least: least
        squares, reweighted until it stays, from ``near``."""
        prior, start = self.constants.prior[self.moving], self.logs[self.moving]
        lower, upper = (edge[self.moving] for edge in bounds(self.constants))
        lower, upper = np.maximum(lower, start - FARTHEST), np.minimum(upper, start + FARTHEST)
        parts = [part for place, part in enumerate(self.parts) if place not in without]
        found = np.clip(start if near is None else near[self.moving], lower, upper)
        for _ in range(REWEIGHTINGS):
            curvature = self.precision.copy()
            gradient = self.precision @ (found - prior)
            for weights, residuals, used, slope in parts:
                here = residuals + slope @ (found - start)[used]
                weighted = slope * (weights * _influence(here))[:, np.newaxis]
                curvature[np.ix_(used, used)] += slope.T @ weighted
                gradient[used] += weighted.T @ here
            before = found
            found = np.clip(found - np.linalg.solve(curvature, gradient), lower, upper)
            if np.max(np.abs(found - before)) < SETTLED:
                break
        return self._with_followers(found)

    def _with_followers(self, moved: np.ndarray) -> np.ndarray:
        constants = self.constants
        every = np.empty_like(self.logs)
        every[self.moving] = moved
        strayed = moved - constants.prior[self.moving]
        every[self.following] = constants.prior[self.following] + self.followed @ strayed
        lower, upper = bounds(constants)
        return np.clip(every, lower, upper)

    def left_out(self, parts: Sequence[Collection[int]]) -> Iterator[np.ndarray]:
        """For each of ``parts`` the constants fitted without the groups at its places.

        What leaving them out moves is the difference of two fits of the linear problem, so that
        where ``logs`` is not yet its minimum, that is not taken for their doing.
        """
        lower, upper = bounds(self.constants)
        every = self.fit()
        for places in parts:
            yield np.clip(self.logs + self.fit(places, every) - every, lower, upper)
