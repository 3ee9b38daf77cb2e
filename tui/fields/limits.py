"""Fields of limits on metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from engine.model.kinds import ModelCategory
from engine.plan.metrics.metric import Better, Limit, Metric, Unit
from engine.plan.metrics.table import LIMITED, USED, is_first, statistics_of
from engine.scenario import Objectives, Scenario
from engine.words.errors import InputError
from engine.words.messages import say
from engine.words.statistic import Statistic
from engine.words.text import clean
from tui.drawing.format import limit
from tui.fields.field import Field, ten_percent_step


def _limit_hint(metric: Metric, *, several: bool) -> str:
    if metric.unit in {Unit.DOLLARS, Unit.JOULES}:
        return "dollars; empty: none" if metric.unit is Unit.DOLLARS else "joules; empty: none"
    if metric is USED:
        return "with a rate only; empty: 90, 100: no headroom"
    if several:
        return "ms or s, as 2s or p99 2s; empty: none"
    return "as 95; empty: none" if metric.better is Better.HIGHER else "ms or s; empty: none"


def _limit_field(metric: Metric, known: Limit) -> Field:
    """Limits on every statistic of a metric, as ``2000``, ``p99 2s`` or ``1s, p99 2s``."""
    unit = " ms" if metric.unit is Unit.MILLISECONDS else ""
    sign = "≤" if metric.better is Better.LOWER else "≥"
    label = f"{metric.short.removesuffix(f' {metric.statistic}')} {sign}{unit}"
    statistics = {one.statistic: one for one in statistics_of(metric)}

    def change(scenario: Scenario, limits: Mapping[str, Any]) -> Scenario:
        return replace(scenario, objectives=replace(scenario.objectives, **limits))

    def given(scenario: Scenario) -> dict[Metric, float]:
        found = ((one, one.limit_in(scenario.objectives)) for one in statistics.values())
        return {one: value for one, value in found if value is not None}

    def read(scenario: Scenario) -> str:
        words = (_limit_words(one, value) for one, value in given(scenario).items())
        return ", ".join(words) or limit(None)

    def write(scenario: Scenario, text: str) -> Scenario:
        limits: dict[str, float | None] = {
            one.id: one.limit_in(Objectives()) for one in statistics.values()
        }
        if text.strip().lower() not in {"", "none"}:
            for part in text.split(","):
                one, value = _parsed_limit(statistics, part, label)
                limits[one.id] = value
        return change(scenario, limits)

    def step(scenario: Scenario, direction: int) -> Scenario:
        limits = given(scenario)
        if not limits:
            return change(scenario, {metric.id: known.customary})
        return change(
            scenario,
            {
                one.id: min(ten_percent_step(value, direction), one.largest_limit)
                for one, value in limits.items()
            },
        )

    return Field(
        metric.id,
        label,
        read,
        write,
        step,
        hint=_limit_hint(metric, several=len(statistics) > 1),
        kinds=tuple(one for one in ModelCategory if one.kind in metric.kinds),
    )


def _limit_words(metric: Metric, value: float) -> str:
    shown = limit(value)
    return shown if metric.statistic is Statistic.MEAN else f"{metric.statistic} {shown}"


def _parsed_limit(
    statistics: Mapping[Statistic, Metric], text: str, label: str
) -> tuple[Metric, float]:
    """A limit and the statistic that it begins with; raises `InputError`."""
    first, _, rest = text.strip().partition(" ")
    if rest:
        named = [one for one in statistics if one.value == first.lower()]
        if not named:
            raise InputError(
                say(
                    "{label}: found {text!r}, expected as 2s or p99 2s with one of {statistics}",
                    label=label,
                    text=clean(text.strip(), 30),
                    statistics=", ".join(statistics),
                )
            )
        return statistics[named[0]], statistics[named[0]].parse(rest, label)
    mean = next(iter(statistics.values()))
    return mean, mean.parse(first, label)


_USUAL_LIMITS = frozenset({"ttft_ms", "tpot_ms", "e2e_ms", "latency_ms"})
"""What most objectives are about; limits on the others are folded."""


def limit_fields(*, usual: bool) -> Iterator[Field]:
    """The fields of the ``usual`` limits, or of the others."""
    for metric, limited in LIMITED:
        if is_first(metric) and (metric.id in _USUAL_LIMITS) is usual:
            yield _limit_field(metric, limited)
