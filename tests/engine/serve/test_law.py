"""Laws of latencies: quantiles of evenly spread, exponential and normal times, and of mixtures."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.serve.laws.law import Law, Piece, mixed

ONE = np.ones((1, 1))


def quantile(law: Law, share: float) -> float:
    return float(law.quantile(share)[0, 0])


def test_evenly_spread_times():
    law = Law.of(Piece(1.0, 2.0 * ONE, width=10.0))
    assert quantile(law, 0.9) == pytest.approx(11.0, abs=1e-5)
    assert float(law.mean[0, 0]) == 7.0


def test_exponential_times():
    law = Law.of(Piece(1.0, 1.0 * ONE, tail=3.0))
    assert quantile(law, 0.99) == pytest.approx(1.0 + 3.0 * np.log(100.0), rel=1e-5)


def test_normal_times():
    law = Law.of(Piece(1.0, 5.0 * ONE, deviation=2.0))
    assert quantile(law, 0.95) == pytest.approx(5.0 + 2.0 * 1.644854, rel=1e-4)


@pytest.mark.parametrize("tail", [0.5, 1.0, 3.0])
def test_a_normal_deviation_and_a_tail_add_up(tail: float):
    draws = np.random.default_rng(2)
    sums = 10.0 + draws.normal(0.0, 1.0, 200_000) + draws.exponential(tail, 200_000)
    law = Law.of(Piece(1.0, 10.0 * ONE, tail=tail, deviation=1.0))
    for share in (0.1, 0.5, 0.9, 0.99):
        assert quantile(law, share) == pytest.approx(np.quantile(sums, share), rel=0.01)


def test_a_width_and_a_tail_add_up():
    """Against a hundred thousand draws."""
    draws = np.random.default_rng(1)
    sums = draws.uniform(0.0, 4.0, 100_000) + draws.exponential(1.5, 100_000)
    law = Law.of(Piece(1.0, 0.0 * ONE, width=4.0, tail=1.5))
    for share in (0.5, 0.9, 0.99):
        assert quantile(law, share) == pytest.approx(np.quantile(sums, share), rel=0.02)


def test_one_of_ten_requests_makes_the_last_percentiles():
    """Of which nine tenths are slower than the 99th percentile of all."""
    slow = Law.of(Piece(1.0, 100.0 * ONE, width=10.0))
    law = mixed([(0.9, Law.fixed(ONE)), (0.1, slow)])
    assert quantile(law, 0.5) == pytest.approx(1.0, rel=1e-3)
    assert quantile(law, 0.99) == pytest.approx(109.0, rel=1e-4)


seconds = st.floats(1e-4, 1e4)


@given(seconds, seconds, seconds, st.floats(0.01, 0.99))
def test_a_quantile_is_kept_by_its_share(fixed: float, width: float, tail: float, share: float):
    law = Law.of(Piece(0.3, fixed * ONE), Piece(0.7, fixed * ONE, width, tail))
    assert float(law.within(law.quantile(share))[0, 0]) >= share - 1e-6
    assert quantile(law, share) <= quantile(law, 0.999)
