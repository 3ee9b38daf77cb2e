"""How the chips are used, and what the engine is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ArrangementKind(StrEnum):
    """Which ways of using the chips a sweep compares."""

    AGGREGATED = "aggregated"
    """Replicas of one layout, each of which does prefill and decode."""
    DISAGGREGATED = "disaggregated"
    """Prefill and decode on pools of their own."""
    ANY = "any"


class ReduceFormat(StrEnum):
    """What all-reduces of large messages are quantised to."""

    NONE = "none"
    INT8 = "int8"
    INT6 = "int6"
    INT4 = "int4"


class ChipCount(StrEnum):
    """Who chose how many chips there are."""

    GIVEN = "given"
    ENOUGH = "auto"
    """As many as layouts are found with that carry the rate (`engine.plan.fleet.fewest`)."""
    NODES = "auto-nodes"
    """The fewest whole nodes that carry it."""


@dataclass(frozen=True, slots=True)
class LayoutLimits:
    """Which parallel degrees the sweep may use; empty tuples mean every legal one."""

    tensor: tuple[int, ...] = ()
    pipeline: tuple[int, ...] = ()
    expert: tuple[int, ...] = ()
    attention_data: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolChoice:
    """What is chosen of the two pools of a disaggregated deployment; empty leaves it to the search.

    ``prefill`` and ``decode`` are the workers of each, as ``TP1 EP8 DP8 x2``; of one that is
    given alone, the other is searched for. ``prefill_chip`` and
    ``prefill_precision`` (WxAy) are the prefill pool's own; the decode pool has the scenario's.
    ``prefill_chips`` and ``decode_chips`` say how many of all chips each has.
    """

    prefill: str = ""
    decode: str = ""
    prefill_chip: str = ""
    prefill_chips: int | None = None
    decode_chips: int | None = None
    prefill_precision: str = ""

    @property
    def given(self) -> bool:
        """Whether both pools are spelt out: nothing but the batch is left to search."""
        return bool(self.prefill and self.decode)

    def split(self, chips: int) -> tuple[int, int] | None:
        """How many of ``chips`` prefill and how many decode; None where that is left open."""
        if self.prefill_chips is not None:
            return self.prefill_chips, chips - self.prefill_chips
        if self.decode_chips is not None:
            return chips - self.decode_chips, self.decode_chips
        return None


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine is told; None leaves its own default for the chip and version.

    ``prefill_tokens`` are tokens of prompts in one pass, ``max_sequences`` are sequences of one
    attention rank at once, ``max_context`` tokens of one request. ``build`` is a dated
    (``2026-02-10``) or numbered (``0.6``) build of the engine; empty is the newest described.
    ``redundant_experts`` are copies of popular experts on the expert ranks together, 0 for none;
    ``batch_overlap`` lets two
    halves of a batch take turns, one computing while the other's tokens travel;
    ``dp_lm_head`` has every attention-DP rank hold the LM head, instead of all together;
    ``prefill_interval`` are passes from one that may take prompts to the next, the same on all
    attention-DP ranks; ``rank_wait`` are passes that a prompt of one attention-DP rank waits at
    most for the others to have one as well, 0 where none waits; ``batch_wait`` are passes that
    prompts without attention-DP wait at most for others to share theirs; ``host_cache_gib`` of
    host memory for each chip hold what the prefix cache on the chips has no room for; without
    ``graphs`` (eager) the host launches every kernel of every pass; ``reduce_format`` is what large
    all-reduces are quantised to.
    """

    memory_fraction: float | None = None
    prefill_tokens: int | None = None
    max_sequences: int | None = None
    max_context: int | None = None
    prefix_caching: bool | None = None
    redundant_experts: int | None = None
    batch_overlap: bool | None = None
    dp_lm_head: bool | None = None
    prefill_interval: int | None = None
    rank_wait: int | None = None
    batch_wait: int | None = None
    host_cache_gib: float | None = None
    graphs: bool | None = None
    reduce_format: ReduceFormat | None = None
    build: str = ""
