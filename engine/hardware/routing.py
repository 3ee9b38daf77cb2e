"""How evenly tokens spread over the experts of a mixture (``profiles/routing.toml``)."""

from __future__ import annotations

from functools import cache

from engine.sources.profile_files import read_toml
from profiles import ROOT


@cache
def evenness() -> float:
    """Shape of the gamma distribution of the experts' popularity; the larger, the more even."""
    shape: float = read_toml(ROOT / "routing.toml")["evenness"]
    return shape


@cache
def balanced_excess() -> float:
    """What the busiest rank has beyond the mean where popular experts have copies and ranks their
    experts by popularity."""
    excess: float = read_toml(ROOT / "routing.toml")["balanced"]["excess"]
    return excess
