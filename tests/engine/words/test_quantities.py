"""Figures with their ranges, as sentences say them."""

from __future__ import annotations

import math

import pytest

from engine.words.quantities import batch_words, duration_within, rate_within, spread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (34.2, "34"),
        (6.99, "7"),
        (0.263, "0.26"),
        (0.7, "0.7"),
        (115, "120"),
        (1.2, "1.2"),
        (9.7, "10"),
    ],
)
def test_a_range_has_as_many_digits_as_it_deserves(value: float, text: str):
    assert spread(value) == text


def test_a_time_its_range_and_its_limit_are_in_one_unit():
    assert duration_within(49.9, 0.14, 50) == "49.9 ± 7 of 50 ms"
    assert duration_within(1200, 0.28, 2000) == "1.20 ± 0.34 of 2 s"
    assert duration_within(1200) == "1.20 s"
    assert duration_within(294.4, 0.28, 2000) == "294 ± 80 of 2,000 ms"
    assert duration_within(math.nan, 0.1, 50) == "–"


def test_a_rate_has_its_range():
    assert rate_within(244.2, 0.14) == "244 ± 34"
    assert rate_within(244.2) == "244"


def test_a_batch_says_what_is_in_flight_in_all():
    assert batch_words(98, 2) == "batch 98 (196 in flight)"
    assert batch_words(98, 1) == "batch 98"
