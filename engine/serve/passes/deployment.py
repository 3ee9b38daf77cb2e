"""A model on a chip under an engine, for several layouts at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.bounds import MANY
from engine.hardware.roofline import Network
from engine.serve.passes.dense_times import DenseTimes, Ways
from engine.words.arrays import IntArray
from engine.work.tokens import Inventory, LayoutArrays, Placed, Source, dispatching, place


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

    @cached_property
    def placed(self) -> Placed:
        """The inventory on the layouts."""
        return place(self.inventory, self.layouts)

    @cached_property
    def ways(self) -> Ways:
        """How the layouts divide matrices."""
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

    @cached_property
    def overlapping(self) -> Deployment:
        """Those layouts alone."""
        return replace(self, layouts=self.layouts.rows(self.taking_turns))

    @cached_property
    def network(self) -> Network:
        """What carries their collectives."""
        return Network(self.chip)
