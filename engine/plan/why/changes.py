"""The single changes that are tried: layouts, limits, chips, lengths."""

from __future__ import annotations

import math
from dataclasses import replace

from engine.plan.metrics.metric import Better, Metric
from engine.plan.metrics.table import LIMITED
from engine.plan.nudges.nudge import Nudge, chip_count_nudge, chip_nudge, objective_nudge, relatives
from engine.plan.nudges.tokens import token_nudge
from engine.plan.prepared import Prepared, prepare
from engine.plan.results import Table
from engine.plan.why.shortfall import Candidate
from engine.plan.why.trying import Remedy, best_remedy, judged, remedy_of, spread_over
from engine.scenario import LayoutLimits, Scenario
from engine.words.errors import RooftopError
from engine.words.messages import say

DOUBLINGS = 3
"""How often the chips are doubled in search of enough."""
LONGEST_FACTOR = 8
"""Answers up to so many times as long are tried."""
LENGTH_HALVINGS = 8
"""Steps of the search for the nearest length that passes: within 1 % of the way."""


def other_layout(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """Another layout with as many sequences per chip."""
    spread = spread_over(prepared.arrangements, candidate, candidate.arrangement.chips)
    options = [one for one in spread if one.arrangement != candidate.arrangement]
    before = candidate.arrangement.name
    nudges = [Nudge("layout", before, one.arrangement.name, scenario) for one in options]
    return best_remedy(judged(prepared, nudges, options))


def any_layout(limited: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The best layout that the scenario's limits on degrees keep out."""
    free = replace(scenario, limits=LayoutLimits())
    try:
        prepared = prepare(free)
    except RooftopError:
        return None
    spread = spread_over(prepared.arrangements, candidate, candidate.arrangement.chips)
    options = [one for one in spread if one.arrangement not in limited.arrangements]
    nudges = [
        Nudge("layout limits", "set", say("any: {layout}", layout=one.arrangement.name), free)
        for one in options
    ]
    return best_remedy(judged(prepared, nudges, options))


def wider_limits(scenario: Scenario, candidate: Candidate, table: Table) -> Remedy | None:
    """Every missed limit widened to what the candidate needs, rounded up to three digits."""
    wider = {}
    for metric, _ in LIMITED:
        limit = table.limit(0, metric)
        value = table.value(0, metric.id) if metric.id in table.metrics else math.nan
        if limit is not None and math.isfinite(value) and not metric.keeps(value, limit):
            asked = metric.limit_in(scenario.objectives)
            assert asked is not None
            wider[metric.id] = widened(metric, value * asked / limit)
    return remedy_of(objective_nudge(scenario, wider), candidate) if wider else None


def widened(metric: Metric, value: float) -> float:
    """The limit of three digits nearest to a value that keeps it."""
    if metric.better is Better.LOWER:
        return rounded_up(value)
    return math.floor(value * 10.0) / 10.0


def rounded_up(value: float) -> float:
    """The next number of three digits that is not smaller."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.6g}")


def first_chip(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The least of the vendor's chips with faster memory, or more of the same, that would do;
    when none would, the one that comes nearest."""
    here = prepared.chip
    tried = []
    for chip in relatives(here):
        faster = chip.bandwidth_bytes > here.bandwidth_bytes
        roomier = chip.memory_bytes > here.memory_bytes
        if not faster and (chip.bandwidth_bytes < here.bandwidth_bytes or not roomier):
            continue
        remedy = remedy_of(chip_nudge(scenario, chip), candidate)
        if remedy is not None and remedy.passes:
            return remedy
        tried += [remedy] if remedy is not None else []
    return best_remedy(tried)


def more_chips(scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The fewest times double the chips that would do; when none would, what comes nearest."""
    tried = []
    for chips in (scenario.chips << doubling for doubling in range(1, DOUBLINGS + 1)):
        remedy = remedy_of(chip_count_nudge(scenario, chips), candidate)
        if remedy is not None and remedy.passes:
            return remedy
        tried += [remedy] if remedy is not None else []
    return best_remedy(tried)


def other_length(scenario: Scenario, candidate: Candidate, field: str) -> Remedy | None:
    """The least change of a length that would do: shorter, or longer where that helps (long
    answers start fewer prompts per second); None where neither would."""
    tokens: int = getattr(scenario.workload, field)
    # An answer of one token has no TPOT to miss: nobody is helped by being told so.
    shortest = 2 if field == "output_tokens" else 1
    for end in (shortest, tokens * LONGEST_FACTOR):
        remedy = remedy_of(token_nudge(scenario, field, end), candidate) if end != tokens else None
        if remedy is not None and remedy.passes:
            return _nearest_length(scenario, candidate, field, end, remedy)
    return None


def _nearest_length(
    scenario: Scenario, candidate: Candidate, field: str, passing: int, found: Remedy
) -> Remedy:
    """Bisect between the scenario's length, which misses, and a ``passing`` one."""
    missing: int = getattr(scenario.workload, field)
    for _ in range(LENGTH_HALVINGS):
        middle = (passing + missing) // 2
        remedy = remedy_of(token_nudge(scenario, field, middle), candidate)
        if remedy is not None and remedy.passes:
            passing, found = middle, remedy
        else:
            missing = middle
    return found
