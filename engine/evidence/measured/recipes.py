"""How published runs launched their engines, where a row does not say
(profiles/accuracy/recipes.toml)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from engine.evidence.measured.runs import Conditions, Run
from engine.scenario import ReduceFormat
from engine.sources.profile_files import read_toml
from profiles import ROOT

_BLOCK = 64
"""Tokens that budgets are whole multiples of."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """``kv`` is the cache's format, blank where unknown; ``chunk_tokens`` the prefill token budget
    of one pass of an attention rank, 0 where unknown; ``memory_fraction`` the share of memory the
    engine was given, 0 where unknown; ``rank_wait`` the passes that attention ranks' prompts wait
    for each other, None where unknown; ``batch_wait`` those that prompts wait for others to share
    their pass, likewise; ``reduce_format`` what large all-reduces are quantised to, None where
    unknown; ``sequences`` the most that one attention rank of a decode
    worker takes at once; ``draft`` what drafted ``draft_tokens``, 0 where unknown; ``unknown`` what
    else the row would have to say to be predicted, blank where nothing."""

    kv: str = ""
    chunk_tokens: int = 0
    memory_fraction: float = 0.0
    rank_wait: int | None = None
    batch_wait: int | None = None
    reduce_format: ReduceFormat | None = None
    sequences: float = math.inf
    draft: str = ""
    draft_tokens: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    conditions: Conditions
    elsewhere: bool
    """Whether it is about runs that others than InferenceX published."""
    kv: str
    chunk_tokens: int
    chunk_prompts: float
    """Nominal prompts that fill the budget."""
    chunk_batch: bool
    """The budget is of these prompts, of so many tokens more and of the verified ones of every
    request in flight on an attention rank, in whole blocks."""
    memory_fraction: float
    rank_wait: int | None
    batch_wait: int | None
    reduce_format: ReduceFormat | None
    most_sequences: float
    filled_batch: bool
    """Decode workers are built for the largest power of two that the load fills."""
    draft: str
    draft_tokens: int
    unknown: str

    def budget(self, run: Run, drafted: int) -> int:
        """Tokens of one pass with so many ``drafted`` of each sequence; 0 where the rule does not
        say."""
        if not self.chunk_prompts or not math.isfinite(run.input_tokens):
            return self.chunk_tokens
        prompts = self.chunk_prompts * run.input_tokens
        if not self.chunk_batch:
            return int(prompts)
        verified = (1 + drafted) * max(run.concurrency // run.attention_data, 1.0)
        tokens = prompts + self.chunk_tokens + verified
        return math.ceil(tokens / _BLOCK) * _BLOCK

    def sequences(self, run: Run) -> float:
        """Of one attention rank of a decode worker; infinite where the rule does not say."""
        each = run.concurrency / run.decode_ranks
        if not self.filled_batch or math.isnan(each):
            return self.most_sequences
        return 2.0 ** math.floor(math.log2(max(each, 1.0)))


@cache
def _rules() -> tuple[_Rule, ...]:
    file = read_toml(ROOT / "accuracy" / "recipes.toml")
    return tuple(
        _Rule(
            Conditions.of(rule),
            rule.get("elsewhere", False),
            rule.get("kv", ""),
            rule.get("chunk_tokens", 0),
            rule.get("chunk_prompts", 0.0),
            rule.get("chunk_batch", False),
            rule.get("memory_fraction", 0.0),
            rule.get("rank_wait"),
            rule.get("batch_wait"),
            ReduceFormat(rule["reduce_format"]) if "reduce_format" in rule else None,
            rule.get("max_sequences", math.inf),
            rule.get("filled_batch", False),
            rule.get("draft", ""),
            rule.get("draft_tokens", 0),
            rule.get("unknown", ""),
        )
        for rule in file["recipe"]
    )


@cache
def _clients() -> tuple[tuple[Conditions, str], ...]:
    file = read_toml(ROOT / "accuracy" / "recipes.toml")
    return tuple((Conditions.of(rule), rule["words"]) for rule in file["client"])


@cache
def _layouts() -> tuple[tuple[Conditions, Mapping[str, bool]], ...]:
    file = read_toml(ROOT / "accuracy" / "recipes.toml")
    return tuple((Conditions.of(rule), rule["spans"]) for rule in file["layout"])


def as_launched(run: Run) -> Run:
    """``run`` with the degrees that its launch script chose by load, where its row says nothing of
    them: over all chips of a worker."""
    if run.expert > 1 or run.attention_data > 1:
        return run
    spans = next((spans for conditions, spans in _layouts() if conditions.fit(run)), {})
    return replace(
        run,
        expert=run.tensor if spans.get("expert") else 1,
        attention_data=run.tensor if spans.get("attention") else 1,
    )


def client_of(run: Run) -> str:
    """What is published about the client of a run whose row says nothing of it; blank where
    nothing is."""
    return next((words for conditions, words in _clients() if conditions.fit(run)), "")


def recipe_of(run: Run, elsewhere: bool = False) -> Recipe:
    """The settings of the recipes that fit ``run``, of InferenceX or published ``elsewhere``: of
    each setting the first that is given."""
    rules = [rule for rule in _rules() if rule.elsewhere == elsewhere]
    fitting = [rule for rule in rules if rule.conditions.fit(run)]
    drafted = next((rule.draft_tokens for rule in fitting if rule.draft_tokens), 0)
    return Recipe(
        kv=next((rule.kv for rule in fitting if rule.kv), ""),
        chunk_tokens=next((tokens for rule in fitting if (tokens := rule.budget(run, drafted))), 0),
        memory_fraction=next((r.memory_fraction for r in fitting if r.memory_fraction), 0.0),
        rank_wait=next((r.rank_wait for r in fitting if r.rank_wait is not None), None),
        reduce_format=next((r.reduce_format for r in fitting if r.reduce_format), None),
        batch_wait=next((r.batch_wait for r in fitting if r.batch_wait is not None), None),
        sequences=next((most for r in fitting if (most := r.sequences(run)) < math.inf), math.inf),
        draft=next((rule.draft for rule in fitting if rule.draft), ""),
        draft_tokens=drafted,
        unknown=next((rule.unknown for rule in fitting if rule.unknown), ""),
    )
