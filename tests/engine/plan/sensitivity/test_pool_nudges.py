"""Steps of the pools of a plan."""

from __future__ import annotations

from engine.plan.nudges.pools import pool_nudges
from engine.plan.prepared import prepare
from engine.scenario import ArrangementKind, PoolChoice, Scenario
from engine.work.arrangement import Aggregated, Disaggregated, Pool
from engine.work.layout import Layout

ANY = Scenario(
    model="qwen3-32b", chip="h100_sxm", chips=8, arrangement=ArrangementKind.ANY, framework="vllm"
)
BEST = Disaggregated(Pool(Layout(tensor=2), 2), Pool(Layout(tensor=4), 1))


def test_a_worker_more_or_less_of_each_pool_keeps_the_other():
    found = {(one.knob, one.after): one.scenario for one in pool_nudges(ANY, BEST)}
    assert ("decode workers", "0") not in found
    changed = found["prefill workers", "3"]
    assert (changed.chips, changed.arrangement) == (10, ArrangementKind.DISAGGREGATED)
    (arrangement,) = prepare(changed).arrangements
    assert arrangement == Disaggregated(Pool(Layout(tensor=2), 3), BEST.decode)


def test_chips_go_from_one_pool_to_the_other():
    shares = [one for one in pool_nudges(ANY, BEST) if one.knob == "prefill chips"]
    assert [(one.before, one.after) for one in shares] == [("4", "3"), ("4", "5")]
    assert all(one.scenario.chips == 8 for one in shares)


def test_pools_that_were_given_keep_their_chips_but_for_a_worker():
    given = PoolChoice(prefill="TP2 x2", decode="TP4", prefill_chips=4)
    found = list(pool_nudges(Scenario(chips=8, pools=given), BEST))
    assert {one.knob for one in found} == {"prefill workers", "decode workers"}
    assert found[0].scenario.pools.prefill_chips == 2


def test_replicas_have_no_pools():
    assert not list(pool_nudges(ANY, Aggregated(Layout(tensor=2, replicas=4))))
