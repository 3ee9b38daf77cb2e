"""What the rules of profiles/accuracy/ tell published runs apart by."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True)
class Run:
    """One published run, as far as its row says."""

    framework: str
    """Short name."""
    version: str = ""
    model: str = ""
    chip: str = ""
    weights: str = ""
    disaggregated: bool = False
    attention_data: int = 1
    expert: int = 1
    tensor: int = 1
    input_tokens: float = math.nan
    """Nominal length of its prompts, and of its answers."""
    output_tokens: float = math.nan
    concurrency: float = math.nan
    decode_ranks: float = math.nan
    """Attention ranks of all workers of its decode pool."""
    day: date | None = None
    drafts: bool = False
    """Whether tokens were drafted."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Which runs a rule is about: all of those that it does not exclude."""

    framework: str
    version: re.Pattern[str]
    model: re.Pattern[str]
    weights: re.Pattern[str]
    chips: tuple[str, ...]
    disaggregated: bool | None
    attention_parallel: bool | None
    expert_parallel: bool | None
    tensor: int | None
    """Ranks of tensor parallelism, of one decode worker where pools are apart."""
    concurrency: float
    """Only this one; NaN for any."""
    least: float
    """Concurrencies from this one on."""
    below: float
    """Concurrencies under this one."""
    tensor_below: float
    lengths: tuple[float, ...]
    """Nominal tokens of prompts and answers; empty for any."""
    fuller: float
    """So many requests in flight, or more, on each attention rank of the decode pool."""
    drafts: bool | None
    since: date
    until: date
    """Runs from the one day and before the other."""

    @classmethod
    def of(cls, rule: Mapping[str, Any]) -> Conditions:
        """The conditions of a rule as its file writes them."""

        def pattern(key: str) -> re.Pattern[str]:
            return re.compile(rule.get(key, ""), re.IGNORECASE)

        return cls(
            rule["framework"],
            pattern("pattern"),
            pattern("model"),
            pattern("weights"),
            tuple(rule.get("chips", ())),
            rule.get("disaggregated"),
            rule.get("attention_parallel"),
            rule.get("expert_parallel"),
            rule.get("tensor"),
            float(rule.get("concurrency", math.nan)),
            float(rule.get("from", 0.0)),
            float(rule.get("below", math.inf)),
            float(rule.get("tensor_below", math.inf)),
            tuple(map(float, rule.get("lengths", ()))),
            float(rule.get("fuller", 0.0)),
            rule.get("drafts"),
            date.fromisoformat(rule["since"]) if "since" in rule else date.min,
            date.fromisoformat(rule["until"]) if "until" in rule else date.max,
        )

    def fit(self, run: Run) -> bool:
        """Whether the rule is about ``run``. One without a day is not of any period."""
        named = (
            self.framework == run.framework
            and self.version.search(run.version)
            and self.model.search(run.model)
            and self.weights.search(run.weights)
        )
        placed = (
            (not self.chips or run.chip in self.chips)
            and self.disaggregated in {None, run.disaggregated}
            and self.attention_parallel in {None, run.attention_data > 1}
            and self.expert_parallel in {None, run.expert > 1}
            and self.tensor in {None, run.tensor}
            and (math.isnan(self.concurrency) or run.concurrency == self.concurrency)
            and not run.concurrency < self.least
            and not run.concurrency >= self.below
            and not run.tensor >= self.tensor_below
            and (not self.lengths or self.lengths == (run.input_tokens, run.output_tokens))
            and not run.concurrency / run.decode_ranks < self.fuller
            and self.drafts in {None, run.drafts}
        )
        return bool(named) and placed and self._within(run.day)

    def _within(self, day: date | None) -> bool:
        if day is None:
            return self.since == date.min and self.until == date.max
        return self.since <= day < self.until
