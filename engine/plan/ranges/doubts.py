"""What makes a prediction less certain: what was not measured, and what is harder to predict."""

from __future__ import annotations

from enum import StrEnum

from engine.words.messages import say

FEW = 4
"""Fewer models than this say little about the next one: where pairs left out were predicted, errors
fell up to here."""


class Doubt(StrEnum):
    """Each makes ranges wider by a factor of ``profiles/accuracy/ranges.toml``, by 1 or more."""

    CHIP = "chip"
    """No run of the chip is published."""
    GENERATION = "generation"
    """Fewer than `FEW` models were measured on chips of its generation."""
    ENGINE = "engine"
    """The engine was never measured on its generation."""
    FORMATS = "formats"
    """Fewer than `FEW` models of these formats were, with this engine on this generation."""
    KERNELS = "kernels"
    """Constants of some of the kernels are of datasheets."""
    COSTS = "costs"
    """The engine was measured nowhere."""
    MODEL = "model"
    """No model of these dimensions was measured."""
    EXPERTS = "experts"
    """A mixture of experts."""
    CACHED = "cached"
    """Part of the prompts is found in the cache."""
    SPREAD = "spread"
    """Lengths as spread as those of real texts."""
    POOLS = "pools"
    """Pools of prefill and decode workers."""

    @property
    def words(self) -> str:
        """For what ranges are wider, as a person would say it."""
        return {
            Doubt.CHIP: say("a chip without runs"),
            Doubt.GENERATION: say("a generation with few models measured"),
            Doubt.ENGINE: say("an engine not measured on this generation"),
            Doubt.FORMATS: say("formats with few models measured"),
            Doubt.KERNELS: say("kernels never measured"),
            Doubt.COSTS: say("an engine measured nowhere"),
            Doubt.MODEL: say("dimensions never measured"),
            Doubt.EXPERTS: say("experts"),
            Doubt.CACHED: say("cached prompts"),
            Doubt.SPREAD: say("spread lengths"),
            Doubt.POOLS: say("pools"),
        }[self]
