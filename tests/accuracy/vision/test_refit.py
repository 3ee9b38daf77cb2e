"""The refit of vision constants on the rows that come with the repository."""

from __future__ import annotations

import numpy as np
import pytest

from engine.evidence.measured.record import PUBLISHED
from tests.accuracy.vision.cases import Case, constants_of, folds, load_cases, pair_of
from tests.accuracy.vision.held_out import errors_of
from tests.accuracy.vision.refit import Fit


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return load_cases(PUBLISHED)


def test_one_round_brings_predictions_nearer(cases: list[Case]):
    constants = constants_of(cases)
    fit = Fit(constants, cases)
    start = constants.prior
    found = fit.solve(start, 1)
    assert fit.cost(found, fit.residuals(found)) < fit.cost(start, fit.residuals(start))


def test_every_pair_is_left_out_once(cases: list[Case]):
    parts = folds(cases, pair_of, 5)
    assert set().union(*parts) == {pair_of(case) for case in cases}
    assert sum(len(part) for part in parts) == len(set().union(*parts))


def test_errors_are_of_published_figures_only(cases: list[Case]):
    exact = [case.rate for case in cases]
    errors = errors_of(cases, exact)
    assert np.allclose(errors["samples_per_s"], 0.0)
    assert 0 < len(errors["latency_ms"]) <= len(cases)
