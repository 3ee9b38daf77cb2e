"""A model on a chip under an engine, for several layouts at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.bounds import MANY
from engine.hardware.roofline import Network
from engine.serve.passes.dense_times import DenseTimes, Ways
from engine.serve.passes.shared import Kind, Shared
from engine.words.arrays import FloatArray, IntArray, Row
from engine.work.tokens import Inventory, LayoutArrays, Placed, Source, Step, dispatching


@dataclass(frozen=True, slots=True)
class Chosen:
    """Rows of a deployment."""

    of: Deployment
    rows: IntArray


@dataclass(frozen=True, slots=True)
class Loads:
    """How many ``sequences`` a rank may have, on the rows of ``deployment``: with attention-DP many
    sizes load their fullest rank alike, and differ in the ``share`` of such load that ranks have on
    average. Only experts see the difference."""

    deployment: Deployment
    sequences: FloatArray
    share: FloatArray
    shared: Shared

    def rows(self, rows: IntArray) -> Loads:
        """Of some of the rows that share them."""
        return replace(self, share=self.share[rows], shared=self.shared.of(rows))


@dataclass(frozen=True)
class Deployment:
    """A model's inventory on a chip under a framework, for several layouts at once."""

    inventory: Inventory
    chip: Chip
    framework: Framework
    layouts: LayoutArrays
    imbalance: float = 1.0
    draft: Deployment | None = None
    """What drafts tokens for it, on the same chips; None where nothing has to run for that."""
    drafts_at_once: bool = False
    """Whether one pass of it drafts all tokens of a step."""
    drafts: bool = False
    """Whether it is what drafts."""
    source: Source | None = None
    """What the model's encoder reads for each request."""
    times: Callable[[], DenseTimes] | None = None
    """Seconds of dense kernels, shared by deployments of one system and kept for the last ones."""
    chosen: Chosen | None = None
    """Where its rows come from, if they are rows of another one."""
    loads: Loads | None = None
    """What ranks have to do, where many sizes share it; None where each is worked out."""

    @cached_property
    def placed(self) -> Placed:
        """The inventory on the layouts."""
        return Placed(self.inventory, self.layouts)

    @cached_property
    def ways(self) -> Ways:
        """How the layouts divide matrices."""
        if self.chosen is not None:
            return self.chosen.of.ways.rows(self.chosen.rows)
        return Ways.of(self.layouts, by_experts=self.inventory.placing.shared_apart)

    @cached_property
    def taking_turns(self) -> IntArray:
        """The layouts that may run two halves of a batch in turns: those that send tokens to ranks
        on so many nodes as the engine asks for."""
        least = self.framework.capabilities.overlapped_nodes
        if least >= MANY:
            return np.zeros(0, dtype=np.int64)
        nodes = np.ceil(self.layouts.ranks / self.chip.node_size)
        where = dispatching(self.inventory, self.layouts) & (nodes >= least)
        return np.flatnonzero(np.broadcast_to(where, self.layouts.tensor.shape))

    def rows(self, rows: IntArray) -> Deployment:
        """On some of the layouts, each as often as it is named."""
        return replace(
            self,
            layouts=self.layouts.rows(rows),
            draft=None if self.draft is None else self.draft.rows(rows),
            loads=None if self.loads is None else self.loads.rows(rows),
            chosen=Chosen(self.each_once, self.groups[rows]),
        )

    def at(self, row: Row) -> Deployment:
        """On the layout of one row alone."""
        return replace(self, layouts=self.layouts.at(row), loads=None, chosen=None)

    @property
    def each_once(self) -> Deployment:
        """On the layouts that rows were chosen from."""
        return self if self.chosen is None else self.chosen.of

    @cached_property
    def groups(self) -> IntArray:
        """Which of those layouts each row has."""
        if self.chosen is not None:
            return self.chosen.rows
        return np.arange(len(self.layouts.tensor))

    def sharing(self, loads: Loads) -> Deployment:
        """With loads of ranks that sizes share."""
        draft = self.draft
        if draft is not None and loads.deployment.draft is not None:
            draft = draft.sharing(replace(loads, deployment=loads.deployment.draft))
        return replace(self, draft=draft, loads=loads)

    @property
    def of_rank(self) -> Deployment:
        """What the steps of its passes are of: the loads of ranks, each once."""
        return self if self.loads is None else self.loads.deployment

    def spread(self, values: NDArray[Kind]) -> NDArray[Kind]:
        """Figures of the loads of ranks as those of all sizes that share them."""
        return values if self.loads is None else self.loads.shared.spread(values)

    def spread_step(self, step: Step) -> Step:
        """A step as that of every size."""
        if self.loads is None:
            return step
        return replace(
            step,
            sequences=self.spread(step.sequences),
            queries=self.spread(step.queries),
            first=self.spread(step.first),
            last=self.spread(step.last),
        )

    @cached_property
    def overlapping(self) -> Deployment:
        """Those layouts alone."""
        return self.rows(self.taking_turns)

    @cached_property
    def network(self) -> Network:
        """What carries their collectives."""
        links = self.framework.links_on(self.chip.id)
        return Network(self.chip, self.framework.costs.collective_seconds, links)
