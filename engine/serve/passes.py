"""Passes of a deployment: their seconds, and what those are made of.

A pass itemises itself: the same walk over kernels, messages and the engine's own cost makes the
seconds of a whole block of candidates and the items of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import numpy as np

from engine.hardware.chip import Chip
from engine.hardware.framework import Framework
from engine.hardware.parts.bounds import MANY
from engine.hardware.roofline import (
    Message,
    Network,
    Work,
    kernel_bound,
    kernel_seconds,
    message_constants,
)
from engine.serve.dense_times import DenseTimes, Ways
from engine.serve.overlap import (
    Timed,
    halved,
    overlapped,
    splits,
    total_seconds,
    turns_seconds,
)
from engine.words.arrays import FloatArray, IntArray, Row, cell
from engine.work.tokens import (
    Inventory,
    LayoutArrays,
    Placed,
    Source,
    Step,
    dense_messages,
    dense_work,
    dispatching,
    mixing_work,
    other_messages,
    other_work,
    place,
    step_messages,
    step_work,
    total_tokens,
)

HOST = "host"
"""The kernel class of what is not a kernel: the engine's own cost around a pass."""


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


@dataclass(frozen=True, slots=True)
class Item:
    """A part of a pass: one class of kernels or collectives, or the engine's own cost.

    ``seconds``, ``flops``, ``bytes`` and ``message_bytes`` are of all ``calls`` together, arrays
    of (layouts, sizes). ``bound`` is the largest part of the seconds: ``compute``, ``memory``,
    ``link`` or ``launch``. ``peak_flops`` is the dense rate of the type it computes in, 0 for what
    computes nothing.
    """

    name: str
    kernel: str
    calls: FloatArray | float
    seconds: FloatArray
    flops: FloatArray | float
    bytes: FloatArray | float
    message_bytes: FloatArray | float
    bound: str
    provenance: str
    peak_flops: float = 0.0


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass through all layers: its seconds, an array of (layouts, sizes)."""

    deployment: Deployment
    steps: tuple[Step, ...]
    seconds: FloatArray
    mixing: tuple[FloatArray, ...] = ()
    """Of them, in attention and states: those of each step, for passes that hold it too."""

    def at(self, row: Row) -> Pass:
        """The pass of one row alone: its items depend on nobody beside it."""
        deployment = self.deployment
        alone = replace(deployment, layouts=deployment.layouts.at(row))
        steps = tuple(step.at(row) for step in self.steps)
        return Pass(alone, steps, cell(self.seconds, row))

    def items(self) -> tuple[Item, ...]:
        """What made the seconds, and sums to them."""
        deployment = self.deployment
        parts = list(_parts(deployment, self.steps))
        launching = _launching_seconds(deployment, self.steps)
        kernels = sum((seconds for _, seconds in parts), np.zeros(1))
        items = [_item(deployment, part, seconds) for part, seconds in parts]
        waited = np.maximum(launching - kernels, 0.0)
        items.append(_host_item(deployment, "waiting for launches", waited))
        around = runtime_seconds(deployment, self.steps)
        items.append(_host_item(deployment, "scheduler and sampler", around))
        return tuple(one for one in items if np.any(one.seconds > 0))


def run(deployment: Deployment, steps: Sequence[Step], beside: Pass | None = None) -> Pass:
    """One pass through all layers, collectives and the runtime's cost included; what it has in
    common with a pass ``beside`` it is not worked out again."""
    mixing = tuple(_mixing_seconds(deployment, step, beside) for step in steps)
    others = (seconds for _, seconds in _others(deployment, steps))
    seconds = _sum(chain(mixing, others), _dense_seconds(deployment, steps))
    if len(deployment.taking_turns):
        seconds = _faster_in_turns(deployment, steps, seconds)
    seconds = np.maximum(seconds, _launching_seconds(deployment, steps))
    seconds = seconds + runtime_seconds(deployment, steps)
    return Pass(deployment, tuple(steps), seconds, mixing)


def _mixing_seconds(deployment: Deployment, step: Step, beside: Pass | None) -> FloatArray:
    """Seconds of what depends on one group of sequences alone."""
    if beside is not None and beside.deployment is deployment:
        for known, seconds in zip(beside.steps, beside.mixing, strict=True):
            if known is step:
                return seconds
    works = mixing_work(deployment.placed, step, deployment.source)
    return _sum(seconds for _, seconds in _timed(deployment, works, ()))


def _sum(parts: Iterable[FloatArray], start: FloatArray | None = None) -> FloatArray:
    """All parts together; in place where it can be: most of a sweep's time is memory traffic."""
    seconds: FloatArray = np.zeros(1) if start is None else start
    for one in parts:
        same = seconds.shape == one.shape
        seconds = np.add(seconds, one, out=seconds if same else None)
    return seconds


def _dense_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """Seconds of the kernels that depend on a rank's tokens alone, looked up where many candidates
    share them."""
    tokens, decode = total_tokens(steps), steps[0].decode

    def total(placed: Placed, tokens: FloatArray) -> FloatArray:
        works = dense_work(placed, tokens, decode)
        messages = dense_messages(placed, tokens)
        return _sum(seconds for _, seconds in _timed(deployment, works, messages))

    if deployment.times is not None:
        found = deployment.times().at(
            deployment.ways,
            tokens,
            decode,
            lambda layouts, tokens: total(place(deployment.inventory, layouts), tokens),
        )
        if found is not None:
            return found
    return total(deployment.placed, tokens)


def _faster_in_turns(
    deployment: Deployment, steps: Sequence[Step], whole: FloatArray
) -> FloatArray:
    """The seconds of whole passes, or of two halves in turns where these take less: passes too
    short to gain by it stay whole."""
    rows = deployment.taking_turns
    mine = tuple(step.rows(rows) for step in steps)
    where = splits(mine)
    if not np.any(where):
        return whole
    some, half = deployment.overlapping, halved(mine)
    mixing = (_mixing_seconds(some, step, None) for step in half)
    alone = _sum(mixing, _dense_seconds(some, half))
    turns = turns_seconds(alone, _others(some, half), _cores_taken(deployment, steps))
    seconds = np.array(np.broadcast_to(whole, (len(deployment.layouts.tensor), whole.shape[-1])))
    seconds[rows] = np.where(where & (turns < seconds[rows]), turns, seconds[rows])
    return seconds


def _cores_taken(deployment: Deployment, steps: Sequence[Step]) -> float:
    """The share of the chip's cores that sends tokens."""
    decode = all(step.decode for step in steps)
    cores = 0.0 if decode else deployment.framework.capabilities.dispatch_cores
    return cores / max(deployment.chip.core_count, 1)


def _parts(deployment: Deployment, steps: Sequence[Step]) -> Iterator[Timed]:
    """Every kernel and collective of a pass, with the seconds of all its calls."""
    plain = _one_batch(deployment, steps)
    if not len(deployment.taking_turns) or not np.any(splits(steps)):
        yield from plain
        return
    where = np.zeros((len(deployment.layouts.tensor), 1), dtype=bool)
    where[deployment.taking_turns] = True
    where = where & splits(steps)
    whole = tuple(plain)
    halves = tuple(_one_batch(deployment, halved(steps)))
    turns = tuple(overlapped(halves, _cores_taken(deployment, steps)))
    # Passes too short to gain by it stay whole.
    where = where & (total_seconds(turns) < total_seconds(whole))
    # The same kernels in the same order, so that each layout takes its own way.
    for (part, seconds), (_, each) in zip(whole, turns, strict=True):
        yield part, np.where(where, each, seconds)


def _one_batch(deployment: Deployment, steps: Sequence[Step]) -> Iterator[Timed]:
    source, node_size = deployment.source, deployment.chip.node_size
    works = step_work(deployment.placed, steps, deployment.imbalance, source)
    messages = step_messages(deployment.placed, steps, node_size, source)
    yield from _timed(deployment, works, messages)


def _others(deployment: Deployment, steps: Sequence[Step]) -> Iterator[Timed]:
    """What `_dense_seconds` and `_mixing_seconds` leave out of a pass."""
    source, node_size = deployment.source, deployment.chip.node_size
    works = other_work(deployment.placed, steps, deployment.imbalance, source)
    messages = other_messages(deployment.placed, steps, node_size, source)
    yield from _timed(deployment, works, messages)


def _timed(
    deployment: Deployment, works: Iterable[Work], messages: Iterable[Message]
) -> Iterator[Timed]:
    """Kernels and collectives with the seconds of all their calls."""
    chip = deployment.chip
    for work in works:
        yield work, work.calls * kernel_seconds(work, chip)
    start, network = deployment.framework.costs.collective_seconds, deployment.network
    for message in messages:
        if bool(np.any((message.times > 0) & (message.ranks > 1))):
            spent = network.seconds(message) + np.where(message.ranks > 1, start, 0.0)
            yield message, message.times * spent


def _launching_seconds(deployment: Deployment, steps: Sequence[Step]) -> float:
    """What the host needs to launch a pass that holds prompts; 0 for one that replays graphs."""
    if all(step.decode for step in steps):
        return 0.0
    encoder = deployment.inventory.encoder if deployment.source is not None else None
    layers = deployment.inventory.layer_count + (encoder.layer_count if encoder else 0)
    return deployment.framework.costs.prompt_layer_seconds * layers


def runtime_seconds(deployment: Deployment, steps: Sequence[Step]) -> FloatArray:
    """What the framework spends around a pass: per pass, per layer and per sequence sampled."""
    costs = deployment.framework.costs
    # A verifying step samples for every query; what drafts has a book of sequences only.
    every = not deployment.drafts
    sampled = (step.tokens if step.decode and every else step.sequences for step in steps)
    fixed = costs.step_seconds + costs.layer_seconds * deployment.inventory.layer_count
    return fixed + costs.sequence_seconds * sum(sampled, np.zeros(1))


def _item(deployment: Deployment, part: Work | Message, seconds: FloatArray) -> Item:
    if isinstance(part, Work):
        return Item(
            name=part.name,
            kernel=part.kernel,
            calls=part.calls,
            seconds=seconds,
            flops=part.calls * part.flops,
            bytes=part.calls * part.bytes,
            message_bytes=0.0,
            bound=kernel_bound(part, deployment.chip),
            provenance=str(part.constants.provenance),
            peak_flops=part.peak_flops,
        )
    constants = message_constants(part, deployment.chip)
    return Item(
        name=part.name,
        kernel=part.kind,
        calls=part.times,
        seconds=seconds,
        flops=0.0,
        bytes=0.0,
        message_bytes=part.times * part.bytes,
        bound="link",
        provenance=str(constants.provenance if constants else deployment.chip.provenance),
    )


def _host_item(deployment: Deployment, name: str, seconds: FloatArray) -> Item:
    provenance = str(deployment.framework.provenance)
    return Item(name, HOST, 1.0, seconds, 0.0, 0.0, 0.0, "launch", provenance)
