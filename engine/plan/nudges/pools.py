"""One step of the pools of a plan: a worker more or less, chips from one pool to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.plan.nudges.nudge import Nudge
from engine.scenario import ArrangementKind, Scenario
from engine.work.arrangement import Arrangement, Disaggregated

ROLES = {"prefill": "prefill workers", "decode": "decode workers"}
"""The pools, and what the number of their workers is called."""
SHARE_STEPS = 8
"""A step is one of so many parts of all chips."""


def pool_nudges(scenario: Scenario, best: Arrangement) -> Iterator[Nudge]:
    """The steps from the pools of the ``best`` plan; none where it has none."""
    if not isinstance(best, Disaggregated):
        return
    for role, knob in ROLES.items():
        pool = getattr(best, role)
        for workers in (pool.workers - 1, pool.workers + 1):
            if workers:
                changed = replace(best, **{role: replace(pool, workers=workers)})
                yield Nudge(knob, str(pool.workers), str(workers), _with_pools(scenario, changed))
    if not scenario.pools.given:
        yield from _share_nudges(scenario, best)


def _with_pools(scenario: Scenario, pools: Disaggregated) -> Scenario:
    """These workers and no others, on as many chips as they are."""
    told = scenario.pools
    counts: dict[str, Any] = {
        f"{role}_chips": getattr(pools, role).chips
        for role in ROLES
        if getattr(told, f"{role}_chips") is not None
    }
    spelt = replace(told, prefill=pools.prefill.name, decode=pools.decode.name, **counts)
    kind = ArrangementKind.DISAGGREGATED
    return replace(scenario, chips=pools.chips, arrangement=kind, pools=spelt)


def _share_nudges(scenario: Scenario, best: Disaggregated) -> Iterator[Nudge]:
    """A part of all chips from one pool to the other, with whatever layouts suit then."""
    now, step = best.prefill.chips, max(scenario.chips // SHARE_STEPS, 1)
    for chips in (now - step, now + step):
        if 0 < chips < scenario.chips:
            pools = replace(scenario.pools, prefill_chips=chips, decode_chips=None)
            kind = ArrangementKind.DISAGGREGATED
            changed = replace(scenario, arrangement=kind, pools=pools)
            yield Nudge("prefill chips", str(now), str(chips), changed)
