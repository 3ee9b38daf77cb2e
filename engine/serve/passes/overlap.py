"""Two halves of a batch that take turns: one computes while the other's tokens travel.

SGLang calls it two-batch overlap, vLLM dual-batch overlap, after DeepSeek's own serving (open-infra
index, day 6). Every kernel runs twice on half the tokens: weights are read twice and launches cost
twice, so that short passes would lose by it; engines have thresholds for it.

A half computes in two blocks between its exchanges: attention with what precedes it and the shared
experts, then its routed experts. Which block of the other half runs while its tokens travel is the
engine's order of work (`Turns`); what outlasts that block is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from engine.hardware.parts.capabilities import Turns
from engine.hardware.roofline import Message, Place, Work
from engine.words.arrays import BoolArray, FloatArray
from engine.work.tokens import COMBINE, DISPATCH, Step

Timed = tuple[Work | Message, FloatArray]
"""A part of a pass with the seconds of all its calls."""


def halved(steps: Sequence[Step]) -> tuple[Step, ...]:
    """One of the two halves of a pass."""
    return tuple(replace(step, sequences=0.5 * step.sequences) for step in steps)


def splits(steps: Sequence[Step]) -> BoolArray:
    """Where a pass has two sequences to decode, or prompts: these are cut where it suits."""
    if not all(step.decode for step in steps):
        return np.ones((1, 1), dtype=bool)
    several: BoolArray = sum((step.sequences for step in steps), np.zeros(1)) >= 2.0
    return several


DENSE = (Place.EARLY, Place.LATE, Place.ELSEWHERE)
"""Places of the kernels that depend on a rank's tokens alone."""


@dataclass(frozen=True, slots=True)
class Order:
    """How the halves take turns.

    ``layers`` is the share of the layers that have experts: only what these compute hides their
    messages. While tokens travel, ``cores`` of the chip, a share, are theirs.
    """

    turns: Turns
    layers: float
    cores: float


@dataclass(frozen=True, slots=True)
class Half:
    """Seconds of one half: its computing by where it stands in a layer, its messages."""

    early: FloatArray
    core: FloatArray
    late: FloatArray
    experts: FloatArray
    elsewhere: FloatArray
    dispatch: FloatArray
    combine: FloatArray

    @classmethod
    def of(cls, parts: Iterable[Timed], known: Mapping[str, FloatArray] | None = None) -> Half:
        """The sum of parts, beside what is ``known`` of others, by the names of the fields."""
        sums = dict(known or {})
        for part, seconds in parts:
            for name, share in _shares(part):
                sums[name] = sums.get(name, np.zeros(1)) + share * seconds
        return cls(*(sums.get(one.name, np.zeros(1)) for one in fields(cls)))

    def at(self, place: Place) -> FloatArray:
        """Its computing at a place."""
        seconds: FloatArray = getattr(self, place.value)
        return seconds

    def spread(self, spread: Callable[[FloatArray], FloatArray]) -> dict[str, FloatArray]:
        """Its seconds by their names, as those of the many that share them."""
        return {one.name: spread(getattr(self, one.name)) for one in fields(self)}

    @property
    def busy(self) -> FloatArray:
        """Its computing in all."""
        return self.early + self.core + self.late + self.experts + self.elsewhere

    def slowed(self, order: Order) -> FloatArray:
        """What sending takes of the cores' time on attention: its share of the time that tokens
        travel. Products stay off the cores that send (`engine.serve.passes.timed`)."""
        return order.cores * np.minimum((self.dispatch + self.combine) / self.busy, 1.0)

    def waiting(self, order: Order) -> tuple[FloatArray, FloatArray]:
        """Of both halves together, how long dispatching and combining is waited for."""
        ahead, behind = self.early * order.layers, (self.core + self.late) * order.layers
        if order.turns is Turns.STREAMS:
            sent = self.dispatch + self.combine
            share = 2.0 * np.maximum(sent - self.busy, 0.0) / np.maximum(sent, 1e-12)
            return share * self.dispatch, share * self.combine
        if order.turns is Turns.SHIFTED:
            return 2.0 * _beyond(self.dispatch, ahead), 2.0 * _beyond(self.combine, behind)
        blocks = ahead + behind, self.experts
        return (
            sum((_beyond(self.dispatch, one) for one in blocks), np.zeros(1)),
            sum((_beyond(self.combine, one) for one in blocks), np.zeros(1)),
        )

    def both(self, order: Order) -> FloatArray:
        """Seconds of both halves in turns."""
        waited = sum(self.waiting(order), np.zeros(1))
        return 2.0 * (self.busy + self.core * self.slowed(order)) + waited


def overlapped(parts: Sequence[Timed], order: Order) -> Iterator[Timed]:
    """The parts of both halves, from those of one."""
    half = Half.of(parts)
    waited = dict(zip((DISPATCH, COMBINE), half.waiting(order), strict=True))
    slowed = 1.0 + half.slowed(order)
    for part, seconds in parts:
        if travels(part):
            whole = half.dispatch if part.name == DISPATCH else half.combine
            yield part, seconds * waited[part.name] / np.maximum(whole, 1e-12)
        else:
            core = isinstance(part, Work) and part.place is Place.CORE
            yield part, 2.0 * seconds * (slowed if core else 1.0)


def total_seconds(parts: Sequence[Timed]) -> FloatArray:
    """Seconds of all parts together."""
    return sum((seconds for _, seconds in parts), np.zeros(1))


def travels(part: Work | Message) -> bool:
    """Whether a part is tokens on their way, which the other half's computing may hide."""
    return isinstance(part, Message) and part.kind == "all_to_all"


def _shares(part: Work | Message) -> tuple[tuple[str, float], ...]:
    if travels(part):
        return ((part.name, 1.0),)
    place = part.place if isinstance(part, Work) else Place.ELSEWHERE
    if place is Place.SPREAD:
        return (Place.EARLY, 0.5), (Place.LATE, 0.5)
    return ((place, 1.0),)


def _beyond(sent: FloatArray, computing: FloatArray) -> FloatArray:
    return np.maximum(sent - computing, 0.0)
