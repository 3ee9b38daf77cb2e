"""Several runs of what is not fitted: a factor or a constant that explains a latency of all."""

from __future__ import annotations

import pytest

from engine.cli.compared import Asked, Compared
from engine.cli.paces import paces
from engine.plan.verification import Expected
from engine.scenario import Scenario
from engine.work.arrangement import Disaggregated, parse_pool

POOLS = Disaggregated(parse_pool("TP4", "prefill"), parse_pool("TP4", "decode"))
ASKED = Asked(Scenario(model="llama-3.3-70b", chip="h100_sxm", chips=8), POOLS, "")
PREDICTED = (20.0, 30.0, 60.0)


def compared(*measured: float) -> list[Compared]:
    return [
        Compared("run", 1.0, one, Expected("tpot_ms", other, 0.95 * other, 1.05 * other), "")
        for one, other in zip(measured, PREDICTED, strict=True)
    ]


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ((26.0, 39.0, 78.0), "decode passes that take 1.30 of what was predicted would explain"),
        ((32.0, 42.0, 72.0), "12.0 ms more of each than was predicted would explain"),
        ((20.1, 30.1, 64.0), "which is not identifiable"),
    ],
)
def test_what_leaves_the_least_error_is_said(measured: tuple[float, ...], expected: str):
    assert expected in paces(ASKED, compared(*measured), 1.0)


def test_nothing_is_said_of_what_lies_inside():
    assert paces(ASKED, compared(*PREDICTED), 1.0) == ""
