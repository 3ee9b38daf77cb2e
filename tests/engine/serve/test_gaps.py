"""Gaps between requests, and passes with prompts in a row, against their definitions."""

import math

import numpy as np
import pytest

from engine.serve.clustered import fullest_rank, prompts_of_a_pass, run_passes, shared_share
from engine.serve.laws.gaps import shorter, sooner


@pytest.mark.parametrize("mean", [0.05, 0.3, 1.0, 2.0])
def test_gaps_of_poisson_arrivals_are_exponential(mean: float):
    assert shorter(np.ones(1), np.array([mean]))[0] == pytest.approx(-math.expm1(-mean))


def test_gaps_of_every_second_request_are_those_of_two():
    """Erlang's distribution of two stages: ``1 − e^−x·(1 + x)`` with ``x = 2m``."""
    found = shorter(np.array([0.5]), np.array([0.3]))[0]
    assert found == pytest.approx(1.0 - math.exp(-0.6) * 1.6)


@pytest.mark.parametrize("shape", [0.1, 0.5, 4.0, 50.0])
def test_the_share_of_short_gaps_is_what_is_drawn(shape: float):
    gaps = np.random.default_rng(1).gamma(shape, 1.0 / shape, 200_000)
    for mean in (0.1, 0.7, 1.5):
        found = shorter(np.array([1.0 / shape]), np.array([mean]))[0]
        assert found == pytest.approx(float((gaps < mean).mean()), abs=0.005)


def test_bursts_meet_more_and_even_requests_less():
    mean = np.array([0.2])
    often, usual, seldom = (sooner(np.array([one]), mean)[0] for one in (2.0, 1.0, 0.25))
    assert often > usual == 1.0 > seldom


def test_a_run_of_passes_is_as_long_as_drawn():
    """One pass after the other, each as long as prompts still come during it."""
    coming = 0.8
    random = np.random.default_rng(2)
    lengths = []
    for _ in range(20_000):
        passes = 1
        while random.poisson(coming) > 0:
            passes += 1
        lengths.append(passes)
    found = run_passes(np.array([coming]), np.ones(1))[0]
    assert found == pytest.approx(float(np.mean(lengths)), rel=0.03)


def test_prompts_that_seldom_come_take_their_own_passes():
    rate, plain, mixed = np.array([1e-4]), np.array([0.01]), np.array([0.1])
    for parts in (1.0, 3.0):
        share = shared_share(rate, plain, mixed, np.array([parts]))[0]
        assert share == pytest.approx(1e-4 * 0.01 * parts, rel=1e-3)
    assert prompts_of_a_pass(np.array([1e-6]), np.ones(1))[0] == pytest.approx(1.0)
    assert prompts_of_a_pass(np.array([50.0]), np.array([8.0]))[0] == 8.0


@pytest.mark.parametrize("mean", [0.2, 1.5, 4.8, 20.0])
def test_the_fullest_of_ranks_that_take_prompts_in_turn(mean: float):
    """Against counts drawn: at least one prompt, dealt out over four ranks."""
    counts = np.random.default_rng(3).poisson(mean, 100_000)
    counts = counts[counts > 0]
    drawn = float(np.ceil(counts / 4.0).mean())
    found = fullest_rank(np.array([float(counts.mean())]), np.array([4.0]))[0]
    assert found == pytest.approx(drawn, rel=0.08)
