"""Passes of a deployment: their seconds.

A pass itemises itself: the same walk over kernels, messages and the engine's own cost makes the
seconds of a whole block of candidates and the items of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from engine.hardware.roofline import Place
from engine.serve.passes.dense_times import Parts
from engine.serve.passes.deployment import Deployment
from engine.serve.passes.items import Item, items_of
from engine.serve.passes.overlap import DENSE, Half, halved, splits
from engine.serve.passes.timed import (
    launching_seconds,
    order_of_turns,
    others_timed,
    routed_timed,
    runtime_seconds,
    timed,
)
from engine.words.arrays import FloatArray, IntArray, Row, cell, lines
from engine.work.tokens import (
    Placed,
    Step,
    dense_messages,
    dense_work,
    mixing_work,
    total_tokens,
)


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
        alone = deployment.at(row)
        steps = tuple(deployment.spread_step(step).at(row) for step in self.steps)
        return Pass(alone, steps, cell(self.seconds, row))

    def items(self) -> tuple[Item, ...]:
        """What made the seconds, and sums to them."""
        return items_of(self.deployment, self.steps)


def run(deployment: Deployment, steps: Sequence[Step], beside: Pass | None = None) -> Pass:
    """One pass through all layers, collectives and the runtime's cost included; what it has in
    common with a pass ``beside`` it is not worked out again."""
    of_rank, spread = deployment.of_rank, deployment.spread
    mixing = tuple(_mixing_seconds(of_rank, step, beside) for step in steps)
    others = (seconds for _, seconds in others_timed(of_rank, steps))
    load = _sum(chain(mixing, others), *_dense_parts(of_rank, steps))
    seconds = _sum((seconds for _, seconds in routed_timed(deployment, steps)), spread(load))
    if len(deployment.taking_turns):
        seconds = _faster_in_turns(deployment, steps, seconds)
    launching = launching_seconds(deployment, steps)
    if launching:
        seconds = np.maximum(seconds, launching)
    seconds = seconds + spread(runtime_seconds(deployment, steps))
    return Pass(deployment, tuple(steps), seconds, mixing)


def _mixing_seconds(deployment: Deployment, step: Step, beside: Pass | None) -> FloatArray:
    """Seconds of what depends on one group of sequences alone."""
    if beside is not None and beside.deployment.of_rank is deployment:
        for known, seconds in zip(beside.steps, beside.mixing, strict=True):
            if known is step:
                return seconds
    works = mixing_work(deployment.placed, step, deployment.source)
    return _sum(seconds for _, seconds in timed(deployment, works, ()))


def _sum(parts: Iterable[FloatArray], start: FloatArray | None = None) -> FloatArray:
    """All parts together; in place where it can be: most of a sweep's time is memory traffic."""
    seconds: FloatArray = np.zeros(1) if start is None else start
    for one in parts:
        same = seconds.shape == one.shape
        seconds = np.add(seconds, one, out=seconds if same else None)
    return seconds


def _dense_parts(
    deployment: Deployment, steps: Sequence[Step], sending: float | None = None
) -> Parts:
    """Seconds of the kernels that depend on a rank's tokens alone, looked up where many candidates
    share them; of a half in turns, during which a share of the cores is ``sending``, of those at
    each of the `DENSE` places."""
    tokens, decode = total_tokens(steps), steps[0].decode

    def parts(placed: Placed, tokens: FloatArray) -> Parts:
        works, messages = dense_work(placed, tokens, decode), dense_messages(placed, tokens)
        if sending is None:
            return (_sum(seconds for _, seconds in timed(deployment, works, messages)),)
        half = Half.of(timed(deployment, works, messages, sending))
        return tuple(half.at(place) for place in DENSE)

    if deployment.times is not None:
        found = deployment.times().at(
            deployment.ways,
            tokens,
            (decode, sending),
            lambda layouts, tokens: parts(Placed(deployment.inventory, layouts), tokens),
        )
        if found is not None:
            return found
    return parts(deployment.placed, tokens)


def _faster_in_turns(
    deployment: Deployment, steps: Sequence[Step], whole: FloatArray
) -> FloatArray:
    """The seconds of whole passes, or of two halves in turns where these take less: passes too
    short to gain by it stay whole."""
    rows, some = deployment.taking_turns, deployment.overlapping
    mine = tuple(_of_rows(deployment, step, rows) for step in steps)
    where = some.spread(splits(mine))
    if not np.any(where):
        return whole
    order = order_of_turns(deployment, steps)
    turns = _half(some, halved(mine), order.cores).both(order)
    seconds = np.array(np.broadcast_to(whole, (len(deployment.layouts.tensor), whole.shape[-1])))
    seconds[rows] = np.where(where & (turns < seconds[rows]), turns, seconds[rows])
    return seconds


def _of_rows(deployment: Deployment, step: Step, rows: IntArray) -> Step:
    """The step of some rows; what is of loads that rows share is that of the loads."""
    if deployment.loads is None:
        return step.rows(rows)
    return replace(step, share=lines(step.share, rows))


def _half(deployment: Deployment, steps: Sequence[Step], sending: float) -> Half:
    """One half of a pass, of which a share of the cores is ``sending``."""
    of_rank = deployment.of_rank
    known: dict[str, FloatArray] = {}
    known.update(zip(DENSE, _dense_parts(of_rank, steps, sending), strict=True))
    known[Place.CORE] = _sum(_mixing_seconds(of_rank, step, None) for step in steps)
    load = Half.of(others_timed(of_rank, steps, sending), known)
    return Half.of(routed_timed(deployment, steps, sending), load.spread(deployment.spread))
