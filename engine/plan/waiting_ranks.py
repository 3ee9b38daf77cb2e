"""What is said of rates at which attention-DP ranks hold each other up: no formula holds there."""

from __future__ import annotations

from engine.plan.metrics.table import USED
from engine.plan.results import Table
from engine.words.messages import say
from engine.work.arrangement import Aggregated, Arrangement

SAID_FROM = 50.0
"""Percent of the largest rate: up to there means are within a quarter of the simulation's, beyond
waits feed on themselves (`tests.benchmarks.percentiles`)."""


def ranks_note(arrangement: Arrangement, used_percent: float | None) -> str:
    """That latencies at a rate are not known where ranks wait for each other's prompts; empty where
    they are."""
    if used_percent is None or not used_percent >= SAID_FROM:
        return ""
    if not isinstance(arrangement, Aggregated) or arrangement.layout.attention_data == 1:
        return ""
    return say(
        "attention-DP ranks wait for each other's prompts: at {used:.0f} % of the largest rate "
        "percentiles may be several times as long, or half; `rooftop simulate` counts them",
        used=used_percent,
    )


def row_ranks_note(table: Table, row: int) -> str:
    """The same of a row of a table."""
    used = table.value(row, USED.id) if USED.id in table.metrics else None
    return ranks_note(table.arrangement(row), used)
