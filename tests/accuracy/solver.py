"""Robust least squares with priors over groups of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from multiprocessing import get_context

import numpy as np

from engine.hardware.framework import Framework
from engine.serve.system import System
from tests.accuracy.constants import Constants
from tests.accuracy.linear import Linear, Slopes, loss
from tests.accuracy.measured import Group

STEP = 0.03
LEAST_GAIN = 1e-3
"""The fit ends when a round gains less than this share."""
SHARES = (1.0, 0.6, 0.3, 0.1, 0.03)
"""Of the way to the linear problem's minimum, how much is tried."""


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

    def slopes(self, logs: np.ndarray, here: Sequence[np.ndarray]) -> Slopes:
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


def cost(problem: Problem, logs: np.ndarray, residuals: Sequence[np.ndarray]) -> float:
    """What the fit minimises."""
    data = sum(
        float(np.sum(group.weights * loss(r)))
        for group, r in zip(problem.groups, residuals, strict=True)
    )
    strayed = logs - problem.constants.prior
    return data + 0.5 * float(strayed @ problem.constants.precision @ strayed)


def solve(
    problem: Problem,
    logs: np.ndarray,
    rounds: int,
    say: bool = False,
) -> np.ndarray:
    """Gauss-Newton from ``logs``; the best point found.

    Each round goes to the minimum of the problem made linear, or as far that way as the cost
    falls. Derivatives cost far more than residuals and change slowly: they are taken anew only
    where a round by the old ones gains little.
    """
    residuals = problem.residuals(logs)
    current = cost(problem, logs, residuals)
    slopes, fresh = problem.slopes(logs, residuals), True
    for turn in range(rounds):
        made_linear = Linear(problem.constants, problem.groups, logs, residuals, slopes)
        logs, residuals, gain = _step(problem, made_linear.fit(), logs, residuals, current)
        current -= gain
        if say:
            print(f"round {turn + 1}: cost {current:.1f}", flush=True)
        little = gain < LEAST_GAIN * current
        if little and fresh:
            break
        fresh = little
        if little:
            slopes = problem.slopes(logs, residuals)
    return logs


def _step(
    problem: Problem,
    target: np.ndarray,
    logs: np.ndarray,
    residuals: list[np.ndarray],
    current: float,
) -> tuple[np.ndarray, list[np.ndarray], float]:
    """As far towards ``target`` as the cost falls: where that is, and what it gains."""
    for share in SHARES:
        trial = logs + share * (target - logs)
        trial_residuals = problem.residuals(trial)
        gain = current - cost(problem, trial, trial_residuals)
        if gain > 0:
            return trial, trial_residuals, gain
    return logs, residuals, 0.0


def linear_problem(problem: Problem, logs: np.ndarray) -> Linear:
    """``problem`` made linear around ``logs``."""
    residuals = problem.residuals(logs)
    slopes = problem.slopes(logs, residuals)
    return Linear(problem.constants, problem.groups, logs, residuals, slopes)
