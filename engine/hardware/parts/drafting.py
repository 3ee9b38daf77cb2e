"""What drafting costs an engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.hardware.constants import constant
from engine.hardware.parts.bounds import TEN_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """What drafting costs beyond `Costs.draft_sequence_seconds`."""

    generation_draft_seconds: Mapping[str, float] = constant(
        "draft_generation_us",
        "around each pass that drafts tokens, by chip generation: where the host does not run "
        "ahead of the chip, or the pass runs without graphs",
        {},
        least=0,
        most=TEN_SECONDS,
    )
