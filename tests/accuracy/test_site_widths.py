"""Widths of a site's priors: the cost's slopes, and what they make of runs."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evidence.calibration.constants import NAMES
from engine.evidence.calibration.expected import expected
from tests.accuracy import site_widths
from tests.accuracy.site_widths import LEAST, WIDEST, WORDS, Trial, _cost, left_over

USUAL = np.log([*[0.2] * len(WORDS), 0.2, 0.2])


def _trial(seed: int) -> Trial:
    rng = np.random.default_rng(seed)
    known = np.ones((2, 5), dtype=bool)
    known[0, 3:] = False
    words = np.array([0, 1, 3, 12, 12])
    of_three, of_others = rng.normal(0.0, 0.4, (2, 3, 5)), rng.normal(0.0, 0.4, (2, 5, 5))
    errors, others = rng.normal(0.0, 0.1, (2, 3)), rng.normal(0.0, 0.1, (2, 5))
    return Trial(0, errors, of_three, others, of_others, known, words)


def test_slopes_of_the_cost_are_its_differences() -> None:
    trials = [_trial(seed) for seed in range(3)]
    _, slope = _cost(trials, USUAL)
    for place in (0, 3, 12, len(WORDS), len(WORDS) + 1):
        nudge = np.where(np.arange(len(USUAL)) == place, 1e-5, 0.0)
        rise = _cost(trials, USUAL + nudge)[0] - _cost(trials, USUAL - nudge)[0]
        assert rise / 2e-5 == pytest.approx(slope[place], abs=1e-6)


def test_runs_without_noise_tell_what_they_share_with_others() -> None:
    """One constant made all errors: three runs tell it exactly."""
    effect = np.array([[0.0] * 3, [1.0, 0.5, 0.2]])[..., np.newaxis]
    trial = Trial(
        0, 0.1 * effect[..., 0], effect, 0.1 * effect[..., 0], effect, np.ones((2, 3), bool),
        np.array([0]),
    )  # fmt: skip
    sure = np.log([*[0.5] * len(WORDS), 1e-3, 1e-3])
    assert left_over(trial, sure) == pytest.approx(np.zeros((2, 3)), abs=1e-5)


def test_what_makes_errors_gets_the_wider_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two constants that move runs alike often, one makes all errors and is the wider."""
    monkeypatch.setattr(site_widths, "STEPS", 60)
    rng, trials = np.random.default_rng(3), []
    for fold in range(12):
        slopes = rng.normal(0.0, 1.0, (2, 9, 2))
        errors = slopes[..., 0] * rng.normal(0.0, 0.4) + rng.normal(0.0, 0.02, (2, 9))
        known, words = np.ones((2, 6), dtype=bool), np.array([0, 1])
        parts = errors[:, :3], slopes[:, :3], errors[:, 3:], slopes[:, 3:]
        trials.append(Trial(fold, *parts, known, words))
    found = site_widths.fitted(trials).widths
    assert found[WORDS[0]] > 1.5 * found[WORDS[1]]
    assert found[WORDS[2]] == pytest.approx(site_widths.USUAL_WIDTH, rel=0.01)


def test_the_file_says_a_width_of_every_constant() -> None:
    found = expected()
    assert found.widths.keys() == NAMES.keys()
    assert all(LEAST <= width <= WIDEST for width in found.widths.values())
    assert all(noise > 0 for noise in found.noise)
