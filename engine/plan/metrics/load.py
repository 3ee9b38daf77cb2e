"""Metrics of single requests and of the load: percentiles, goodput, rates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.plan.metrics.metric import Answers, Better, Limit, Metric, Unit
from engine.scenario import USUAL_UTILISED_PERCENT
from engine.words.statistic import PERCENTILES, Statistic

if TYPE_CHECKING:
    from engine.scenario import Objectives
    from engine.serve.outcome import Outcome
    from engine.words.arrays import FloatArray

_TOKENS = (ModelKind.TOKENS,)
_LATENCIES = (
    ("ttft", "TTFT", "TTFT", 2000.0, Answers.ANY),
    ("tpot", "TPOT", "TPOT", 50.0, Answers.SEVERAL_TOKENS),
    ("itl", "ITL", "time between two deliveries of tokens", 200.0, Answers.SEVERAL_TOKENS),
    ("e2e", "E2E", "end-to-end latency", 30_000.0, Answers.ANY),
)
"""Names without statistic or unit, labels, words in sentences, customary limits."""


def _percentile(latency: str, statistic: Statistic) -> Callable[[Outcome, Objectives], FloatArray]:
    return lambda outcome, _: outcome.at(latency, statistic) * 1e3


def _range(latency: str, statistic: Statistic) -> str:
    """Published runs say the mean and p99; between two deliveries of tokens is one's TPOT, or
    longer."""
    known = "tpot" if latency == "itl" else latency
    return known if statistic is Statistic.P50 else f"{known}_{statistic}"


def _percentiles() -> Iterator[Metric]:
    for latency, label, name, customary, answers in _LATENCIES:
        for statistic in PERCENTILES:
            yield Metric(
                f"{latency}_{statistic}_ms",
                f"{label} {statistic} ms",
                f"{name} {statistic}",
                Unit.MILLISECONDS,
                Better.LOWER,
                _TOKENS,
                _percentile(latency, statistic),
                Limit(f"{latency}-{statistic}", customary, "limit, in ms or as 1.5s"),
                range=_range(latency, statistic),
                rank=20,
                width=11,
                shown=False,
                words=(f"{latency}-{statistic}",),
                answers=answers,
                statistic=statistic,
                asked=True,
            )


def _goodput(outcome: Outcome, objectives: Objectives) -> FloatArray:
    return 100.0 * outcome.kept(objectives.request_limits)


PERCENTILE_METRICS: tuple[Metric, ...] = tuple(_percentiles())
LOAD_METRICS: tuple[Metric, ...] = (
    Metric(
        "goodput_percent",
        "good %",
        "goodput",
        Unit.PERCENT,
        Better.HIGHER,
        _TOKENS,
        _goodput,
        Limit("goodput", 95.0, "share of requests that keep every limit, at least, as 95 or 95 %%"),
        rank=21,
        width=7,
        shown=False,
        words=("goodput", "good"),
        asked=True,
    ),
    Metric(
        "requests_per_second",
        "req/s",
        "requests per second",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["requests"],
        range="throughput",
        rank=13,
        shown=False,
        words=("rps",),
        asked=True,
    ),
    Metric(
        "cached_percent",
        "found %",
        "share of prompts found in the cache",
        Unit.PERCENT,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: 100.0 * outcome.cached,
        rank=15,
        width=7,
        shown=False,
        words=("found",),
        asked=True,
    ),
    Metric(
        "utilised_percent",
        "used %",
        "utilisation",
        Unit.PERCENT,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: 100.0 * outcome.used,
        Limit(
            "max-utilisation",
            USUAL_UTILISED_PERCENT,
            "share of the largest rate that a plan for a --rate may use, as 80 or 80 %%; "
            "left out 90, for waits explode beyond it; 100: no headroom",
        ),
        range="throughput",
        rank=8,
        width=7,
        shown=False,
        words=("used",),
        asked=True,
        of_rates=True,
    ),
    Metric(
        "largest_rate",
        "stable to /s",
        "largest rate that is stable",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.largest_rate,
        rank=14,
        width=12,
        shown=False,
        words=("stable",),
        asked=True,
        of_rates=True,
    ),
)
