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
