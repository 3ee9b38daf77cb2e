"""The two kinds of models behind one protocol: a model says its kind once, here it is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.launch_table import LaunchTable
from engine.model.kinds import ModelKind
from engine.scenario import LayoutLimits
from engine.serve.load import Load
from engine.serve.outcome import Outcome
from engine.serve.requests import Requests
from engine.serve.reuse import reused
from engine.serve.room import Room
from engine.serve.system import System
from engine.serve.tokens import predict_aggregated
from engine.words.arrays import FloatArray
from engine.work.arrangement import Aggregated, Arrangement, Disaggregated, given_layout
from engine.work.expert_slots import Placing
from engine.work.parallelism import legal_layouts
from engine.work.shards import Shards


class Kind(Protocol):
    """What the street has to know of one kind of models."""

    block_candidates: int
    """Candidates evaluated at a time: few enough for a quick cancel and for memory: predicting
    holds some 200 bytes of each for a moment."""
    waits: bool
    """Whether requests that are not let in at once wait for a place."""
    answers_fallbacks: bool
    """Whether the answer itself says what the chip cannot do as asked."""

    def engine(self, chosen: Framework, chip: Chip, unserved: str) -> tuple[Framework, str]:
        """The engine that serves such models, and a note where it is not the ``chosen`` one;
        ``unserved`` says what that one lacks."""
        ...

    def arrangements(
        self, system: System, chips: int, limits: LayoutLimits
    ) -> tuple[Arrangement, ...]:
        """Every way to use ``chips``; raises `InputError` where there is none."""
        ...

    def arrangement(self, limits: LayoutLimits, chips: int | None) -> Arrangement:
        """The one way that ``limits`` name, on ``chips`` or on as few as it takes; raises
        `InputError`."""
        ...

    def fallbacks(self, system: System) -> tuple[str, ...]:
        """What the chip cannot do as asked, and what it does instead."""
        ...

    def predict(
        self,
        system: System,
        arrangements: Sequence[Arrangement],
        requests: Requests,
        load: Load,
        sizes: FloatArray,
    ) -> Outcome:
        """What users see of every arrangement at every size."""
        ...

    def largest(
        self, system: System, arrangements: Sequence[Arrangement], requests: Requests, load: Load
    ) -> FloatArray:
        """The largest size that is let in, a column; 0 where nothing starts."""
        ...


_LIMITED = ("pipeline", "expert", "attention_data")
"""The degrees that engines have rules for."""


class TokensKind:
    """Models that generate tokens: layouts, prompts and answers, a cache."""

    block_candidates = 32768
    waits = True
    answers_fallbacks = False

    def engine(self, chosen: Framework, chip: Chip, unserved: str) -> tuple[Framework, str]:
        """See `Kind.engine`: every engine serves models of tokens."""
        return chosen, ""

    def arrangements(
        self, system: System, chips: int, limits: LayoutLimits
    ) -> tuple[Arrangement, ...]:
        """See `Kind.arrangements`: replicas of every legal layout that the engine can be told; of
        degrees that somebody asks for, all."""
        placing = Placing.of(system.engine.capabilities)
        shards = Shards.of(system.inventory, system.engine.capabilities.shard_multiple)
        node = system.chip.node_size
        layouts = legal_layouts(system.tokens_model, chips, node, limits, placing, shards)
        launch = system.engine.launch
        if isinstance(launch, LaunchTable):
            free = [name for name in _LIMITED if not getattr(limits, name)]
            layouts = tuple(
                one
                for one in layouts
                if all(launch.limits.takes(name, getattr(one, name), one.ranks) for name in free)
            )
        return tuple(Aggregated(layout) for layout in layouts)

    def arrangement(self, limits: LayoutLimits, chips: int | None) -> Arrangement:
        """See `Kind.arrangement`."""
        return Aggregated(given_layout(limits, chips))

    def fallbacks(self, system: System) -> tuple[str, ...]:
        """See `Kind.fallbacks`."""
        return system.inventory.fallbacks

    def predict(
        self,
        system: System,
        arrangements: Sequence[Arrangement],
        requests: Requests,
        load: Load,
        sizes: FloatArray,
    ) -> Outcome:
        """See `Kind.predict`; all arrangements are of one type."""
        if not system.engine.scheduler.prefix_caching:
            requests = replace(requests, cached=0.0, shared_prefix_tokens=0.0)
        apart = [one for one in arrangements if isinstance(one, Disaggregated)]
        if apart:
            from engine.serve.pools import predict_disaggregated

            return predict_disaggregated(system, apart, requests, load, sizes)
        together = [one for one in arrangements if isinstance(one, Aggregated)]
        return reused(
            system,
            requests,
            load,
            lambda asked: predict_aggregated(system, together, asked, load, sizes),
        )

    def largest(
        self, system: System, arrangements: Sequence[Arrangement], requests: Requests, load: Load
    ) -> FloatArray:
        """See `Kind.largest`: of the layouts whose memory holds the requests in flight."""
        apart = [one for one in arrangements if isinstance(one, Disaggregated)]
        together = [one for one in arrangements if isinstance(one, Aggregated)]
        found = np.zeros((len(arrangements), 1))
        pooled = np.array([isinstance(one, Disaggregated) for one in arrangements])
        if together:
            room = Room(system, [one.layout for one in together], requests, load)
            found[~pooled] = np.where(room.context_fits, room.limit, 0.0)
        if apart:
            from engine.serve.pools import Rooms

            found[pooled] = Rooms(system, apart, requests, load).limit
        return found


def kind_of(kind: ModelKind) -> Kind:
    """The room that answers for a kind of models; that of forward models loads when it is asked for
    (a command about tokens starts without it)."""
    if kind is ModelKind.FORWARD:
        from engine.serve.forward import ForwardKind

        return ForwardKind()
    return TokensKind()
