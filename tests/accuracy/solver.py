"""Robust least squares with priors over groups of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from multiprocessing import get_context

import numpy as np

from engine.hardware.framework import Framework
from engine.serve.system import System
from tests.accuracy.constants import Constants
from tests.accuracy.measured import Group

STEP = 0.03
CORE = 0.6
"""Residuals beyond this many units count linearly (Huber) …"""
LEAST_GAIN = 3e-4
"""The fit ends when a round gains less than this share."""
SHARES = (1.0, 0.6, 0.3, 0.1, 0.03)
"""Of the way to the linear problem's minimum, how much is tried."""
REWEIGHTINGS = 40
SETTLED = 1e-3
FARTHEST = 0.7
"""No constant moves by a larger logarithm at a time: derivatives hold near by only."""
FACTOR = 3.0
"""Limit of the logarithm of an engine's factor on its generation's constant."""
TAIL = 6.0
"""… and beyond this many less and less: odd runs say nothing of the constants."""


class Problem:
    """Constants against groups; remembers which constant moves which group."""

    def __init__(self, constants: Constants, groups: Sequence[Group]) -> None:
        self.constants = constants
        self.groups = list(groups)
        self.active: list[list[int]] | None = None

    def system(self, group: Group, values: np.ndarray) -> System:
        """The group's system under ``values``."""
        chip = self.constants.chip(group.system.chip, values)
        return replace(group.system, chip=chip, engine=self._engine(group, values))

    def changed(self, group: Group, base: System, index: int, values: np.ndarray) -> System:
        """``base`` with what constant ``index`` touches."""
        constant = self.constants.list[index]
        if constant.scope in {"framework", "engine"}:
            return replace(base, engine=self._engine(group, values))
        system = replace(base, chip=self.constants.chip(group.system.chip, values))
        if any(one.endswith(f"/{constant.table}") for one in base.engine.kernels):
            system = replace(system, engine=self._engine(group, values))
        return system

    def _engine(self, group: Group, values: np.ndarray) -> Framework:
        return self.constants.framework(group.system.engine, values)

    def residuals(self, logs: np.ndarray) -> list[np.ndarray]:
        """Residuals of every group."""
        values = self.constants.values(logs)
        return [group.residuals(self.system(group, values)) for group in self.groups]

    def slopes(
        self, logs: np.ndarray, here: Sequence[np.ndarray]
    ) -> list[tuple[list[int], np.ndarray]]:
        """For every group the constants that move it, and the derivatives; on all processors."""
        # Forked processes have the problem already: only places and slopes go between them.
        _AT_HAND[:] = [(self, logs, here)]
        with get_context("fork").Pool() as pool:
            found = pool.map(_slopes_at, range(len(self.groups)), chunksize=4)
        if self.active is None:
            self.active = [used for used, _ in found]
        return found

    def slopes_of(
        self, logs: np.ndarray, here: Sequence[np.ndarray], place: int
    ) -> tuple[list[int], np.ndarray]:
        """As `slopes`, of one group."""
        group, known = self.groups[place], self.active
        columns, used = [], []
        base = self.system(group, self.constants.values(logs))
        for index in self._candidates(group) if known is None else known[place]:
            nudged = logs.copy()
            nudged[index] += STEP
            values = self.constants.values(nudged)
            moved = group.residuals(self.changed(group, base, index, values))
            slope = (moved - here[place]) / STEP
            if known is not None or np.any(np.abs(slope) > 1e-3):
                columns.append(slope)
                used.append(index)
        matrix = np.stack(columns, axis=1) if columns else np.zeros((len(here[place]), 0))
        return used, matrix

    def _candidates(self, group: Group) -> list[int]:
        """Constants that can move the group: costs, collectives, the kernel classes it uses, and
        their families where another format stands in for one."""
        names = group.kernels()
        known = group.system.chip.kernels
        families = {name.split(".")[0] for name in names if name not in known}

        def used(index: int) -> bool:
            table = self.constants.list[index].table.split("/")[-1]
            return (
                not table or "." not in table or table in names or table.split(".")[0] in families
            )

        found = self.constants.concerned(group.system.chip, group.system.engine)
        return [index for index in found if used(index)]


_AT_HAND: list[tuple[Problem, np.ndarray, Sequence[np.ndarray]]] = []


def _slopes_at(place: int) -> tuple[list[int], np.ndarray]:
    problem, logs, here = _AT_HAND[0]
    return problem.slopes_of(logs, here, place)


def _loss(residuals: np.ndarray) -> np.ndarray:
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


def cost(problem: Problem, logs: np.ndarray, residuals: Sequence[np.ndarray]) -> float:
    """What the fit minimises."""
    data = sum(
        float(np.sum(group.weights * _loss(r)))
        for group, r in zip(problem.groups, residuals, strict=True)
    )
    strayed = logs - problem.constants.prior
    return data + 0.5 * float(strayed @ problem.constants.precision @ strayed)


Slopes = list[tuple[list[int], np.ndarray]]


def solve(
    problem: Problem,
    logs: np.ndarray,
    rounds: int,
    say: bool = False,
) -> np.ndarray:
    """Gauss-Newton from ``logs``; the best point found.

    Each round goes to the minimum of the problem made linear, or as far that way as the cost
    falls.
    """
    residuals = problem.residuals(logs)
    current = cost(problem, logs, residuals)
    for turn in range(rounds):
        move = linear_fit(problem, logs, residuals, problem.slopes(logs, residuals)) - logs
        for share in SHARES:
            trial = logs + share * move
            trial_residuals = problem.residuals(trial)
            trial_cost = cost(problem, trial, trial_residuals)
            if trial_cost < current:
                break
        else:
            break
        before, current = current, trial_cost
        logs, residuals = trial, trial_residuals
        if say:
            print(f"round {turn + 1}: cost {current:.1f}, share {share}", flush=True)
        if before - current < LEAST_GAIN * current:
            break
    return logs


def _bounds(constants: Constants) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest logarithm of every constant."""
    own = constants.base >= 0
    return np.where(own, -FACTOR, constants.lower), np.where(own, FACTOR, constants.upper)


def linear_fit(
    problem: Problem,
    logs: np.ndarray,
    residuals: Sequence[np.ndarray],
    slopes: Slopes,
    without: Collection[int] = (),
    near: np.ndarray | None = None,
) -> np.ndarray:
    """Where the cost of all groups but those at the places ``without`` is least, if residuals were
    linear around ``logs``: least squares, reweighted until it stays, from ``near``."""
    constants = problem.constants
    lower, upper = _bounds(constants)
    lower, upper = np.maximum(lower, logs - FARTHEST), np.minimum(upper, logs + FARTHEST)
    groups = [
        (group.weights, r, used, slope)
        for place, (group, r, (used, slope)) in enumerate(
            zip(problem.groups, residuals, slopes, strict=True)
        )
        if place not in without
    ]
    found = np.clip(logs if near is None else near, lower, upper)
    for _ in range(REWEIGHTINGS):
        curvature = constants.precision.copy()
        gradient = constants.precision @ (found - constants.prior)
        for weights, r, used, slope in groups:
            here = r + slope @ (found - logs)[used]
            weight = weights * _influence(here)
            weighted = slope * weight[:, np.newaxis]
            curvature[np.ix_(used, used)] += slope.T @ weighted
            gradient[used] += weighted.T @ here
        before = found
        found = np.clip(found - np.linalg.solve(curvature, gradient), lower, upper)
        if np.max(np.abs(found - before)) < SETTLED:
            break
    return found


def left_out(
    problem: Problem,
    logs: np.ndarray,
    residuals: Sequence[np.ndarray],
    slopes: Slopes,
    parts: Sequence[Collection[int]],
) -> Iterator[np.ndarray]:
    """For each of ``parts`` the constants fitted without the groups at its places.

    What leaving them out moves is the difference of two fits of the linear problem, so that
    where ``logs`` is not yet its minimum, that is not taken for their doing. On all processors.
    """
    lower, upper = _bounds(problem.constants)
    every = linear_fit(problem, logs, residuals, slopes)
    _LINEAR[:] = [(problem, logs, residuals, slopes, every)]
    with get_context("fork").Pool() as pool:
        for found in pool.imap(_fitted_without, parts):
            yield np.clip(logs + found - every, lower, upper)


_LINEAR: list[tuple[Problem, np.ndarray, Sequence[np.ndarray], Slopes, np.ndarray]] = []


def _fitted_without(places: Collection[int]) -> np.ndarray:
    problem, logs, residuals, slopes, every = _LINEAR[0]
    return linear_fit(problem, logs, residuals, slopes, places, every)
