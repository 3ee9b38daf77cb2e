"""Everything that a person chose, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from engine.scenario.bounds import EVEN_CERTAINTY
from engine.scenario.deployment import (
    ArrangementKind,
    ChipCount,
    LayoutLimits,
    PoolChoice,
    Settings,
)
from engine.scenario.objectives import Best, Objectives
from engine.scenario.workload import Workload


class DraftTokens(StrEnum):
    """Who chose how many tokens are drafted."""

    GIVEN = "given"
    BEST = "auto"
    """As many as bring most under the objectives (`engine.plan.drafting`)."""


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
