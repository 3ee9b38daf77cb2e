"""Lengths as a few weighted ones: what ranks wait for, what long prompts take."""

import numpy as np
import pytest

from engine.serve.lengths import awaited, longest_of, weighed

HALVES = ((0.5, 0.5), (0.5, 1.5))
"""Half of the prompts are half as long as the mean, half are half as long again."""


def test_the_longest_of_two():
    # Both are short in a quarter of the cases.
    assert longest_of(HALVES, np.array([2.0])) == pytest.approx(0.25 * 0.5 + 0.75 * 1.5)


def test_the_longest_of_one_is_the_mean():
    assert longest_of(HALVES, np.array([1.0])) == pytest.approx(1.0)


def test_a_short_prompt_waits_for_a_long_one_of_another_rank():
    (_, short), (_, long) = awaited(HALVES, np.array([2.0]))
    # The mean pass lasts 1.25; with a short prompt 1.0, with a long one 1.5.
    assert np.ravel([short, long]) == pytest.approx((0.75, 1.25))


def test_alone_in_its_pass_a_prompt_waits_for_itself():
    assert awaited(HALVES, np.array([1.0])) == HALVES


def test_tokens_of_long_prompts_take_longer():
    (_, short), (_, long) = weighed(HALVES, np.array([0.4]), 1.25)
    # 0.5·(1 − 0.4·0.75) = 0.35 and 1.5·(1 + 0.4·0.25) = 1.65.
    assert np.ravel([short, long]) == pytest.approx((0.35, 1.65))
