"""Every metric once: its words, its unit, its limit, for which models, how an outcome says it.

The command line, plan files, forms, columns, filters, charts and sentences read this table; a new
metric or objective is one entry here (and a field of `engine.scenario.Objectives` where it has a
limit). The module loads nothing heavy: forms are drawn before numpy is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from engine.model.kinds import ModelKind
from engine.words.quantities import GIB

if TYPE_CHECKING:
    from engine.serve.outcome import Outcome
    from engine.words.arrays import FloatArray


class Unit(Enum):
    """What a metric's numbers are in."""

    MILLISECONDS = "ms"
    PER_SECOND = "/s"
    GIBIBYTES = "GiB"
    DOLLARS = "$"
    JOULES = "J"


class Better(Enum):
    """Which way a metric is better."""

    LOWER = "lower"
    HIGHER = "higher"


class Answers(Enum):
    """The answers that a metric is about, by their length."""

    ANY = "any"
    SEVERAL_TOKENS = "two tokens or more"
    """Nothing comes after the first token of an answer of one."""
    ONE_TOKEN = "one token: only prompts are worked on"


class Needs(Enum):
    """What a metric cannot be known without."""

    NOTHING = "nothing"
    PRICE = "prices of chips"
    WATTS = "watts of chips"


@dataclass(frozen=True, slots=True)
class Limit:
    """The objective that a metric has: a field of `engine.scenario.Objectives` by the metric's id.

    ``option`` is its option on the command line, ``customary_ms`` where a step of the form takes a
    limit that there was none of, in the metric's unit where that is no time.
    """

    option: str
    customary_ms: float
    help: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of a candidate.

    ``label`` heads its column, ``name`` is what sentences call it. ``of`` reads it from an outcome
    as an array of (arrangements, sizes). ``range`` names the kind of published error that is its
    range, empty for what was never compared. ``rank`` says which columns go first where there is no
    room, ``width`` the cells that its numbers need; ``shown`` is False for columns that are hidden
    at first. A ``headline`` is what answers are compared by; ``words`` name it in a filter.
    ``answers`` are those that it says something about.
    """

    id: str
    label: str
    name: str
    unit: Unit
    better: Better
    kinds: tuple[ModelKind, ...]
    of: Callable[[Outcome], FloatArray]
    limit: Limit | None = None
    range: str = ""
    rank: int = 9
    width: int = 8
    shown: bool = True
    headline: bool = False
    words: tuple[str, ...] = ()
    answers: Answers = Answers.ANY
    needs: Needs = Needs.NOTHING

    def is_about(self, *, one_token: bool) -> bool:
        """Whether it says something about answers of one token, or of several."""
        other = Answers.SEVERAL_TOKENS if one_token else Answers.ONE_TOKEN
        return self.answers is not other

    @property
    def short(self) -> str:
        """The label without its unit: ``TTFT``, ``tok/s/chip``."""
        return self.label.removesuffix(" ms")


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
        lambda outcome: outcome.seconds["ttft"] * 1e3,
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
        lambda outcome: outcome.seconds["tpot"] * 1e3,
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
        lambda outcome: outcome.seconds["e2e"] * 1e3,
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
        lambda outcome: outcome.rates["request_tokens"],
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
        lambda outcome: outcome.rates["decode_tokens"],
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
        lambda outcome: outcome.rates["prompt_tokens"],
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
        lambda outcome: outcome.rates["prompt_tokens"] / outcome.chips,
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
        lambda outcome: outcome.rates["request_tokens"] / outcome.chips,
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
        lambda outcome: 1.0 / outcome.seconds["tpot"],
        rank=6,
        width=10,
        words=("user",),
        answers=Answers.SEVERAL_TOKENS,
    ),
    Metric(
        "usd_per_million_output",
        "$/M out",
        "cost per million output tokens",
        Unit.DOLLARS,
        Better.LOWER,
        _TOKENS,
        lambda outcome: outcome.usd_per_second / outcome.rates["request_tokens"] * 1e6,
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
        lambda outcome: outcome.usd_per_second / outcome.rates["prompt_tokens"] * 1e6,
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
        lambda outcome: outcome.watts / outcome.rates["request_tokens"],
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
        lambda outcome: outcome.rates["request_tokens"] / outcome.watts * 1e6,
        rank=15,
        width=11,
        shown=False,
        needs=Needs.WATTS,
    ),
    Metric(
        "latency_ms",
        "latency ms",
        "latency",
        Unit.MILLISECONDS,
        Better.LOWER,
        _FORWARD,
        lambda outcome: outcome.seconds["latency"] * 1e3,
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
        lambda outcome: outcome.rates["samples"],
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
        lambda outcome: outcome.rates["samples"] / outcome.chips,
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
        lambda outcome: outcome.memory.needed_bytes / GIB,
        rank=5,
        width=7,
        headline=True,
        words=("gib", "mem", "memory"),
    ),
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
NO_FIGURE = Verdict("figures", "what can be calculated", "no figure")
"""Some figure is no finite number: nobody can say whether it meets anything."""
VERDICTS: tuple[Verdict, ...] = (
    NOTHING,
    NO_MEMORY,
    *(Verdict(limit.option, one.name, one.short, one) for one, limit in LIMITED),
    TOO_MANY,
    TOO_LONG,
    NO_FIGURE,
)
"""All verdicts; tables hold their places."""
CODES = {verdict: place for place, verdict in enumerate(VERDICTS)}
"""The place of each verdict."""
