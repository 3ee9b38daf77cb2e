"""Evaluate an inventory for a step: arrays of FLOPs and bytes per chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.hardware.roofline import Place, Work
from engine.words.arrays import FloatArray
from engine.work.tokens.dense import dense_work, elementwise_work, gemm_work, serial_work
from engine.work.tokens.experts import expert_works, sorting_work
from engine.work.tokens.mixing import core_work, mixing_work
from engine.work.tokens.placed import Placed
from engine.work.tokens.step import Source, Step
from engine.work.tokens.token_counts import routed_tokens, sampled_tokens, total_tokens


def step_work(
    placed: Placed, steps: Sequence[Step], imbalance: float = 1.0, source: Source | None = None
) -> Iterator[Work]:
    """Every kernel of one pass on one chip, all layers together.

    A pass may hold several groups of sequences (decoding ones and a prompt's chunk): their
    tokens share the weight matrices, each group has its own attention. What an encoder does for
    the prompts in it is part of the pass.
    """
    yield from dense_work(placed, total_tokens(steps), steps[0].decode)
    for step in steps:
        yield from mixing_work(placed, step, source)
    if placed.banks:
        routed = routed_tokens(steps, placed.layouts)
        yield from routed_work(placed, routed, imbalance, prompts=has_prompts(steps))
    yield from other_work(placed, steps, source)


def has_prompts(steps: Sequence[Step]) -> bool:
    """Whether a pass holds any prompts."""
    return not all(step.decode for step in steps)


def routed_work(
    placed: Placed, routed: FloatArray, imbalance: float, *, prompts: bool
) -> Iterator[Work]:
    """The kernels that depend on the ``routed`` tokens of all ranks together: experts."""
    for one in placed.banks:
        for work, pairs in expert_works(one, routed, imbalance, prompts=prompts):
            yield work
            if prompts and work.kernel != one.bank.kernel:
                yield sorting_work(placed.inventory, one.bank, pairs, work.calls)


def other_work(
    placed: Placed, steps: Sequence[Step], source: Source | None = None
) -> Iterator[Work]:
    """The other kernels that depend on all groups of a rank: the head, an encoder's."""
    head = placed.inventory.head
    yield gemm_work(head, placed.head, sampled_tokens(steps), steps[0].decode)
    yield from serial_work(placed, steps)
    if placed.encoder is not None and source is not None:
        yield from _encoder_work(placed.encoder, source.steps(steps), source)


def _encoder_work(placed: Placed, steps: Sequence[Step], source: Source) -> Iterator[Work]:
    """The encoder's kernels for the prompts of a pass: all of a piece's tokens see each other."""
    if not steps:
        return
    inventory, layouts, tokens = placed.inventory, placed.layouts, total_tokens(steps)
    works = [
        gemm_work(gemm, share, tokens, decode=False)
        for gemm, share in zip(inventory.gemms, placed.gemms, strict=True)
    ]
    routed = routed_tokens(steps, layouts)
    for bank in placed.banks:
        works += [work for work, _ in expert_works(bank, routed, 1.0, prompts=True)]
    for mixing in inventory.mixings:
        for step in steps:
            works += core_work(mixing, layouts, step)
    works.append(elementwise_work(inventory, layouts, tokens))
    if source.features:
        projected = tokens * source.features_of_token
        works.append(gemm_work(inventory.head, placed.head, projected, decode=False))
    for work in works:
        yield replace(work, name=f"encoder {work.name}", place=Place.ELSEWHERE)
