"""A row in few words: what it delivers, each figure with its range. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from engine.plan.metrics.metric import Metric, Unit
from engine.plan.metrics.table import BY_ID
from engine.plan.ranges.accuracy import Accuracy
from engine.plan.results import Table
from engine.words.messages import say
from engine.words.quantities import duration_within, rate_within
from tui.drawing.format import counted, metric_text

PROMPTS = BY_ID["prefill_tps"]
"""Prompt tokens per second of the whole deployment."""


def ranged(metric: Metric, value: float, share: float | None) -> str:
    """A metric's number with its range, as sentences write it: ``244 ± 34``, ``49.9 ± 7 ms``."""
    if not math.isfinite(value) or metric.unit not in {Unit.MILLISECONDS, Unit.PER_SECOND}:
        return metric_text(metric, value)
    if metric.unit is Unit.MILLISECONDS:
        return duration_within(value, share)
    return rate_within(value, share)


def row_words(table: Table, row: int, known: Accuracy, samples: str) -> tuple[str, ...]:
    """A row's throughput and what users feel of it, from the longest way to say it to the
    shortest."""
    felt = table.felt
    told = []
    for metric in (table.rated, felt):
        text = ranged(metric, table.value(row, metric.id), known.share(metric.range))
        short = counted(metric.short, samples)
        told.append(f"{short} {text}" if metric is felt else f"{text} {short}")
    rated = known.percent(table.rated.range)
    badge = say(str(known.badge))
    replicas, batch = table.arrangement(row).replicas, int(table.batch[row])
    flight = say(
        "{batch} × {replicas} = {batch_2:,} in flight",
        batch=batch,
        replicas=replicas,
        batch_2=batch * replicas,
    )
    flights = [flight] if replicas > 1 and not table.at_rate else []
    prompts = []
    if PROMPTS.id in table.metrics and table.rated.id != "prompt_tps_per_chip":
        value = table.value(row, PROMPTS.id)
        speed = ranged(PROMPTS, value, known.share(PROMPTS.range))
        prompts = [say("prefill {speed} tok/s", speed=speed)]
    return (
        " · ".join([*flights, *told, *prompts, badge]),
        " · ".join([*flights, *told, *prompts]),
        " · ".join([*flights, *told, badge]),
        " · ".join([*flights, *told]),
        " · ".join([*told, badge]),
        " · ".join(told),
        told[0],
        rated,
    )


def shares_of(table: Table, known: Accuracy) -> Mapping[str, float]:
    """The range of each metric of a table as a share of it, where it has one."""
    found = ((one, known.share(BY_ID[one].range)) for one in table.metrics)
    return {id: share for id, share in found if share is not None}
