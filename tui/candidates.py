"""Rows of a table as candidates that the engine can be asked about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.plan.results import Table
    from engine.plan.why.shortfall import Candidate


def candidate_of(table: Table, row: int) -> Candidate:
    """A row of a table as something to ask about."""
    from engine.plan.why.shortfall import Candidate

    return Candidate(table.arrangement(row), table.precision(row), int(table.batch[row]))
