"""Which knob matters: one step of every knob, and what it does to the best plan.

Each nudged scenario is swept again, so the answer is how the *best* plan moves, with another
batch or layout where that is better. Computed, never written down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.model.kinds import ModelKind
from engine.plan.metrics.table import SPEED, THROUGHPUT
from engine.plan.nudges.nudge import Nudge
from engine.plan.nudges.pools import pool_nudges
from engine.plan.prepared import prepare
from engine.plan.sensitivity.neighbours import nudges
from engine.plan.sweep import leaders
from engine.scenario import Scenario
from engine.words.errors import RooftopError
from engine.work.arrangement import Arrangement

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a nudge does to the best plan. Ratios are after over before; NaN when no plan meets
    the objectives after it (then ``batch`` is 0)."""

    nudge: Nudge
    throughput_ratio: float
    ttft_ratio: float
    tpot_ratio: float
    """Vision models: of the latency."""
    memory_ratio: float
    batch: int
    layout: str

    @property
    def strength(self) -> float:
        """How far the throughput moves, as |log ratio|; infinite when the plan is lost."""
        if not self.batch or self.throughput_ratio <= 0:
            return math.inf
        return abs(math.log(self.throughput_ratio))


def sensitivity(
    scenario: Scenario,
    should_stop: Callable[[], bool] | None = None,
    progress: Progress | None = None,
) -> list[Response]:
    """The response of the best plan to every nudge, strongest first; empty when stopped or when
    the scenario itself has no plan. Nudges that cannot be worked out (no legal layout, a format
    the model refuses) are left out."""
    before = _best(scenario, should_stop)
    if before is None or not before.batch:
        return []
    wanted = [*nudges(scenario), *before.pool_nudges(scenario)]
    responses = []
    for place, nudge in enumerate(wanted):
        if progress is not None:
            progress(place, len(wanted))
        if should_stop is not None and should_stop():
            return []
        after = _best(nudge.scenario, should_stop)
        if after is not None:
            responses.append(_response(nudge, before, after))
    return sorted(responses, key=lambda response: -response.strength)


@dataclass(frozen=True, slots=True)
class _Best:
    """What is compared of a best plan; no batch where nothing meets the objectives."""

    kind: ModelKind
    batch: int = 0
    arrangement: Arrangement | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def layout(self) -> str:
        """What the plan is called."""
        return "" if self.arrangement is None else self.arrangement.name

    def pool_nudges(self, scenario: Scenario) -> Iterator[Nudge]:
        """Steps of its pools, where it has any."""
        return iter(()) if self.arrangement is None else pool_nudges(scenario, self.arrangement)


def _best(scenario: Scenario, should_stop: Callable[[], bool] | None) -> _Best | None:
    """The best plan alone: the sweep it comes from is gone before the next begins."""
    try:
        found = leaders(prepare(scenario), scenario, should_stop)
    except RooftopError:
        return None
    if found is None:
        return None
    table, row = found.table, found.best
    if row is None:
        return _Best(table.kind)
    return _Best(table.kind, int(table.batch[row]), table.arrangement(row), table.values(row))


def _response(nudge: Nudge, before: _Best, after: _Best) -> Response:
    def ratio(metric: str) -> float:
        base = before.figures.get(metric, math.nan)
        return after.figures.get(metric, math.nan) / base if base else math.nan

    return Response(
        nudge,
        throughput_ratio=ratio(THROUGHPUT[before.kind].id),
        ttft_ratio=ratio("ttft_ms"),
        tpot_ratio=ratio(SPEED[before.kind].id),
        memory_ratio=ratio("memory_gib"),
        batch=after.batch,
        layout=after.layout,
    )
