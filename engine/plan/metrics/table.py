"""Every metric once: its words, its unit, its limit, for which models, how an outcome says it.

The command line, plan files, forms, columns, filters, charts and sentences read this table; a new
metric or objective is one entry here (and a field of `engine.scenario.Objectives` where it has a
limit). The module loads nothing heavy: forms are drawn before numpy is there.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.kinds import ModelKind
from engine.plan.metrics.load import LOAD_METRICS, PERCENTILE_METRICS
from engine.plan.metrics.metric import Answers, Better, Limit, Metric, Unit
from engine.plan.metrics.money import MONEY_METRICS
from engine.words.quantities import GIB

_TOKENS = (ModelKind.TOKENS,)
_FORWARD = (ModelKind.FORWARD,)

METRICS: tuple[Metric, ...] = (
    Metric(
        "ttft_ms",
        "TTFT ms",
        "TTFT",
        Unit.MILLISECONDS,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.seconds["ttft"] * 1e3,
        Limit("ttft", 2000.0, "limit, in ms or as 1.5s"),
        range="ttft",
        rank=4,
        headline=True,
        words=("ttft",),
    ),
    Metric(
        "tpot_ms",
        "TPOT ms",
        "TPOT",
        Unit.MILLISECONDS,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.seconds["tpot"] * 1e3,
        Limit("tpot", 50.0, "limit, in ms"),
        range="tpot",
        rank=3,
        headline=True,
        words=("tpot",),
        answers=Answers.SEVERAL_TOKENS,
    ),
    Metric(
        "e2e_ms",
        "E2E ms",
        "end-to-end latency",
        Unit.MILLISECONDS,
        Better.LOWER,
        _TOKENS,
        lambda outcome, _: outcome.seconds["e2e"] * 1e3,
        Limit("e2e", 30_000.0, "limit, in ms or as 30s"),
        range="e2e",
        rank=7,
        words=("e2e",),
    ),
    Metric(
        "request_tps",
        "req tok/s",
        "generated tokens per second, prefill time included",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["request_tokens"],
        range="throughput",
        rank=10,
        width=9,
        shown=False,
    ),
    Metric(
        "decode_tps",
        "dec tok/s",
        "generated tokens per second while decoding",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["decode_tokens"],
        range="throughput",
        rank=11,
        width=9,
        shown=False,
        answers=Answers.SEVERAL_TOKENS,
    ),
    Metric(
        "prefill_tps",
        "pre tok/s",
        "prompt tokens per second",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["prompt_tokens"],
        range="throughput",
        rank=12,
        width=9,
        shown=False,
    ),
    Metric(
        "prompt_tps_per_chip",
        "prompt tok/s/chip",
        "prompt tokens per second per chip",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["prompt_tokens"] / outcome.chips,
        range="throughput",
        rank=1,
        width=17,
        headline=True,
        answers=Answers.ONE_TOKEN,
    ),
    Metric(
        "tps_per_chip",
        "tok/s/chip",
        "tokens per second per chip",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: outcome.rates["request_tokens"] / outcome.chips,
        range="throughput",
        rank=2,
        width=10,
        headline=True,
        words=("tps", "tok", "chip"),
        answers=Answers.SEVERAL_TOKENS,
    ),
    Metric(
        "tps_per_user",
        "tok/s/user",
        "tokens per second of one user",
        Unit.PER_SECOND,
        Better.HIGHER,
        _TOKENS,
        lambda outcome, _: 1.0 / outcome.seconds["tpot"],
        range="tpot",
        rank=6,
        width=10,
        words=("user",),
        answers=Answers.SEVERAL_TOKENS,
    ),
    Metric(
        "latency_ms",
        "latency ms",
        "latency",
        Unit.MILLISECONDS,
        Better.LOWER,
        _FORWARD,
        lambda outcome, _: outcome.seconds["latency"] * 1e3,
        Limit("latency", 100.0, "images and encoders: limit per batch, in ms or as 1s"),
        range="latency",
        rank=3,
        width=10,
        headline=True,
        words=("latency",),
    ),
    Metric(
        "fps",
        "images/s",
        "images per second",
        Unit.PER_SECOND,
        Better.HIGHER,
        _FORWARD,
        lambda outcome, _: outcome.rates["samples"],
        range="throughput",
        rank=4,
        width=9,
    ),
    Metric(
        "fps_per_chip",
        "img/s/chip",
        "images per second per chip",
        Unit.PER_SECOND,
        Better.HIGHER,
        _FORWARD,
        lambda outcome, _: outcome.rates["samples"] / outcome.chips,
        range="throughput",
        rank=2,
        width=10,
        headline=True,
        words=("fps",),
    ),
    Metric(
        "memory_gib",
        "GiB",
        "memory per chip",
        Unit.GIBIBYTES,
        Better.LOWER,
        (ModelKind.TOKENS, ModelKind.FORWARD),
        lambda outcome, _: outcome.memory.needed_bytes / GIB,
        rank=5,
        width=7,
        headline=True,
        words=("gib", "mem", "memory"),
    ),
    *PERCENTILE_METRICS,
    *LOAD_METRICS,
    *MONEY_METRICS,
)
"""In the order of tables and files."""

BY_ID = {one.id: one for one in METRICS}
LIMITED = tuple((one, one.limit) for one in METRICS if one.limit is not None)
"""The metrics that an objective can limit, with their limits."""
THROUGHPUT = {
    ModelKind.TOKENS: BY_ID["tps_per_chip"],
    ModelKind.FORWARD: BY_ID["fps_per_chip"],
}
"""The metric that ranks candidates."""
SPEED = {
    ModelKind.TOKENS: BY_ID["tpot_ms"],
    ModelKind.FORWARD: BY_ID["latency_ms"],
}
"""What one user feels most of."""
OVER = {
    ModelKind.TOKENS: BY_ID["tps_per_user"],
    ModelKind.FORWARD: BY_ID["latency_ms"],
}
"""What throughput is weighed against: the other axis of the Pareto frontier."""
MEMORY = BY_ID["memory_gib"]
LARGEST_RATE, USED = BY_ID["largest_rate"], BY_ID["utilised_percent"]


def statistics_of(metric: Metric) -> tuple[Metric, ...]:
    """The limited metrics of the same latency, by their statistic; ``metric`` itself first."""
    same = (one for one, _ in LIMITED if one.latency == metric.latency and one is not metric)
    return (metric, *same)


def is_first(metric: Metric) -> bool:
    """Whether it is the first of the limited metrics of its latency."""
    return next(one for one, _ in LIMITED if one.latency == metric.latency) is metric


def metrics_of(kind: ModelKind) -> tuple[Metric, ...]:
    """The metrics of one kind of models."""
    return tuple(one for one in METRICS if kind in one.kinds)


def metrics_about(kind: ModelKind, *, one_token: bool) -> tuple[Metric, ...]:
    """The metrics of one kind of models that say something about answers of one token, or of
    several. What ranks is worked out for both."""
    return tuple(one for one in metrics_of(kind) if one.is_about(one_token=one_token))


def limited_of(kind: ModelKind) -> tuple[Metric, ...]:
    """The metrics of one kind of models that an objective can limit."""
    return tuple(one for one, _ in LIMITED if kind in one.kinds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a candidate is not the answer; ``metric`` is the one whose limit it misses. ``short`` is
    the word in a table."""

    id: str
    name: str
    short: str
    metric: Metric | None = None


NOTHING = Verdict("none", "nothing", "meets")
NO_MEMORY = Verdict("memory", "memory", "memory")
TOO_MANY = Verdict("sequences", "the scheduler's limit of sequences", "seqs")
TOO_LONG = Verdict("context", "the context", "context")
UNSTABLE = Verdict("rate", "the rate", "rate")
"""More comes than is served: the queue grows without end."""
NO_FIGURE = Verdict("figures", "what can be calculated", "no figure")
"""Some figure is no finite number: nobody can say whether it meets anything."""
VERDICTS: tuple[Verdict, ...] = (
    NOTHING,
    NO_MEMORY,
    *(Verdict(limit.option, one.name, one.short, one) for one, limit in LIMITED),
    TOO_MANY,
    TOO_LONG,
    UNSTABLE,
    NO_FIGURE,
)
"""All verdicts; tables hold their places."""
CODES = {verdict: place for place, verdict in enumerate(VERDICTS)}
"""The place of each verdict."""
