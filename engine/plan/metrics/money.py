"""Metrics of what tokens cost and of the energy that they take."""

from __future__ import annotations

from engine.model.kinds import ModelKind
from engine.plan.metrics.metric import Better, Limit, Metric, Needs, Unit

_TOKENS = (ModelKind.TOKENS,)

MONEY_METRICS: tuple[Metric, ...] = (
    Metric(
        "usd_per_million_output",
        "$/M out",
        "cost per million output tokens",
        Unit.DOLLARS,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.usd_per_second / outcome.rates["request_tokens"] * 1e6,
        Limit("cost", 2.0, "limit, in dollars, as 2"),
        range="throughput",
        rank=8,
        width=9,
        shown=False,
        words=("cost", "usd"),
        needs=Needs.PRICE,
    ),
    Metric(
        "usd_per_million_input",
        "$/M in",
        "the same cost per million prompt tokens",
        Unit.DOLLARS,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.usd_per_second / outcome.rates["prompt_tokens"] * 1e6,
        range="throughput",
        rank=13,
        width=9,
        shown=False,
        needs=Needs.PRICE,
    ),
    Metric(
        "joules_per_token",
        "J/token",
        "energy of the chips per output token",
        Unit.JOULES,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.watts / outcome.rates["request_tokens"],
        Limit("joules", 1.0, "limit, in joules, as 0.5"),
        rank=14,
        width=9,
        shown=False,
        words=("joules",),
        needs=Needs.WATTS,
    ),
    Metric(
        "tps_per_mw",
        "tok/s/MW",
        "tokens per second per megawatt of the chips",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["request_tokens"] / outcome.watts * 1e6,
        rank=15,
        width=11,
        shown=False,
        needs=Needs.WATTS,
    ),
)
