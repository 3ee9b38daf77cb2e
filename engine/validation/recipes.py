"""How published runs launched their engines, where a row does not say
(profiles/accuracy/recipes.toml)."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache

from engine.validation.runs import Conditions, Run
from profiles import ROOT


@dataclass(frozen=True, slots=True)
class Recipe:
    """``kv`` is the cache's format, blank where unknown; ``chunk_tokens`` the prefill token budget
    of one pass of an attention rank, 0 where unknown; ``unknown`` what else the row would have to
    say to be predicted, blank where nothing."""

    kv: str = ""
    chunk_tokens: int = 0
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    conditions: Conditions
    kv: str
    chunk_tokens: int
    chunk_prompts: float
    """Nominal prompts that fill the budget."""
    unknown: str

    def budget(self, run: Run) -> int:
        """Tokens of one pass; 0 where the rule does not say."""
        if self.chunk_prompts and math.isfinite(run.input_tokens):
            return int(self.chunk_prompts * run.input_tokens)
        return self.chunk_tokens


@cache
def _rules() -> tuple[_Rule, ...]:
    file = tomllib.loads((ROOT / "accuracy" / "recipes.toml").read_text(encoding="utf-8"))
    return tuple(
        _Rule(
            Conditions.of(rule),
            rule.get("kv", ""),
            rule.get("chunk_tokens", 0),
            rule.get("chunk_prompts", 0.0),
            rule.get("unknown", ""),
        )
        for rule in file["recipe"]
    )


def recipe_of(run: Run) -> Recipe:
    """The settings of the recipes that fit ``run``: of each setting the first that is given."""
    fitting = [rule for rule in _rules() if rule.conditions.fit(run)]
    return Recipe(
        kv=next((rule.kv for rule in fitting if rule.kv), ""),
        chunk_tokens=next((tokens for rule in fitting if (tokens := rule.budget(run))), 0),
        unknown=next((rule.unknown for rule in fitting if rule.unknown), ""),
    )
