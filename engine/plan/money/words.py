"""Money and energy in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.plan.metrics.metric import Metric
from engine.plan.metrics.money import MONEY_METRICS
from engine.plan.results import Table
from engine.scenario import Objectives
from engine.words.messages import say


def limited_money(
    table: Table, row: int, objectives: Objectives, label: Callable[[Metric], str]
) -> Iterator[tuple[Metric, str]]:
    """What outputs cost and what energy they take, where that has a limit: the metric and
    ``J/token 0.4 of 0.5``."""
    for metric in MONEY_METRICS:
        limit = metric.limit_in(objectives)
        if limit is not None and metric.id in table.metrics:
            words = say(
                "{name} {value} of {limit}",
                name=label(metric),
                value=f"{table.value(row, metric.id):.3g}",
                limit=f"{limit:g}",
            )
            yield metric, words
