"""Differences of plans and scenarios: only what changed, in order."""

from __future__ import annotations

from dataclasses import replace

from engine.plan.saved.diff import Difference, differences, flattened
from engine.plan.saved.plan_file import scenario_document
from engine.scenario import Objectives, Scenario


def test_equal_documents_have_no_differences():
    assert differences({"a": {"b": 1}}, {"a": {"b": 1}}) == ()


def test_only_changed_keys_in_the_order_of_the_first():
    before = {"a": 1, "b": {"c": 2, "d": 3}}
    after = {"a": 1, "b": {"c": 4, "e": 5}}
    assert differences(before, after) == (
        Difference("b.c", 2, 4),
        Difference("b.d", 3, None),
        Difference("b.e", None, 5),
    )


def test_tables_in_lists_are_told_apart_by_name():
    rows = [
        {"phase": "decode", "name": "experts", "time_ms": 2.0},
        {"phase": "prefill", "name": "experts", "time_ms": 9.0},
    ]
    assert dict(flattened({"operators": rows})) == {
        "operators[decode experts].time_ms": 2.0,
        "operators[prefill experts].time_ms": 9.0,
    }


def test_numbers_have_a_ratio():
    assert Difference("x", 2, 3).ratio == 1.5
    assert Difference("x", "fp8", "bf16").ratio is None
    assert Difference("x", 0, 3).ratio is None
    assert Difference("x", True, False).ratio is None


def test_scenarios_differ_in_what_was_turned():
    before = Scenario()
    after = replace(
        before,
        chips=32,
        objectives=Objectives(ttft_ms=2000, tpot_ms=None),
        edits=(("num_hidden_layers", 30),),
    )
    changed = differences(scenario_document(before), scenario_document(after))
    found = {one.key: (one.before, one.after) for one in changed}
    assert found == {
        "chips": (16, 32),
        "objectives.tpot_ms": (50, None),
        "edits[num_hidden_layers].value": (None, "30"),
    }
