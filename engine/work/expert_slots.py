"""Where experts stand: the slots of a stage's ranks, with copies of popular experts among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.hardware.parts.capabilities import Capabilities
from engine.model.architecture import Architecture
from engine.model.matrices import Role
from engine.words.arrays import BoolArray, FloatArray
from engine.words.errors import InputError
from engine.words.messages import say
from engine.work.layout import Layout


@dataclass(frozen=True, slots=True)
class Placing:
    """How an engine places experts: from ``from_ranks`` expert ranks on, ``copies`` of popular
    ones stand beside them (DeepSeek's EPLB); ``shared_apart`` is whether shared experts may have
    ranks of their own. ``exact``: somebody chose the copies, so that they are not filled up."""

    copies: int = 0
    from_ranks: int = 1 << 20
    shared_apart: bool = False
    exact: bool = False

    @classmethod
    def of(cls, able: Capabilities) -> Placing:
        """As an engine does it."""
        return cls(
            able.redundant_experts, able.balanced_ranks, able.shared_apart, able.chosen_copies
        )

    def copies_on(self, expert_ranks: int) -> int:
        """Copies on so many ranks, before slots are filled up."""
        return self.copies if expert_ranks >= self.from_ranks else 0

    def slots_on(self, count: int, expert_ranks: int) -> int:
        """Slots for ``count`` experts on so many ranks, the same on each."""
        wanted = count + self.copies_on(expert_ranks)
        ranks = min(expert_ranks, wanted)
        return -(-wanted // max(ranks, 1)) * ranks


@dataclass(frozen=True, slots=True)
class ExpertSlots:
    """Slots of one bank of experts, columns like the layouts.

    ``ranks`` hold routed experts, ``per_rank`` of them each, copies included. ``shared_ranks`` hold
    shared experts only: those that are left where there are more ranks than slots.
    """

    ranks: FloatArray
    per_rank: FloatArray
    shared_ranks: FloatArray

    @property
    def apart(self) -> BoolArray:
        """Where shared experts have ranks of their own."""
        alone: BoolArray = self.shared_ranks > 0
        return alone


def expert_slots(count: int, placing: Placing, expert_ranks: FloatArray) -> ExpertSlots:
    """Slots for ``count`` experts on columns of ``expert_ranks``; each rank has as many."""
    copies = np.where(expert_ranks >= placing.from_ranks, float(placing.copies), 0.0)
    ranks = np.minimum(expert_ranks, count + copies)
    return ExpertSlots(ranks, np.ceil((count + copies) / ranks), expert_ranks - ranks)


def has_shared_experts(architecture: Architecture) -> bool:
    """Whether any layer has experts that all tokens pass."""
    return any(
        matrix.role is Role.SHARED_EXPERT
        for block, _ in architecture.blocks()
        for matrix in block.matrices
    )


def why_not_placed(architecture: Architecture, placing: Placing, expert_ranks: int) -> str:
    """Why experts cannot stand on so many ranks; empty where they can."""
    count, copies = architecture.expert_count, placing.copies_on(expert_ranks)
    if not count or expert_ranks == 1:
        return ""
    slots = count + copies
    said = say(
        "{slots} expert slots ({count} experts and {copies} copies)",
        slots=slots,
        count=count,
        copies=copies,
    )
    if expert_ranks > slots:
        if not placing.shared_apart or not has_shared_experts(architecture):
            return say(
                "EP{expert_ranks}: found {said}, expected as many as ranks at least",
                expert_ranks=expert_ranks,
                said=said,
            )
        return ""
    if placing.exact and copies and slots % expert_ranks:
        return say(
            "EP{expert_ranks}: found {said}, expected a multiple of the ranks",
            expert_ranks=expert_ranks,
            said=said,
        )
    return ""


def refuse_unplaced(
    architecture: Architecture, placing: Placing, layouts: Sequence[Layout]
) -> None:
    """Raise `InputError` where one of ``layouts`` leaves experts without a place or ranks without
    experts."""
    for expert_ranks in dict.fromkeys(layout.expert for layout in layouts):
        reason = why_not_placed(architecture, placing, expert_ranks)
        if reason:
            raise InputError(f"{architecture.name}: {reason}")
