"""Metrics of what outputs, tokens or samples, cost and of the energy that they take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.plan.metrics.metric import Better, Limit, Metric, Needs, Unit

if TYPE_CHECKING:
    from engine.serve.outcome import Outcome
    from engine.words.arrays import FloatArray

_TOKENS = (ModelKind.TOKENS,)
_EVERY = (ModelKind.TOKENS, ModelKind.FORWARD)


def _outputs(outcome: Outcome) -> FloatArray:
    """Output tokens per second, or samples."""
    rates = outcome.rates
    return rates["samples"] if "samples" in rates else rates["request_tokens"]


MONEY_METRICS: tuple[Metric, ...] = (
    Metric(
        "usd_per_million_output",
        "$/M out",
        "cost per million outputs",
        Unit.DOLLARS,
        Better.LOWER,
        _EVERY,
        lambda outcome, _: outcome.usd_per_second / _outputs(outcome) * 1e6,
        Limit("cost", 2.0, "tokens or images; limit, in dollars, as 2"),
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
        "energy of the chips per output",
        Unit.JOULES,
        Better.LOWER,
        _EVERY,
        lambda outcome, _: outcome.watts / _outputs(outcome),
        Limit("joules", 1.0, "token or image; limit, in joules, as 0.5"),
        rank=14,
        width=9,
        shown=False,
        words=("joules",),
        needs=Needs.WATTS,
    ),
    Metric(
        "tps_per_mw",
        "tok/s/MW",
        "outputs per second per megawatt of the chips",
        Unit.PER_SECOND,
        Better.HIGHER,
        _EVERY,
        lambda outcome, _: _outputs(outcome) / outcome.watts * 1e6,
        rank=15,
        width=11,
        shown=False,
        needs=Needs.WATTS,
    ),
)
