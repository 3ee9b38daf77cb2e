"""What serves: a model in a precision on a chip under an engine, as it was built and told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.model.architecture import Architecture
from engine.model.draft import Draft, draft_of
from engine.model.precision import Precision
from engine.model.windows import without_windows
from engine.serve.memory.account import Footprint, Held, footprint
from engine.serve.passes.dense_times import DenseTimes
from engine.serve.passes.deployment import Deployment
from engine.work.expert_slots import Placing, refuse_unplaced
from engine.work.layout import Layout
from engine.work.tokens import Inventory, LayoutArrays, take_inventory

if TYPE_CHECKING:
    from engine.model.config import LoadedModel
    from engine.model.forward.architecture import ForwardArchitecture
    from engine.work.forward.work import Inventory as ForwardInventory

REMEMBERED = 96
"""Groups of layouts whose shares and memory are kept, of all systems together; a sweep comes back
to the same ones, and there are dozens of systems where single changes are tried."""
TABLED = 3
"""Systems whose tables of seconds are kept, a megabyte or more each: one precision after the other
of a sweep, and the pools of one where they differ."""


@dataclass(frozen=True)
class System:
    """One thing to predict. ``engine`` is the profile as built and set (`engine.hardware.builds`).

    ``imbalance`` is tokens on the busiest expert rank over those it usually has. ``max_context`` is
    the most tokens of one request, 0 where nobody says. ``instances`` are copies of a forward model
    that run at the same time on each chip. ``prefill`` is what a prefill pool serves on, where that
    is not the same.
    """

    model: Architecture | ForwardArchitecture
    precision: Precision
    chip: Chip
    engine: Framework
    imbalance: float = 1.0
    max_context: int = 0
    instances: int = 1
    draft: Draft | None = None
    """What drafts tokens where requests are served so; None for what is usual for the model."""
    prefill: System | None = None
    told_context: int = 0
    """The most tokens of one request that the engine is told; 0: as many as requests have."""

    @property
    def prefilling(self) -> System:
        """What a prefill pool serves on."""
        return self.prefill or self

    @cached_property
    def decoding(self) -> System:
        """What lets requests in on a decode pool: engines that keep no prompts' caches there."""
        scheduler = self.engine.scheduler
        if scheduler.decode_prefix_caching or not scheduler.prefix_caching:
            return self
        return replace(self, engine=self.engine.changed(prefix_caching=False))

    @property
    def tokens_model(self) -> Architecture:
        """The model, where it is one that generates tokens."""
        assert isinstance(self.model, Architecture)
        return self.model

    @property
    def forward_model(self) -> ForwardArchitecture:
        """The model, where it is one of a single forward pass."""
        assert not isinstance(self.model, Architecture)
        return self.model

    @cached_property
    def served_model(self) -> Architecture:
        """The model as the engine runs it."""
        whole = self.engine.capabilities.whole_windows
        return without_windows(self.tokens_model) if whole else self.tokens_model

    @cached_property
    def inventory(self) -> Inventory:
        """What a pass of a model of tokens consists of."""
        return take_inventory(self.served_model, self.precision, self.chip, self.engine)

    @cached_property
    def drafter(self) -> Draft:
        """What drafts tokens, if any are drafted."""
        usual = self.draft or draft_of("", self.tokens_model, self.precision, _nobody)
        return usual

    @cached_property
    def drafting_inventory(self) -> Inventory | None:
        """What a pass of the draft consists of; None where no model has to run."""
        drafter = self.drafter
        if drafter.architecture is None:
            return None
        return take_inventory(drafter.architecture, drafter.precision, self.chip, self.engine)

    @cached_property
    def forward_inventory(self) -> ForwardInventory:
        """Kernels of one forward pass."""
        from engine.work.forward.work import take_forward_inventory

        return take_forward_inventory(self.forward_model, self.precision, self.chip, self.engine)

    @property
    def context_limit(self) -> float:
        """The most tokens of one request; infinite where nobody says."""
        return float(self.max_context) if self.max_context else math.inf

    def deployment(self, layouts: Sequence[Layout], drafting: bool = False) -> Deployment:
        """The system on ``layouts``, one row each, with what drafts where it is ``drafting``; the
        same object for the same ones."""
        return _deployed(self._same, tuple(layouts), drafting)

    def footprint(self, layouts: Sequence[Layout], held: Held) -> Footprint:
        """Memory of ``layouts``; remembered for requests that are the same for all of them."""
        if held.same_for_all:
            return _weighed(self._same, tuple(layouts), held)
        return self.weigh(tuple(layouts), held)

    def deploy(self, layouts: tuple[Layout, ...], drafting: bool) -> Deployment:
        """As `deployment`, a new object."""
        model = self.tokens_model
        refuse_unplaced(model, Placing.of(self.engine.capabilities), layouts)
        arrays = LayoutArrays.of(layouts)
        made = Deployment(
            self.inventory, self.chip, self.engine, arrays, self.imbalance, times=self._times
        )
        if not drafting or self.drafting_inventory is None:
            return made
        # Scheduling and sampling of the model come once for all passes of a step.
        delays = self.engine.drafting.generation_draft_seconds
        around = delays.get(self.chip.generation, 0.0)
        each = self.engine.costs.draft_sequence_seconds
        engine = self.engine.changed(step_seconds=around, sequence_seconds=each)
        inventory = self.drafting_inventory
        draft = replace(made, inventory=inventory, framework=engine, times=None, drafts=True)
        return replace(made, draft=draft, drafts_at_once=self.drafter.in_one_pass)

    def weigh(self, layouts: tuple[Layout, ...], held: Held) -> Footprint:
        """As `footprint`, worked out anew."""
        arrays = LayoutArrays.of(layouts)
        model = self.served_model
        draft = self.drafter if held.draft_tokens else None
        # Engines are launched for the requests at hand, unless they are told otherwise.
        longest = np.asarray(self.told_context or held.whole_tokens, dtype=float)
        return footprint(
            model, self.precision, self.chip, self.engine, arrays, held, draft, longest
        )

    def _times(self) -> DenseTimes:
        return _tables(self._same)

    @cached_property
    def _same(self) -> _Same:
        return _Same(self)


def _nobody(reference: str) -> LoadedModel:
    raise AssertionError(f"{reference}: the usual draft is read from nowhere")


class _Same:
    """A system as itself: systems of equal values are not looked through to find what is kept."""

    def __init__(self, system: System) -> None:
        self.system = system


@lru_cache(maxsize=TABLED)
def _tables(_same: _Same) -> DenseTimes:
    return DenseTimes()


@lru_cache(maxsize=REMEMBERED)
def _deployed(same: _Same, layouts: tuple[Layout, ...], drafting: bool) -> Deployment:
    return same.system.deploy(layouts, drafting)


@lru_cache(maxsize=REMEMBERED)
def _weighed(same: _Same, layouts: tuple[Layout, ...], held: Held) -> Footprint:
    return same.system.weigh(layouts, held)
