"""Layouts that somebody names, by the rules that a search keeps to."""

from __future__ import annotations

from engine.model.kinds import ModelKind
from engine.serve.system import System
from engine.words.errors import InputError
from engine.work.arrangement import Aggregated, Arrangement
from engine.work.expert_slots import Placing
from engine.work.parallelism import why_illegal
from engine.work.shards import Shards


def refuse_illegal(system: System, arrangement: Arrangement) -> None:
    """Raise `InputError` with the rule that an engine would refuse to start by, if there is one."""
    if system.model.kind is not ModelKind.TOKENS:
        return
    placing = Placing.of(system.engine.capabilities)
    shards = Shards.of(system.inventory, system.engine.capabilities.shard_multiple)
    layouts = (
        [arrangement.layout]
        if isinstance(arrangement, Aggregated)
        else [arrangement.prefill.layout, arrangement.decode.layout]
    )
    for layout in layouts:
        reason = why_illegal(system.tokens_model, layout, placing, shards)
        if reason:
            raise InputError(f"{layout.name}: {reason}")
