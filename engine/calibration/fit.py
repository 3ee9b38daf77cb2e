"""Fit the constants that a few runs can identify, by damped least squares with priors.

Each constant is a factor on a published value; its logarithm has a normal prior whose width
says how much such constants differ between sites. The posterior width says how well the runs
pin it down: a constant that they say nothing about stays where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.architecture import Architecture
from engine.calibration.results import Run
from engine.chip import Chip, KernelConstants
from engine.errors import InputError
from engine.framework import Framework
from engine.operators import LayoutArrays, take_inventory
from engine.precision import Precision
from engine.serving import Arrivals, Deployment, Traffic, serve_traffic

FloatArray = NDArray[np.float64]

MINIMUM_RUNS = 3
NOISE = 0.05
"""Relative spread of repeated runs (published repeats: 1.5 % in the median, 15 % at worst)."""
IDENTIFIED = 0.8
"""A constant counts as identified when the runs narrow its prior to this share or less."""
CONTRADICTION = 0.25
"""Same configuration, results this far apart: no constants can explain both."""
UNEXPLAINED = 0.25
"""Median error after the fit beyond which the fit is worth nothing."""
ITERATIONS = 25
STEP = 0.02
EFFICIENCY_LIMIT = 0.98


@dataclass(frozen=True, slots=True)
class Constant:
    """One fitted constant: what it is called, how wide its prior is, what it was."""

    name: str
    prior: float
    base: float
    unit: str
    """Empty for a share of the chip's peak."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """One constant after the fit; ``spread`` is the relative standard deviation."""

    constant: Constant
    factor: float
    spread: float
    identified: bool

    @property
    def value(self) -> float:
        """The constant itself."""
        return self.constant.base * self.factor


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome: constants, and the median relative error of TTFT and TPOT before and after."""

    constants: tuple[Fitted, ...]
    framework: Framework
    runs: int
    before: tuple[float, float]
    after: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Site:
    """What was run: the model at a precision, the chip and the framework as published."""

    architecture: Architecture
    precision: Precision
    chip: Chip
    framework: Framework


def check_runs(runs: Sequence[Run]) -> None:
    """Refuse too few runs, and runs that contradict each other; raises `InputError`."""
    if len(runs) < MINIMUM_RUNS:
        raise InputError(
            f"found {len(runs)} run{'s' if len(runs) != 1 else ''}, expected at least "
            f"{MINIMUM_RUNS} (different concurrencies say most)"
        )
    seen: dict[tuple[object, ...], Run] = {}
    for run in runs:
        key = (
            run.layout,
            round(run.concurrency),
            round(run.input_tokens, -1),
            round(run.output_tokens, -1),
        )
        earlier = seen.setdefault(key, run)
        apart = abs(run.tpot_ms / earlier.tpot_ms - 1.0)
        if apart > CONTRADICTION:
            raise InputError(
                f"{run.name} contradicts {earlier.name}: the same configuration took "
                f"{run.tpot_ms:.4g} and {earlier.tpot_ms:.4g} ms per token"
            )


def calibrate(site: Site, runs: Sequence[Run]) -> Calibration:
    """Fit ``runs``; raises `InputError` where they are too few or cannot be explained."""
    check_runs(runs)
    constants = _constants(site, runs)
    target = _targets(runs)
    known = np.isfinite(target)

    def residuals(logs: FloatArray) -> FloatArray:
        predicted = _predicted(site, runs, constants, logs)
        found: FloatArray = (np.log(predicted) - target)[known] / NOISE
        return found

    priors = np.array([constant.prior for constant in constants])
    logs, covariance = _least_squares(residuals, priors)
    spreads = np.sqrt(np.diag(covariance))
    identified = spreads <= IDENTIFIED * priors
    logs = np.where(identified, logs, 0.0)
    before = _errors(site, runs, constants, np.zeros_like(logs), target)
    after = _errors(site, runs, constants, logs, target)
    if after[1] > UNEXPLAINED:
        raise InputError(
            f"the runs contradict the model or each other: TPOT is still {after[1]:.0%} off in the "
            "median after the fit; check --tp, --weights and --chip"
        )
    fitted = tuple(
        Fitted(constant, float(np.exp(log)), float(spread), bool(known_well))
        for constant, log, spread, known_well in zip(
            constants, logs, spreads, identified, strict=True
        )
    )
    return Calibration(
        fitted, calibrated_framework(site, constants, logs), len(runs), before, after
    )


def _constants(site: Site, runs: Sequence[Run]) -> tuple[Constant, ...]:
    kernel = site.chip.kernels["gemm.bf16"]
    framework = site.framework
    constants = [
        Constant("bandwidth efficiency", 0.2, kernel.memory, ""),
        Constant("compute efficiency", 0.25, kernel.compute, ""),
        Constant("per-step cost", 0.7, max(framework.step_seconds, 1e-4) * 1e6, "µs"),
        Constant("per-request cost", 0.7, max(framework.request_seconds, 1e-3) * 1e6, "µs"),
    ]
    if any(run.layout.ranks > 1 for run in runs):
        constants.append(
            Constant("link α", 1.0, max(framework.collective_seconds, 2e-6) * 1e6, "µs")
        )
    return tuple(constants)


def calibrated_framework(site: Site, constants: Sequence[Constant], logs: FloatArray) -> Framework:
    """The framework with its constants multiplied; efficiencies become kernels of this chip."""
    factors = {
        constant.name: float(np.exp(log)) for constant, log in zip(constants, logs, strict=True)
    }
    values = {constant.name: constant.base * factors[constant.name] for constant in constants}
    memory, compute = factors["bandwidth efficiency"], factors["compute efficiency"]
    generation = f"{site.chip.generation}/"
    current: dict[str, KernelConstants] = dict(site.chip.kernels)
    for scope in (generation, f"{site.chip.id}/"):
        for key, kernel in site.framework.kernels.items():
            if key.startswith(scope):
                current[key.removeprefix(scope)] = kernel
    scaled = {
        f"{site.chip.id}/{name}": replace(
            kernel,
            memory=min(kernel.memory * memory, max(EFFICIENCY_LIMIT, kernel.memory)),
            compute=min(kernel.compute * compute, max(EFFICIENCY_LIMIT, kernel.compute)),
            source="calibrated to your own runs",
        )
        for name, kernel in current.items()
    }
    return replace(
        site.framework,
        step_seconds=values["per-step cost"] * 1e-6,
        request_seconds=values["per-request cost"] * 1e-6,
        collective_seconds=values.get("link α", site.framework.collective_seconds * 1e6) * 1e-6,
        kernels={**site.framework.kernels, **scaled},
    )


def _targets(runs: Sequence[Run]) -> FloatArray:
    """Logarithms of TTFT and TPOT seconds, (2, runs); NaN where not measured."""
    measured = np.array([[run.ttft_ms for run in runs], [run.tpot_ms for run in runs]], dtype=float)
    measured[~(measured > 0)] = np.nan
    return np.log(measured * 1e-3)


def _predicted(
    site: Site, runs: Sequence[Run], constants: Sequence[Constant], logs: FloatArray
) -> FloatArray:
    framework = calibrated_framework(site, constants, logs)
    inventory = take_inventory(site.architecture, site.precision, site.chip, framework)
    layouts = LayoutArrays.build([run.layout for run in runs])
    deployment = Deployment(inventory, site.chip, framework, layouts)

    def column(values: Sequence[float]) -> FloatArray:
        return np.array(values, dtype=float)[:, np.newaxis]

    traffic = Traffic(
        column([run.input_tokens for run in runs]),
        column([run.output_tokens for run in runs]),
        arrivals=Arrivals(median=column([float(run.ttft_is_median) for run in runs])),
    )
    batch = np.maximum(column([run.concurrency for run in runs]) / layouts.replicas, 1.0)
    service = serve_traffic(deployment, traffic, batch)
    return np.stack([service.ttft_seconds[:, 0], service.tpot_seconds[:, 0]])


def _errors(
    site: Site,
    runs: Sequence[Run],
    constants: Sequence[Constant],
    logs: FloatArray,
    target: FloatArray,
) -> tuple[float, float]:
    off = np.abs(np.expm1(np.log(_predicted(site, runs, constants, logs)) - target))
    ttft, tpot = (float(np.nanmedian(row)) if np.isfinite(row).any() else 0.0 for row in off)
    return ttft, tpot


def _least_squares(
    residuals: Callable[[FloatArray], FloatArray], priors: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Levenberg-Marquardt on residuals and priors; the best point and its covariance."""
    logs: FloatArray = np.zeros_like(priors)
    precision = np.diag(1.0 / priors**2)
    damping = 1e-3
    current = residuals(logs)
    cost = _cost(current, logs, priors)
    for _ in range(ITERATIONS):
        slopes = _slopes(residuals, logs, current)
        curvature = slopes.T @ slopes + precision
        gradient = slopes.T @ current + precision @ logs
        moved = logs - np.linalg.solve(curvature + damping * np.diag(np.diag(curvature)), gradient)
        moved = np.asarray(np.clip(moved, -4.0 * priors, 4.0 * priors), dtype=np.float64)
        trial = residuals(moved)
        trial_cost = _cost(trial, moved, priors)
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


def _cost(values: FloatArray, logs: FloatArray, priors: FloatArray) -> float:
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
