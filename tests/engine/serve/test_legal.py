"""Layouts that somebody names keep to the rules of a search."""

from __future__ import annotations

import pytest

from engine.scenario import Scenario
from engine.serve.legal import refuse_illegal
from engine.serve.resolve import resolve
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout


def system(model: str, framework: str = "vllm"):
    return resolve(Scenario(model=model, chip="h200_sxm", framework=framework)).systems[0]


@pytest.mark.parametrize(
    ("model", "layout", "reason"),
    [
        ("llama-3.1-8b", Layout(tensor=3), "TP must divide its 32 attention heads"),
        ("minimax-m2.5", Layout(tensor=8), "found 192 of 1,536 elements of an expert's width"),
    ],
)
def test_the_rule_that_refuses_a_layout_is_named(model, layout, reason):
    with pytest.raises(InputError, match=reason):
        refuse_illegal(system(model), Aggregated(layout))


def test_both_pools_are_asked():
    pools = Disaggregated(Pool(Layout(tensor=4), 1), Pool(Layout(tensor=8), 1))
    with pytest.raises(InputError, match="TP8: found 192"):
        refuse_illegal(system("minimax-m2.5"), pools)


def test_what_the_engine_starts_is_let_through():
    refuse_illegal(system("minimax-m2.5"), Aggregated(Layout(tensor=8, expert=8)))
    refuse_illegal(system("minimax-m2.5", "trtllm"), Aggregated(Layout(tensor=8)))
