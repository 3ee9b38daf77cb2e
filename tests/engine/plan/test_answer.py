"""The answer in words: figures that can be told apart."""

from __future__ import annotations

import pytest

from engine.words.quantities import duration, duration_beyond


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (50.2, 50.0, "50.2 ms"),
        (10.02, 10.0, "10.02 ms"),
        (50.0004, 50.0, "50.0004 ms"),
        (2000.3, 2000.0, "2000.30 ms"),
        (9.994, 9.99, "9.994 ms"),
    ],
)
def test_what_misses_a_limit_never_reads_like_it(value: float, limit: float, text: str):
    assert duration_beyond(value, limit) == text
    assert text != duration(limit)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.5, "9.50 ms"),
        (41.2, "41.2 ms"),
        (1234, "1.23 s"),
        (180_000, "3.0 min"),
        (float("nan"), "–"),
    ],
)
def test_durations_keep_three_figures(value: float, text: str):
    assert duration(value) == text
