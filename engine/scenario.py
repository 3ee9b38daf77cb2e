"""A Scenario: everything a person chose, in one frozen value.

The sweep is a pure function of it. Plans store it whole; the app keeps a list of them for
undo and redo.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.words.statistic import PERCENTILES


class Mode(StrEnum):
    """How requests are served."""

    CONTINUOUS = "continuous"
    STATIC = "static"


class ArrangementKind(StrEnum):
    """Which ways of using the chips a sweep compares."""

    AGGREGATED = "aggregated"
    """Replicas of one layout, each of which does prefill and decode."""
    DISAGGREGATED = "disaggregated"
    """Prefill and decode on pools of their own."""
    ANY = "any"


class ClientKind(StrEnum):
    """Who sends requests under continuous batching."""

    STEADY = "steady"
    """A load that has long been going on."""
    CLOSED = "closed"
    """A benchmark's client, which opens all its slots at once and refills them."""


class Lengths(StrEnum):
    """Whether a person chose the lengths of prompts and answers."""

    DEFAULT = "default"
    """Nobody did."""
    FITTED = "fitted"
    """Nobody did, and the usual ones were made to fit the model's context
    (`engine.plan.lengths`)."""
    CHOSEN = "chosen"


class Text(StrEnum):
    """What requests are about: it decides how many drafted tokens are kept."""

    CHAT = "chat"
    CODE = "code"
    REASONING = "reasoning"
    AGENT = "agent"
    DOCUMENTS = "documents"
    WRITING = "writing"
    RANDOM = "random"
    """Random tokens, as benchmarks send them: what is kept of drafts then says nothing of real
    requests."""


class DraftTokens(StrEnum):
    """Who chose how many tokens are drafted."""

    GIVEN = "given"
    BEST = "auto"
    """As many as bring most under the objectives (`engine.plan.drafting`)."""


class ChipCount(StrEnum):
    """Who chose how many chips there are."""

    GIVEN = "given"
    ENOUGH = "auto"
    """As many as layouts are found with that carry the rate (`engine.plan.fleet.fewest`)."""
    NODES = "auto-nodes"
    """The fewest whole nodes that carry it."""


class Task(StrEnum):
    """What a model is asked for: one language model may answer with text, or with one vector."""

    AUTO = "auto"
    """What its class says, and the files beside its config."""
    GENERATE = "generate"
    EMBED = "embed"


class NameKind(StrEnum):
    """Which benchmark name of an answer of one token is the row's own."""

    THROUGHPUT = "tps"
    FIRST_TOKEN = "ftl"


class FirstToken(StrEnum):
    """Which statistic of the first-token latency is shown."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, slots=True)
class Client:
    """Who sends the requests; ``waves`` and ``spread`` are of a closed one: requests per slot, and
    the range of answer lengths as a share of their mean (0: equal lengths, waves in step)."""

    kind: ClientKind = ClientKind.STEADY
    waves: int = 10
    spread: float = 0.2
    first_token: FirstToken = FirstToken.MEAN


LEAST_PER_SECOND, MOST_PER_SECOND = 1e-6, 1e6
LEAST_BURSTINESS, MOST_BURSTINESS = 0.01, 1000.0
EVEN_CERTAINTY, MOST_CERTAINTY = 50.0, 99.0
MOST_SPREAD = 10.0
MOST_TURNS = 1000
MOST_IMAGES = 1000
MOST_THINK_SECONDS = 1e6
MOST_HOST_GIB = 100_000
MOST_RANK_WAIT = 10_000
"""What nobody means to ask for lies beyond; files, options and forms refuse it."""
USUAL_IMAGE = (1024, 1024)
"""Width and height where a person gives none."""
USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS = 4096, 1024
USUAL_UTILISED_PERCENT, EVERY_PERCENT = 90.0, 100.0
"""Of the largest rate where nobody says how much of it a plan may use, and no headroom at all.
Waits grow as ``1/(1 − used)``: five times as long from 90 to 98 %, and the largest rate itself is
known to a few percent."""


@dataclass(frozen=True, slots=True)
class Workload:
    """What one request looks like. Vision models use ``image_*`` and no tokens, text encoders
    ``sequence_tokens``, the length of their sequences; 0 is the model's own. Language models that
    see take ``images`` of that size beside the ``input_tokens`` of text."""

    input_tokens: int = USUAL_INPUT_TOKENS
    output_tokens: int = USUAL_OUTPUT_TOKENS
    mode: Mode = Mode.CONTINUOUS
    image_width: int = 0
    image_height: int = 0
    sequence_tokens: int = 0
    images: int = 0
    """Of each request (of each turn of a conversation)."""
    rate: float = 0.0
    """Requests per second that come to the whole deployment; 0 where a number of them is in flight.
    """
    burstiness: float = 1.0
    """Shape of the gamma distribution of the time between requests, as clients of vLLM and SGLang
    take it: 1 is Poisson, less comes in bursts, more is evenly spaced."""
    input_spread: float = 0.0
    output_spread: float = 0.0
    """Standard deviation of lengths over their mean."""
    cached: float = 0.0
    """Share of the prompt tokens that the engine finds in its prefix cache."""
    shared_prefix_tokens: int = 0
    """Tokens that all prompts begin with."""
    turns: int = 1
    """Turns of a conversation: ``input_tokens`` are what each of them adds to the context."""
    think_seconds: float = 0.0
    """From an answer to the next request that finds its context in the prefix cache: the next turn
    of a conversation, or whoever else asks about the same."""
    utilisation: float = 1.0
    """Share of the time that forward models are kept busy: requests that come one by one under a
    latency limit leave some of it idle."""
    client: Client = field(default_factory=Client)
    lengths: Lengths = Lengths.DEFAULT
    text: Text = Text.CHAT

    def __post_init__(self) -> None:
        """Other lengths than the usual ones were chosen by somebody; nothing arrives at a static
        batch."""
        if self.mode is Mode.STATIC and self.rate:
            object.__setattr__(self, "rate", 0.0)
        usual = (USUAL_INPUT_TOKENS, USUAL_OUTPUT_TOKENS)
        if self.lengths is Lengths.DEFAULT and (self.input_tokens, self.output_tokens) != usual:
            object.__setattr__(self, "lengths", Lengths.CHOSEN)

    @property
    def is_one_token(self) -> bool:
        """Whether an answer is its first token and no more, which comes out of the prefill: there
        is no time per token after it."""
        return self.output_tokens == 1

    @property
    def resolution(self) -> tuple[int, int] | None:
        """Width and height of an image; None for the model's own."""
        return (self.image_width, self.image_height) if self.image_width else None


@dataclass(frozen=True, slots=True)
class Objectives:
    """Service level objectives in milliseconds; None means no limit."""

    ttft_ms: float | None = None
    tpot_ms: float | None = None
    e2e_ms: float | None = None
    usd_per_million_output: float | None = None
    """Dollars, not milliseconds; likewise joules."""
    joules_per_token: float | None = None
    latency_ms: float | None = None
    """Vision: mean latency of a whole batch."""
    ttft_p50_ms: float | None = None
    ttft_p90_ms: float | None = None
    ttft_p95_ms: float | None = None
    ttft_p99_ms: float | None = None
    tpot_p50_ms: float | None = None
    tpot_p90_ms: float | None = None
    tpot_p95_ms: float | None = None
    tpot_p99_ms: float | None = None
    itl_p50_ms: float | None = None
    itl_p90_ms: float | None = None
    itl_p95_ms: float | None = None
    itl_p99_ms: float | None = None
    e2e_p50_ms: float | None = None
    e2e_p90_ms: float | None = None
    e2e_p95_ms: float | None = None
    e2e_p99_ms: float | None = None
    goodput_percent: float | None = None
    """Requests that keep the limits of all latencies, at least."""
    utilised_percent: float = USUAL_UTILISED_PERCENT
    """Of the largest rate that is carried, at most, where requests come at a rate."""

    @property
    def asks_nothing(self) -> bool:
        """Whether nobody limits anything but how much of the largest rate is used."""
        return replace(self, utilised_percent=USUAL_UTILISED_PERCENT) == Objectives()

    @property
    def request_limits(self) -> dict[str, float]:
        """Seconds that a single request may take, by latency: the widest of the limits on any
        statistic of it."""
        limits = {}
        for latency in ("ttft", "tpot", "e2e"):
            names = (f"{latency}_ms", *(f"{latency}_{one}_ms" for one in PERCENTILES))
            given = [value for name in names if (value := getattr(self, name)) is not None]
            if given:
                limits[latency] = max(given) / 1e3
        return limits


class Best(StrEnum):
    """What plans that keep the objectives are ranked by."""

    THROUGHPUT = "throughput"
    """Per chip."""
    COST = "cost"
    """Dollars per output token."""
    ENERGY = "energy"
    """Joules per output token."""


@dataclass(frozen=True, slots=True)
class LayoutLimits:
    """Which parallel degrees the sweep may use; empty tuples mean every legal one."""

    tensor: tuple[int, ...] = ()
    pipeline: tuple[int, ...] = ()
    expert: tuple[int, ...] = ()
    attention_data: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """What is chosen of the two pools of a disaggregated deployment; empty leaves it to the search.

    ``prefill`` and ``decode`` are the workers of each, as ``TP1 EP8 DP8 x2``; of one that is
    given alone, the other is searched for. ``prefill_chip`` and
    ``prefill_precision`` (WxAy) are the prefill pool's own; the decode pool has the scenario's.
    ``prefill_chips`` and ``decode_chips`` say how many of all chips each has.
    """

    prefill: str = ""
    decode: str = ""
    prefill_chip: str = ""
    prefill_chips: int | None = None
    decode_chips: int | None = None
    prefill_precision: str = ""

    @property
    def given(self) -> bool:
        """Whether both pools are spelt out: nothing but the batch is left to search."""
        return bool(self.prefill and self.decode)

    def split(self, chips: int) -> tuple[int, int] | None:
        """How many of ``chips`` prefill and how many decode; None where that is left open."""
        if self.prefill_chips is not None:
            return self.prefill_chips, chips - self.prefill_chips
        if self.decode_chips is not None:
            return chips - self.decode_chips, self.decode_chips
        return None


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is told; None leaves its own default for the chip and version.

    ``prefill_tokens`` are tokens of prompts in one pass, ``max_sequences`` are sequences of one
    attention rank at once, ``max_context`` tokens of one request. ``build`` is a dated
    (``2026-02-10``) or numbered (``0.6``) build of the engine; empty is the newest described.
    ``redundant_experts`` are copies of popular experts on the expert ranks together, 0 for none;
    ``batch_overlap`` lets two
    halves of a batch take turns, one computing while the other's tokens travel;
    ``dp_lm_head`` has every attention-DP rank hold the LM head, instead of all together;
    ``prefill_interval`` are passes from one that may take prompts to the next, the same on all
    attention-DP ranks; ``rank_wait`` are passes that a prompt of one attention-DP rank waits at
    most for the others to have one as well, 0 where none waits; ``host_cache_gib`` of host memory
    for each chip hold what the prefix cache on the chips has no room for.
    """

    memory_fraction: float | None = None
    prefill_tokens: int | None = None
    max_sequences: int | None = None
    max_context: int | None = None
    prefix_caching: bool | None = None
    redundant_experts: int | None = None
    batch_overlap: bool | None = None
    dp_lm_head: bool | None = None
    prefill_interval: int | None = None
    rank_wait: int | None = None
    host_cache_gib: float | None = None
    build: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One what-if.

    ``model`` is a bundled profile's name, a path or a hub id; ``edits`` are what-ifs on config
    keys (dotted path, JSON value). ``weights``, ``activations`` and ``kv`` are format names or
    empty for the checkpoint's own; ``precisions`` lists further WxAy shorthands to try.
    """

    model: str = "deepseek-v3"
    edits: tuple[tuple[str, object], ...] = ()
    chip: str = "h200_sxm"
    chips: int = 16
    framework: str = "vllm"
    settings: Settings = field(default_factory=Settings)
    weights: str = ""
    activations: str = ""
    kv: str = ""
    precisions: tuple[str, ...] = ()
    workload: Workload = field(default_factory=Workload)
    objectives: Objectives = field(default_factory=lambda: Objectives(ttft_ms=2000, tpot_ms=50))
    limits: LayoutLimits = field(default_factory=LayoutLimits)
    arrangement: ArrangementKind = ArrangementKind.AGGREGATED
    pools: PoolChoice = field(default_factory=PoolChoice)
    max_batch: int | None = None
    fixed_batch: int | None = None
    """The only batch that is tried, as a benchmark name gives it; None for every one."""
    best: Best = Best.THROUGHPUT
    certainty: float = EVEN_CERTAINTY
    """Percent of certainty with which a plan keeps each of its limits, given how far off such
    predictions have been; 50 takes figures at their word."""
    counting: ChipCount = ChipCount.GIVEN
    prices: str = ""
    """A file of dollars per chip and hour; empty is the person's own, if there is one."""
    benchmark_number: int = 1
    """The three digits of the benchmark names that are written."""
    benchmark_kind: NameKind = NameKind.THROUGHPUT
    """The kind of name that the scenario was given by; of longer answers only one kind says it
    all."""
    load_imbalance: float = 1.0
    """Tokens on the busiest expert rank over those that it usually has: 1 is what such deployments
    are known for, less is better balanced."""
    draft: str = ""
    """What drafts: a method (`engine.model.draft.DraftMethod`), or a draft's profile, path or hub
    id; empty is the model's own prediction layers or, without any, an EAGLE-3 draft."""
    draft_tokens: int = 0
    """Tokens drafted per step; 0 turns drafting off."""
    drafts: DraftTokens = DraftTokens.GIVEN
    acceptance: float | None = None
    """Probability that one more draft token is accepted, given that all before it were; None for
    what is known of the model, the method and the text."""
    kept: tuple[float, ...] = ()
    """Instead of it the share of the steps that keep the drafted token at each position, where it
    was measured."""
    instances: int = 1
    """Vision: copies of the model that run at the same time on each chip."""
    task: Task = Task.AUTO
    assume: str = ""
    """Dialect to read an unknown ``model_type`` with."""
    revision: str = ""

    def of_model(self, model: str) -> Scenario:
        """The scenario with another model. What-ifs, a revision, a stand-in for the model type, its
        task, a draft and the length of an encoder's sequences belong to the model they were chosen
        for."""
        workload = replace(self.workload, sequence_tokens=0)
        of_another = replace(self, revision="", assume="", task=Task.AUTO, draft="")
        return replace(of_another, model=model, edits=(), workload=workload)
