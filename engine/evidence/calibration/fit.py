"""Fit the constants that a few runs can identify, by damped least squares with priors.

Each constant is a factor on a published value; its logarithm has a normal prior whose width
says how much such constants differ between sites. The posterior width says how well the runs
pin it down: a constant that they say nothing about stays where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.evidence.calibration.results import Run
from engine.hardware.chip import KernelConstants, Provenance
from engine.hardware.framework import Framework
from engine.hardware.kernels import constants_for
from engine.scenario import FirstToken
from engine.serve.load import Client, Closed
from engine.serve.predict import predict
from engine.serve.requests import Requests
from engine.serve.system import System
from engine.words.arrays import FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.arrangement import Aggregated

MINIMUM_RUNS = 3
TTFT_NOISE, TPOT_NOISE = 0.2, 0.08
"""Relative spread of runs that the model cannot explain (published repeats of TPOT: 1.5 % in the
median, 15 % at worst; TTFT depends on when requests happen to arrive)."""
IDENTIFIED = 0.8
"""A constant counts as identified when the runs narrow its prior to this share or less."""
CONTRADICTION = 0.25
"""Same configuration, results this far apart: no constants can explain both."""
UNEXPLAINED = 0.25
"""Median error after the fit beyond which the fit is worth nothing."""
LEAST_GAIN = 0.001
"""A median error that falls by less is as good as before."""
LEAST_COST = 1.0
"""Microseconds; a cost of nothing has no factor."""
ITERATIONS = 25
STEP = 0.02
EFFICIENCY_LIMIT = 0.98
MOST_SAVED = 0.8
"""Share of the smallest published start that a faster fabric may save."""


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
        """The constant itself; a share stays below what a chip can reach."""
        value, base = self.constant.base * self.factor, self.constant.base
        return value if self.constant.unit else min(value, max(EFFICIENCY_LIMIT, base))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The outcome: constants, and the median relative error of TTFT and TPOT before and after
    (NaN where no run has it). ``misfit`` is twice the negative logarithm of the posterior: what is
    left unexplained, and how far the constants had to move."""

    constants: tuple[Fitted, ...]
    framework: Framework
    runs: int
    before: tuple[float, float]
    after: tuple[float, float]
    misfit: float

    @property
    def helps(self) -> bool:
        """Whether either error falls by what is shown of it."""
        pairs = zip(self.before, self.after, strict=True)
        return any(before - after >= LEAST_GAIN for before, after in pairs)


def check_runs(runs: Sequence[Run]) -> None:
    """Refuse too few runs, and runs that contradict each other; raises `InputError`."""
    if len(runs) < MINIMUM_RUNS:
        raise InputError(
            say(
                "found {runs}, expected at least {least} (different concurrencies say most)",
                runs=say("1 run") if len(runs) == 1 else say("{runs} runs", runs=len(runs)),
                least=MINIMUM_RUNS,
            )
        )
    timed = sum(1 for run in runs if run.tpot_ms > 0)
    if timed < MINIMUM_RUNS:
        raise InputError(
            say(
                "found TPOT in {timed} runs, expected it in at least {minimum_runs}",
                timed=timed,
                minimum_runs=MINIMUM_RUNS,
            )
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
                say(
                    "{name} contradicts {name_2}: the same configuration took "
                    "{tpot_ms:.4g} and {tpot_ms_2:.4g} ms per token",
                    name=run.name,
                    name_2=earlier.name,
                    tpot_ms=run.tpot_ms,
                    tpot_ms_2=earlier.tpot_ms,
                )
            )


def calibrate(site: System, runs: Sequence[Run], only: Collection[str] = ()) -> Calibration:
    """Fit ``runs``, of the constants ``only`` those named where any are; raises `InputError` where
    they are too few or cannot be explained."""
    check_runs(runs)
    constants = [one for one in site_constants(site, runs) if one.name in only or not only]
    target = _targets(runs)
    known = np.isfinite(target)
    noise = np.broadcast_to([[TTFT_NOISE], [TPOT_NOISE]], target.shape)[known]

    def residuals(logs: FloatArray) -> FloatArray:
        predicted = _predicted(site, runs, calibrated_framework(site, constants, logs))
        found: FloatArray = (np.log(predicted) - target)[known] / noise
        return found

    priors = np.array([constant.prior for constant in constants])
    logs, covariance = _least_squares(residuals, priors)
    # Where the runs scatter more than their noise, the constants are known less well.
    scatter = max(float(np.mean(residuals(logs) ** 2)), 1.0)
    spreads = np.minimum(np.sqrt(scatter * np.diag(covariance)), priors)
    framework = calibrated_framework(site, constants, logs)
    before = _errors(site, runs, site.engine, target)
    after = _errors(site, runs, framework, target)
    if after[1] > UNEXPLAINED:
        raise InputError(
            say(
                "the runs contradict the model or each other: TPOT is still "
                "{after:.0%} off in the median after the fit; check --tp, --weights "
                "and --chip",
                after=after[1],
            )
        )
    fitted = tuple(
        Fitted(constant, float(np.exp(log)), float(spread), bool(spread <= IDENTIFIED * prior))
        for constant, log, spread, prior in zip(constants, logs, spreads, priors, strict=True)
    )
    misfit = _cost(residuals(logs), logs, priors)
    return Calibration(fitted, framework, len(runs), before, after, misfit)


def site_constants(site: System, runs: Sequence[Run]) -> tuple[Constant, ...]:
    """The constants that runs of a site can be fitted by."""
    framework, costs = site.engine, site.engine.costs
    kernel = constants_for("gemm.bf16", site.chip, framework)
    constants = [
        Constant("bandwidth efficiency", 0.2, kernel.memory, ""),
        Constant("compute efficiency", 0.25, kernel.compute, ""),
        Constant("launch floor", 0.4, max(kernel.floor_seconds * 1e6, LEAST_COST), "µs"),
        Constant("per-step cost", 0.7, max(costs.step_seconds * 1e6, LEAST_COST), "µs"),
        Constant("per-request cost", 0.7, max(costs.request_seconds * 1e6, LEAST_COST), "µs"),
    ]
    ranks = max(run.layout.ranks for run in runs)
    if ranks > 1:
        start = _link_start(site, ranks) + framework.costs.collective_seconds
        constants.append(Constant("link α", 0.7, max(start * 1e6, LEAST_COST), "µs"))
    return tuple(constants)


def _link_start(site: System, ranks: int) -> float:
    """Seconds that the smallest all-reduce over ``ranks`` chips takes."""
    table = site.chip.all_reduce
    known = table[min(table, key=lambda count: abs(count - ranks))]
    if known.small_bandwidth_bytes > 0:
        return min(known.alpha_seconds, known.small_alpha_seconds)
    return known.alpha_seconds


def calibrated_framework(
    site: System, constants: Sequence[Constant], logs: FloatArray
) -> Framework:
    """The framework with its constants multiplied; efficiencies become kernels of this chip."""
    factors = {
        constant.name: float(np.exp(log)) for constant, log in zip(constants, logs, strict=True)
    }
    added = {
        constant.name: constant.base * (factors[constant.name] - 1.0) * 1e-6
        for constant in constants
        if constant.unit
    }
    framework = site.engine
    # The chip's own start stays in its file; what differs from it is the framework's.
    least = -MOST_SAVED * min(_link_start(site, ranks) for ranks in site.chip.all_reduce)
    collective = framework.costs.collective_seconds + added.get("link α", 0.0)
    return framework.changed(
        step_seconds=framework.costs.step_seconds + added.get("per-step cost", 0.0),
        request_seconds=framework.costs.request_seconds + added.get("per-request cost", 0.0),
        collective_seconds=max(collective, least),
        kernels={
            **framework.kernels,
            **_scaled_kernels(
                site,
                factors.get("bandwidth efficiency", 1.0),
                factors.get("compute efficiency", 1.0),
                factors.get("launch floor", 1.0),
            ),
        },
    )


def _scaled_kernels(
    site: System, memory: float, compute: float, launch: float
) -> dict[str, KernelConstants]:
    """Every kernel class of the chip as the framework runs it, its efficiencies and its launch
    floor multiplied."""
    current: dict[str, KernelConstants] = dict(site.chip.kernels)
    for scope in (f"{site.chip.generation}/", f"{site.chip.id}/"):
        for key, kernel in site.engine.kernels.items():
            if key.startswith(scope):
                current[key.removeprefix(scope)] = kernel
    return {
        f"{site.chip.id}/{name}": replace(
            kernel,
            memory=min(kernel.memory * memory, max(EFFICIENCY_LIMIT, kernel.memory)),
            compute=min(kernel.compute * compute, max(EFFICIENCY_LIMIT, kernel.compute)),
            floor_seconds=kernel.floor_seconds * launch,
            provenance=Provenance.FITTED,
            source="calibrated to your own runs",
        )
        for name, kernel in current.items()
    }


def _targets(runs: Sequence[Run]) -> FloatArray:
    """Logarithms of TTFT and TPOT seconds, (2, runs); NaN where not measured."""
    measured = np.array([[run.ttft_ms for run in runs], [run.tpot_ms for run in runs]], dtype=float)
    measured[~(measured > 0)] = np.nan
    return np.log(measured * 1e-3)


def _predicted(site: System, runs: Sequence[Run], framework: Framework) -> FloatArray:
    """TTFT and TPOT seconds, (2, runs)."""
    system = replace(site, engine=framework)
    found = np.full((2, len(runs)), np.nan)
    for load, places in _by_load(runs).items():
        mine = [runs[place] for place in places]
        requests = Requests(
            _column([run.input_tokens for run in mine]),
            _column([run.output_tokens for run in mine]),
            _column([run.cached for run in mine]),
        )
        arrangements = [Aggregated(run.layout) for run in mine]
        sizes = [max(run.concurrency / run.layout.replicas, 1.0) for run in mine]
        outcome = predict(system, arrangements, requests, load, _column(sizes))
        found[:, places] = [outcome.seconds["ttft"][:, 0], outcome.seconds["tpot"][:, 0]]
    return found


def _by_load(runs: Sequence[Run]) -> dict[Closed, list[int]]:
    """The runs' places by what their client did."""
    found: dict[Closed, list[int]] = {}
    for place, run in enumerate(runs):
        statistic = FirstToken.MEDIAN if run.ttft_is_median else FirstToken.MEAN
        client = Client(spread=run.spread, statistic=statistic) if run.opens_at_once else None
        found.setdefault(Closed(client), []).append(place)
    return found


def _column(values: Sequence[float]) -> FloatArray:
    return np.array(values, dtype=float)[:, np.newaxis]


def _errors(
    site: System, runs: Sequence[Run], framework: Framework, target: FloatArray
) -> tuple[float, float]:
    off = np.abs(np.expm1(np.log(_predicted(site, runs, framework)) - target))
    ttft, tpot = (float(np.nanmedian(row)) if np.isfinite(row).any() else np.nan for row in off)
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
