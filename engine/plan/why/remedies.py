"""What would have to change for a batch to pass: single changes that would do, found by trying.

The candidate that misses keeps its batch and layout; where a change makes the layout illegal or
adds chips, every layout that keeps as many sequences in flight per chip is tried. Nothing is
predicted by rule of thumb: each change is worked out like any other scenario.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.model.precision import Precision
from engine.plan.kinds import plan_kind
from engine.plan.metrics.metric import Better, Metric
from engine.plan.metrics.table import (
    LARGEST_RATE,
    LIMITED,
    MEMORY,
    NO_FIGURE,
    NO_MEMORY,
    NOTHING,
    TOO_MANY,
    UNSTABLE,
    Verdict,
)
from engine.plan.nudges.nudge import Nudge, chip_count_nudge, chip_nudge, objective_nudge, relatives
from engine.plan.nudges.tokens import token_nudge
from engine.plan.prepared import LARGEST_BATCH, Prepared, prepare
from engine.plan.results import Table
from engine.plan.tables import batch_table, rows_table
from engine.scenario import LayoutLimits, Scenario
from engine.serve.images import with_images
from engine.serve.resolve import longest_tokens
from engine.words.errors import RooftopError
from engine.words.messages import say
from engine.work.arrangement import Arrangement

REACH = 256
"""How many larger batches are looked at for one with more throughput."""
DOUBLINGS = 3
"""How often the chips are doubled in search of enough."""
LONGEST_FACTOR = 8
"""Answers up to so many times as long are tried."""
LENGTH_HALVINGS = 8
"""Steps of the search for the nearest length that passes: within 1 % of the way."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One row as a person points at it."""

    arrangement: Arrangement
    precision: Precision
    batch: int


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What a candidate misses by most: its value and the limit, in ms, GiB per chip for memory,
    sequences for the scheduler, tokens for the context."""

    verdict: Verdict
    value: float
    limit: float

    @property
    def excess(self) -> float:
        """How far beyond the limit, in its unit."""
        return self.value - self.limit


@dataclass(frozen=True, slots=True)
class Remedy:
    """One change and what the candidate does after it. ``shortfall`` is None when it passes;
    ``throughput`` is per chip, NaN where it does not fit."""

    nudge: Nudge
    candidate: Candidate
    shortfall: Shortfall | None
    throughput: float

    @property
    def passes(self) -> bool:
        """Whether this change alone would do."""
        return self.shortfall is None


@dataclass(frozen=True, slots=True)
class Advice:
    """A candidate that misses (or not: then ``shortfall`` is None) and what was tried, those that
    would do first."""

    candidate: Candidate
    shortfall: Shortfall | None
    throughput: float
    remedies: tuple[Remedy, ...]
    batch_limit: int | None = None
    """The scenario's own limit on batches, where that is what keeps the candidate out."""


def next_better(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Candidate | None:
    """The smallest larger batch of the same layout that would give more per chip, whatever it
    misses; None when no larger batch within reach would. Without memory for it there is no
    throughput to compare, so the first batch that does not fit counts as better."""
    last = min(candidate.batch + REACH, LARGEST_BATCH)
    batches = np.arange(candidate.batch, last + 1)
    table = batch_table(prepared, scenario, candidate.arrangement, candidate.precision, batches)
    throughput = table.metrics[table.throughput]
    better = np.flatnonzero((throughput > throughput[0]) | ~table.fits)
    if not len(better):
        return None
    return replace(candidate, batch=int(batches[better[0]]))


def shortfall(table: Table, row: int, prepared: Prepared, scenario: Scenario) -> Shortfall | None:
    """What a row misses; None when it meets everything, the batch limit included."""
    verdict = table.verdict(row)
    if verdict is NOTHING:
        return None
    if verdict is NO_MEMORY:
        return Shortfall(verdict, table.value(row, MEMORY.id), float(table.capacity_gib[row]))
    if verdict.metric is not None:
        limit = table.limit(row, verdict.metric)
        assert limit is not None, "a limit that is missed is there"
        return Shortfall(verdict, table.value(row, verdict.metric.id), limit)
    if verdict is TOO_MANY:
        most = float(prepared.framework.scheduler.max_sequences)
        return Shortfall(verdict, float(table.batch[row]), most)
    if verdict is UNSTABLE:
        return Shortfall(verdict, scenario.workload.rate, table.value(row, LARGEST_RATE.id))
    if verdict is NO_FIGURE:
        return Shortfall(verdict, math.inf, 1.0)
    asked = longest_tokens(with_images(scenario.workload, prepared.model.architecture)[0])
    return Shortfall(verdict, float(asked), float(prepared.systems[0].max_context))


def advise(
    scenario: Scenario,
    candidate: Candidate,
    should_stop: Callable[[], bool] | None = None,
) -> Advice | None:
    """Try single changes that would let ``candidate`` pass; None when stopped. Nothing is tried
    for one that passes already. Raises `InputError` where the scenario itself is impossible."""
    prepared = prepare(scenario)
    table = _row(prepared, scenario, candidate)
    missed = shortfall(table, 0, prepared, scenario)
    throughput = float(table.metrics[table.throughput][0])
    limit = scenario.max_batch
    limit = limit if limit is not None and candidate.batch > limit else None
    if missed is None:
        return Advice(candidate, None, throughput, (), limit)
    found: list[Remedy] = []
    for attempt in _attempts(prepared, scenario, candidate, table):
        if should_stop is not None and should_stop():
            return None
        remedy = attempt()
        if remedy is not None:
            found.append(remedy)
    found.sort(key=lambda one: not one.passes)
    return Advice(candidate, missed, throughput, tuple(found), limit)


Attempt = Callable[[], Remedy | None]


def _attempts(
    prepared: Prepared, scenario: Scenario, candidate: Candidate, table: Table
) -> Iterator[Attempt]:
    """Everything that is tried, the least intrusive first."""
    kind = plan_kind(prepared)
    for nudge in kind.precision_nudges(scenario, prepared):
        yield lambda nudge=nudge: _tried(nudge, candidate)  # type: ignore[misc]
    yield lambda: _wider_limits(scenario, candidate, table)
    yield lambda: _first_chip(prepared, scenario, candidate)
    if kind.rearranges:
        yield lambda: _more_chips(scenario, candidate)
        if scenario.limits != LayoutLimits():
            yield lambda: _any_layout(prepared, scenario, candidate)
        yield lambda: _other_layout(prepared, scenario, candidate)
    for field in kind.lengths:
        yield lambda field=field: _other_length(scenario, candidate, field)  # type: ignore[misc]


def _row(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Table:
    batches = np.array([candidate.batch], dtype=np.int64)
    return batch_table(prepared, scenario, candidate.arrangement, candidate.precision, batches)


def _tried(nudge: Nudge, candidate: Candidate) -> Remedy | None:
    """The candidate after a change; None when the change cannot be worked out."""
    try:
        prepared = prepare(nudge.scenario)
        options = _counterparts(prepared, nudge.scenario, candidate)
        return _best(_judged(prepared, [nudge] * len(options), options))
    except RooftopError:
        return None


def _best(remedies: list[Remedy]) -> Remedy | None:
    """The one that passes with most throughput, else the one that misses by least."""

    def rank(one: Remedy) -> tuple[int, float]:
        if one.shortfall is None:
            return (2, one.throughput)
        fits = one.shortfall.verdict is not NO_MEMORY
        return (int(fits), -one.shortfall.value / one.shortfall.limit)

    return max(remedies, key=rank, default=None)


def _judged(
    prepared: Prepared, nudges: Sequence[Nudge], candidates: Sequence[Candidate]
) -> list[Remedy]:
    """What each candidate of one scenario does: those of one type at once, which costs little
    more than one of them."""
    remedies = []
    pairs = list(zip(nudges, candidates, strict=True))
    for kind in dict.fromkeys(type(one.arrangement) for one in candidates):
        alike = [pair for pair in pairs if type(pair[1].arrangement) is kind]
        scenario, precision = alike[0][0].scenario, alike[0][1].precision
        arrangements = tuple(one.arrangement for _, one in alike)
        batches = np.array([one.batch for _, one in alike], dtype=np.int64)
        table = rows_table(prepared, scenario, precision, arrangements, batches)
        for row, (nudge, candidate) in enumerate(alike):
            missed = shortfall(table, row, prepared, scenario)
            throughput = float(table.metrics[table.throughput][row])
            remedies.append(Remedy(nudge, candidate, missed, throughput))
    return remedies


def _counterparts(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> list[Candidate]:
    """The same candidate in another scenario: the same layout at the same batch where it is
    legal and uses all chips; else every layout with as many sequences per chip."""
    if candidate.precision not in prepared.precisions:
        candidate = replace(candidate, precision=prepared.precisions[0])
    if candidate.arrangement in prepared.arrangements:
        return [candidate]
    return _spread(prepared.arrangements, candidate, scenario.chips)


def _other_layout(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """Another layout with as many sequences per chip."""
    spread = _spread(prepared.arrangements, candidate, candidate.arrangement.chips)
    options = [one for one in spread if one.arrangement != candidate.arrangement]
    before = candidate.arrangement.name
    nudges = [Nudge("layout", before, one.arrangement.name, scenario) for one in options]
    return _best(_judged(prepared, nudges, options))


def _any_layout(limited: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The best layout that the scenario's limits on degrees keep out."""
    free = replace(scenario, limits=LayoutLimits())
    try:
        prepared = prepare(free)
    except RooftopError:
        return None
    spread = _spread(prepared.arrangements, candidate, candidate.arrangement.chips)
    options = [one for one in spread if one.arrangement not in limited.arrangements]
    nudges = [
        Nudge("layout limits", "set", say("any: {layout}", layout=one.arrangement.name), free)
        for one in options
    ]
    return _best(_judged(prepared, nudges, options))


def _spread(
    arrangements: Sequence[Arrangement], candidate: Candidate, chips: int
) -> list[Candidate]:
    """The candidate's sequences per chip in every arrangement that uses all ``chips``."""
    per_chip = candidate.batch / candidate.arrangement.single.chips
    return [
        replace(candidate, arrangement=one, batch=math.ceil(per_chip * one.single.chips - 1e-9))
        for one in arrangements
        if one.chips == chips
    ]


def _wider_limits(scenario: Scenario, candidate: Candidate, table: Table) -> Remedy | None:
    """Every missed limit widened to what the candidate needs, rounded up to three digits."""
    wider = {}
    for metric, _ in LIMITED:
        limit = table.limit(0, metric)
        value = table.value(0, metric.id) if metric.id in table.metrics else math.nan
        if limit is not None and math.isfinite(value) and not metric.keeps(value, limit):
            asked = metric.limit_in(scenario.objectives)
            assert asked is not None
            wider[metric.id] = widened(metric, value * asked / limit)
    return _tried(objective_nudge(scenario, wider), candidate) if wider else None


def widened(metric: Metric, value: float) -> float:
    """The limit of three digits nearest to a value that keeps it."""
    if metric.better is Better.LOWER:
        return rounded_up(value)
    return math.floor(value * 10.0) / 10.0


def rounded_up(value: float) -> float:
    """The next number of three digits that is not smaller."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.6g}")


def _first_chip(prepared: Prepared, scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The least of the vendor's chips with faster memory, or more of the same, that would do;
    when none would, the one that comes nearest."""
    here = prepared.chip
    tried = []
    for chip in relatives(here):
        faster = chip.bandwidth_bytes > here.bandwidth_bytes
        roomier = chip.memory_bytes > here.memory_bytes
        if not faster and (chip.bandwidth_bytes < here.bandwidth_bytes or not roomier):
            continue
        remedy = _tried(chip_nudge(scenario, chip), candidate)
        if remedy is not None and remedy.passes:
            return remedy
        tried += [remedy] if remedy is not None else []
    return _best(tried)


def _more_chips(scenario: Scenario, candidate: Candidate) -> Remedy | None:
    """The fewest times double the chips that would do; when none would, what comes nearest."""
    tried = []
    for chips in (scenario.chips << doubling for doubling in range(1, DOUBLINGS + 1)):
        remedy = _tried(chip_count_nudge(scenario, chips), candidate)
        if remedy is not None and remedy.passes:
            return remedy
        tried += [remedy] if remedy is not None else []
    return _best(tried)


def _other_length(scenario: Scenario, candidate: Candidate, field: str) -> Remedy | None:
    """The least change of a length that would do: shorter, or longer where that helps (long
    answers start fewer prompts per second); None where neither would."""
    tokens: int = getattr(scenario.workload, field)
    # An answer of one token has no TPOT to miss: nobody is helped by being told so.
    shortest = 2 if field == "output_tokens" else 1
    for end in (shortest, tokens * LONGEST_FACTOR):
        remedy = _tried(token_nudge(scenario, field, end), candidate) if end != tokens else None
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
        remedy = _tried(token_nudge(scenario, field, middle), candidate)
        if remedy is not None and remedy.passes:
            passing, found = middle, remedy
        else:
            missing = middle
    return found
