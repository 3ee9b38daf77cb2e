"""Requests longer than the context: how many of spread lengths are, and that it is said."""

from __future__ import annotations

import pytest

from engine.scenario import Scenario, Workload
from engine.serve.lengths import share_beyond
from engine.serve.requests import Requests, Spread
from engine.serve.resolve import resolve


@pytest.mark.parametrize(
    ("spread", "tokens", "share"),
    [
        # Median of a log-normal prompt of variation 1: 1000/√2 = 707, and 100 of the answer.
        (Spread(input=1.0), 807.1, 0.5),
        # Of answers: 100/√2 beside the prompt.
        (Spread(output=1.0), 1070.7, 0.5),
        (Spread(), 1101.0, 0.0),
        (Spread(), 1099.0, 1.0),
    ],
)
def test_the_share_of_longer_requests(spread: Spread, tokens: float, share: float):
    found = share_beyond(Requests(1000.0, 100.0, spread=spread), tokens)
    assert found == pytest.approx(share, abs=1e-3)


def said(workload: Workload) -> str:
    resolved = resolve(Scenario(model="qwen3-8b", chip="h100_sxm", workload=workload))
    return " ".join(resolved.notes)


def test_what_engines_refuse_is_said_where_lengths_spread():
    # Qwen3-8B has 40,960 tokens.
    assert "are longer than the context of 40,960" in said(Workload(20000, 500, input_spread=0.6))
    assert "longer than the context" not in said(Workload(20000, 500))
    assert "longer than the context" not in said(Workload(1000, 500, input_spread=0.6))
