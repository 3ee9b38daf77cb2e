"""How evenly tokens spread over the experts of a mixture (``profiles/routing.toml``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engine.sources.profile_files import read_toml
from profiles import ROOT


@cache
def evenness() -> float:
    """Shape of the gamma distribution of the experts' popularity; the larger, the more even."""
    shape: float = read_toml(ROOT / "routing.toml")["evenness"]
    return shape


@dataclass(frozen=True, slots=True)
class BalancedExcess:
    """What the busiest rank has beyond the mean where popular experts have copies and ranks their
    experts by popularity: in decode passes, and in those that hold prompts."""

    decode: float
    prompts: float


@cache
def balanced_excess() -> BalancedExcess:
    """As published deployments have it."""
    balanced = read_toml(ROOT / "routing.toml")["balanced"]
    return BalancedExcess(balanced["excess"], balanced["prompt_excess"])
