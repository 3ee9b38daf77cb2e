"""What cutting experts into narrow parts costs (``profiles/narrow_experts.toml``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from engine.sources.profile_files import read_toml
from profiles import ROOT


@dataclass(frozen=True, slots=True)
class FillColumns:
    """As how many columns more of an expert's intermediate size it counts to fill the tiles of a
    grouped product: for its arithmetic and for its traffic."""

    compute: float
    memory: float


@cache
def fill_columns() -> FillColumns:
    """The measured columns, the same for every chip."""
    file = read_toml(ROOT / "narrow_experts.toml")
    return FillColumns(file["compute_columns"], file["memory_columns"])
