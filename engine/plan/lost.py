"""Why one row is not a plan, in a few words."""

from __future__ import annotations

import numpy as np

from engine.plan.kept import certainty_percent, missed_for_certainty
from engine.plan.metrics.table import (
    LARGEST_RATE,
    MEMORY,
    NO_FIGURE,
    NO_MEMORY,
    NOTHING,
    TOO_LONG,
    UNSTABLE,
)
from engine.plan.results import Table
from engine.scenario import Objectives
from engine.words.messages import say
from engine.words.quantities import memory_amount, per_second


def why_lost(table: Table, row: int, objectives: Objectives) -> str:
    """Why one row is not a plan, in a few words; empty when it meets every objective."""
    verdict = table.verdict(row)
    if verdict is NOTHING:
        return ""
    if verdict is NO_MEMORY:
        pool = table.binding_pool(row).label
        where = say(" of the {pool} pool", pool=say(pool)) if pool else ""
        return say(
            "lacks {lacking_memory} of memory per chip{where}",
            lacking_memory=lacking_memory(table, row),
            where=where,
        )
    if verdict is TOO_LONG:
        return say("has longer requests than the model or the engine takes (--max-context)")
    if verdict is UNSTABLE:
        most = per_second(table.value(row, LARGEST_RATE.id))
        return say("carries {most} requests/s at most", most=most)
    if verdict is NO_FIGURE:
        return say(
            "has a figure beyond {verdict}: check the profile of the chip and the engine",
            verdict=say(verdict.name),
        )
    if verdict.metric is None:
        return say("exceeds {verdict}", verdict=say(verdict.name))
    value = table.value(row, verdict.metric.id)
    limit = verdict.metric.limit_in(objectives)
    assert limit is not None
    if missed_for_certainty(table, objectives, row):
        certain = float(certainty_percent(table, objectives, np.array([row]))[0])
        return say(
            "{verdict} {beyond} keeps {amount} with {certain:.0f} % certainty only",
            verdict=say(verdict.name),
            beyond=verdict.metric.beyond(value, limit),
            amount=verdict.metric.amount(limit),
            certain=certain,
        )
    over = 100.0 * (float(verdict.metric.ratio(value, limit)) - 1.0)
    digits = 1 if over >= 0.1 else 3
    return say(
        "{verdict} {beyond} misses {amount} by {over:.{digits}f} %",
        verdict=say(verdict.name),
        beyond=verdict.metric.beyond(value, limit),
        amount=verdict.metric.amount(limit),
        over=over,
        digits=digits,
    )


def lacking_memory(table: Table, row: int) -> str:
    """What a row needs beyond the capacity of a chip."""
    return memory_amount(table.value(row, MEMORY.id) - float(table.capacity_gib[row]))
