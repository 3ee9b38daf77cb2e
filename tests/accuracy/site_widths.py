"""How far constants of sites stray: the priors of `rooftop calibrate`.

Of every site, predicted by constants that never saw its model on its chip, a few choices of three
runs are fitted with residuals made linear; widths of the priors and the noise of runs are those
with which the other runs are predicted best. With three runs y = A·b + noise, b ~ N(0, W²), the
others move by A'·b, b = −W²Aᵀ(A·W²·Aᵀ + N²)⁻¹y, where N² grows for odd runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import tomli_w

from engine.evidence.calibration.applied import calibrated_framework
from engine.evidence.calibration.constants import NAMES, site_constants
from engine.evidence.calibration.expected import Expected
from engine.evidence.calibration.least_squares import weights_of
from engine.evidence.calibration.predicted import predicted_seconds
from engine.evidence.calibration.run_checks import MINIMUM_RUNS
from tests.accuracy.sites import Site, spread_out

HEADER = """\
# What a calibration to a person's own runs expects before it sees them: how far constants of a
# site (a model in a format on a chip under an engine) lie from those that are published, as
# standard deviations of logarithms, and how far runs lie from what such constants explain: those
# with which three runs of a site, predicted without its model on its chip, foretell others best.
# Written by tests/accuracy/publish.py; edits are lost.

"""
WORDS = tuple(NAMES)
METRICS = ("ttft", "tpot")
USUAL_WIDTH, USUAL_NOISE = 0.2, (0.15, 0.04)
WIDEST, LEAST = 0.6, 0.01
"""Derivatives hold near by only: no width is larger."""
HELD_TO_USUAL = 4e-3
"""What a logarithm costs that strays from the usual: one without evidence stays there."""
WEIGHTS = (0.15, 1.0)
"""Of errors of TTFT and TPOT: first tokens of published runs hold what no constant explains."""
LARGE = np.array([0.12, 0.05])
"""Errors of TTFT and TPOT beyond count by their logarithms: medians of sites are sought."""
STEP, CHOICES, SEED = 0.05, 3, 1
REWEIGHTINGS = 8
STEPS, RATE = 250, 0.06


@dataclass(frozen=True, slots=True)
class Trial:
    """Three runs of a site and its others: logarithmic errors of TTFT and TPOT (2·runs), 0 where
    not measured, and their derivatives by the logarithms of `WORDS` (ranks apart, one column per
    constant)."""

    fold: int
    errors: np.ndarray
    slopes: np.ndarray
    other_errors: np.ndarray
    other_slopes: np.ndarray
    known: np.ndarray
    """Which of the others' errors are measured."""
    words: np.ndarray
    """Of every column, the place in `WORDS`."""


def trials_of(site: Site) -> list[Trial]:
    """Choices of three runs: spread over all loads, drawn, and spread over those of one layout and
    lengths."""
    runs = site.runs
    constants = site_constants(site.system, runs)
    measured = np.array([[run.ttft_ms for run in runs], [run.tpot_ms for run in runs]]) * 1e-3
    here = np.log(predicted_seconds(site.system, runs, site.system.engine))
    with np.errstate(invalid="ignore"):
        errors = here - np.log(np.where(measured > 0, measured, np.nan))
    columns = []
    for place in range(len(constants)):
        logs = np.where(np.arange(len(constants)) == place, STEP, 0.0)
        engine = calibrated_framework(site.system, constants, logs)
        columns.append((np.log(predicted_seconds(site.system, runs, engine)) - here) / STEP)
    known = np.isfinite(errors)
    slopes = np.where(known[..., np.newaxis], np.stack(columns, axis=-1), 0.0)
    words = np.array([WORDS.index(_word(one.keys[0])) for one in constants])
    every = np.where(known, errors, 0.0)
    found = []
    for chosen in _choices(site):
        rest = [run for run in range(len(runs)) if run not in chosen]
        found.append(
            Trial(
                site.fold,
                every[:, chosen],
                slopes[:, chosen],
                every[:, rest],
                slopes[:, rest],
                known[:, rest],
                words,
            )
        )
    return found


def _word(key: str) -> str:
    return key if key in WORDS else key.split(".")[0]


def _choices(site: Site) -> list[list[int]]:
    generator = np.random.default_rng(SEED)
    found = [spread_out(site)]
    for _ in range(CHOICES):
        found.append(generator.choice(len(site.runs), MINIMUM_RUNS, replace=False).tolist())
        first = site.runs[generator.integers(len(site.runs))]
        series = [place for place, run in enumerate(site.runs) if _series(run) == _series(first)]
        if len(series) >= MINIMUM_RUNS:
            found.append(spread_out(site, np.array(series)))
    return found


def _series(run: object) -> tuple[object, ...]:
    return tuple(getattr(run, name) for name in ("layout", "input_tokens", "output_tokens"))


def fitted(trials: Sequence[Trial]) -> Expected:
    """Widths and noise with which three runs predict the others best."""
    usual = np.log([*[USUAL_WIDTH] * len(WORDS), *USUAL_NOISE])
    found, best, least = usual.copy(), usual, np.inf
    mean, square = np.zeros_like(usual), np.zeros_like(usual)
    # Adam, with steps that shorten.
    for turn in range(1, STEPS + 1):
        cost, slope = _cost(trials, found)
        cost += HELD_TO_USUAL * float(np.sum((found - usual) ** 2))
        slope += 2 * HELD_TO_USUAL * (found - usual)
        if cost < least:
            best, least = found.copy(), cost
        mean, square = 0.9 * mean + 0.1 * slope, 0.99 * square + 0.01 * slope**2
        length = np.sqrt(square / (1 - 0.99**turn)) + 1e-9
        moved = found - RATE * (1 - 0.8 * turn / STEPS) * mean / (1 - 0.9**turn) / length
        found = np.clip(moved, np.log(LEAST), np.log(WIDEST))
    values = np.round(np.exp(best), 3).tolist()
    noise = values[len(WORDS) :]
    return Expected(dict(zip(WORDS, values, strict=False)), (noise[0], noise[1]))


def left_over(trial: Trial, logs: np.ndarray) -> np.ndarray:
    """Errors of the others, (2, runs), once the three are fitted with such priors."""
    found: np.ndarray = _moved(trial, logs)[0]
    return found


def _moved(trial: Trial, logs: np.ndarray) -> tuple[np.ndarray, ...]:
    """Errors left over, and what their slopes by the logarithms need."""
    variances = np.exp(2 * logs[: len(WORDS)])[trial.words]
    noise = np.repeat(np.exp(2 * logs[len(WORDS) :]), trial.errors.shape[1])
    slopes, errors = trial.slopes.reshape(len(noise), -1), trial.errors.ravel()
    spread = np.sqrt(noise)
    for _ in range(REWEIGHTINGS):
        inverse = np.linalg.inv((slopes * variances) @ slopes.T + np.diag(noise))
        weighed = inverse @ errors
        # What is left of a run is its noise times its weight in the solution.
        noise = spread**2 / weights_of(noise * weighed / spread)
    by_constant = slopes.T @ weighed
    left = trial.other_errors - trial.other_slopes @ (variances * by_constant)
    return left, variances, noise, slopes, inverse, weighed, by_constant


def _cost(trials: Sequence[Trial], logs: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean size of the others' errors, each choice of three counting alike, and its slopes."""
    total, slope = 0.0, np.zeros_like(logs)
    for trial in trials:
        left, variances, noise, slopes, inverse, weighed, by_constant = _moved(trial, logs)
        counts = np.maximum(trial.known.sum(axis=1, keepdims=True), 1)
        share = np.array(WEIGHTS)[:, np.newaxis] * trial.known / counts / len(trials)
        large = LARGE[:, np.newaxis]
        total += float(np.sum(share * np.log1p((left / large) ** 2)))
        by_left = 2.0 * share * left / (large**2 + left**2)
        by_moved = np.tensordot(by_left, trial.other_slopes, 2)
        answer = inverse @ (slopes @ (variances * by_moved))
        by_variance = -by_constant * (by_moved - slopes.T @ answer)
        np.add.at(slope, trial.words, 2 * variances * by_variance)
        by_noise = 2 * noise * answer * weighed
        slope[len(WORDS) :] += by_noise.reshape(len(METRICS), -1).sum(axis=1)
    return total, slope


def as_text(sites: Iterable[Site]) -> str:
    """The text of ``calibration.toml``, fitted to sites."""
    found = fitted([trial for site in sites for trial in trials_of(site)])
    noise = dict(zip(METRICS, found.noise, strict=True))
    return HEADER + tomli_w.dumps({"noise": noise, "widths": dict(found.widths)})
