"""The sweep: every batch, every arrangement, every precision, ranked under the objectives.

`engine.plan.prepared` resolves names to values once; a sweep is then calls of
`engine.serve.predict` on blocks of (arrangements, batches), and verdicts on what it says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.model.kinds import ModelKind
from engine.plan.blocks import Block, joined_blocks, judged_table
from engine.plan.money.bill import refuse_unpriced
from engine.plan.prepared import Prepared, refuse_elsewhere
from engine.plan.ranking import rank
from engine.plan.results import Sweep, Table
from engine.plan.search import Blocks, Search
from engine.scenario import Scenario
from engine.serve.kinds import kind_of
from engine.words.arrays import IntArray
from engine.work.arrangement import Arrangement

LEADERS_BLOCK = 16384
"""Candidates of a block where only leaders are kept, as of the dozens of sweeps that are compared
beside one on screen: what predicting holds for a moment takes some 400 bytes of each."""


def sweep(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """Evaluate and rank every candidate; None when ``should_stop`` said so between blocks.

    Of many candidates (`Steps`), large batches are tried in steps first, then every one around
    the best of each arrangement: memory and time stay bounded however many chips there are.
    """
    blocks = Blocks(kind_of(prepared.kind).block_candidates, lambda block: block)
    return _searched(prepared, scenario, should_stop, blocks)


def leaders(
    prepared: Prepared, scenario: Scenario, should_stop: Callable[[], bool] | None = None
) -> Sweep | None:
    """As `sweep`, with no rows in its table but the best of each arrangement and precision: the
    same best, runner-up and nearest in a hundredth of the memory."""
    if prepared.kind is ModelKind.FORWARD:
        # Their best one may be at a knee, which all of their few rows make.
        return sweep(prepared, scenario, should_stop)

    def leading(block: Block) -> Block:
        order = rank(_judged(prepared, scenario, block), scenario, 0.0).order
        keys = block.precision_index * len(prepared.arrangements) + block.arrangement_index
        firsts = np.unique(keys[order], return_index=True)[1]
        return block.only(np.sort(order[firsts]))

    return _searched(prepared, scenario, should_stop, Blocks(LEADERS_BLOCK, leading))


def _searched(
    prepared: Prepared,
    scenario: Scenario,
    should_stop: Callable[[], bool] | None,
    blocks: Blocks,
) -> Sweep | None:
    """The sweep of the rows that are kept of all ``blocks``."""
    started = time.perf_counter()
    refuse_elsewhere(prepared)
    refuse_unpriced(prepared, scenario)
    stop = should_stop or (lambda: False)
    alike = _alike(prepared.arrangements)
    searches = [Search(prepared, scenario, places, stop, blocks) for places in alike]
    parts: list[Block] = []
    for search in searches:
        if not search.everything(parts):
            return None
    whole = joined_blocks(parts)
    found = rank(_judged(prepared, scenario, whole), scenario, 0.0)
    around: list[Block] = []
    for search in searches:
        if search.is_coarse and not search.around(found, around):
            return None
    if around:
        parts = [whole, *around]
        del whole, found
        around.clear()
        whole = joined_blocks(parts)
        found = rank(_judged(prepared, scenario, whole), scenario, 0.0)
    return replace(found, elapsed_seconds=time.perf_counter() - started)


def _alike(arrangements: tuple[Arrangement, ...]) -> list[IntArray]:
    """The places of the arrangements of each type: those of one type are predicted together."""
    types = [type(one) for one in arrangements]
    return [
        np.array([place for place, own in enumerate(types) if own is kind])
        for kind in dict.fromkeys(types)
    ]


def _judged(prepared: Prepared, scenario: Scenario, block: Block) -> Table:
    """The rows with their verdicts."""
    used, precisions = prepared.arrangements, prepared.precisions
    return judged_table(prepared, scenario, used, precisions, block)
