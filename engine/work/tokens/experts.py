"""Routed experts of a pass: the distinct ones that its tokens touch, the busiest rank's part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from engine.hardware.roofline import Place, Work
from engine.words.arrays import BoolArray, FloatArray
from engine.work.expert_slots import ExpertSlots, expert_slots
from engine.work.tokens.exchange import dispatching
from engine.work.tokens.inventory import Inventory
from engine.work.tokens.operators import ExpertBank
from engine.work.tokens.step import LayoutArrays

_LARGEST_NORMAL = (0.0, 0.564, 1.029, 1.424, 1.766, 2.070, 2.343, 2.594, 2.826)
"""Expected largest of 1, 2, 4 … 256 standard normal values (order statistics, Harter 1961)."""


@dataclass(frozen=True, slots=True)
class PlacedBank:
    """A bank of experts on layouts: what does not depend on tokens, worked out once. Columns like
    the layouts."""

    bank: ExpertBank
    slots: ExpertSlots
    others: FloatArray
    """Share of the experts that are on other ranks."""
    copied: FloatArray
    """Slots per expert."""
    largest: FloatArray
    """How many standard deviations the busiest rank is expected to be above the mean."""
    balanced: BoolArray
    """Where experts have copies, so that no rank's are more popular than another's."""
    divided: BoolArray
    """Where experts are spread over ranks at all."""
    weights: FloatArray
    """Elements of one expert that a rank holds."""
    pair_bytes: FloatArray
    compute_excess: FloatArray
    memory_excess: FloatArray
    sent: BoolArray
    """Where tokens are sent to the ranks of their experts."""

    @classmethod
    def of(cls, inventory: Inventory, bank: ExpertBank, layouts: LayoutArrays) -> PlacedBank:
        """Put a bank on layouts."""
        experts = bank.experts
        slots = expert_slots(experts.count, bank.placing, layouts.expert)
        columns = experts.matrices[-1].inputs / layouts.expert_tensor
        return cls(
            bank=bank,
            slots=slots,
            others=1.0 - 1.0 / slots.ranks,
            copied=slots.per_rank * slots.ranks / float(experts.count),
            largest=largest_of(slots.ranks),
            balanced=layouts.expert >= bank.placing.from_ranks,
            divided=layouts.expert > 1,
            weights=sum(m.weights for m in experts.matrices) / layouts.expert_tensor,
            pair_bytes=_pair_bytes(bank, columns),
            compute_excess=1.0 + bank.fill_columns.compute / columns,
            memory_excess=1.0 + bank.fill_columns.memory / columns,
            sent=dispatching(inventory, layouts),
        )


def expected_experts(
    experts: float, top_k: float, tokens: FloatArray, evenness: float
) -> FloatArray:
    """Distinct experts that ``tokens`` independent tokens touch.

    With equal popularity that is ``E·(1 − (1 − k/E)^m)``. Where popularity is gamma distributed
    with shape ``evenness`` κ, an expert stays untouched with ``(1 + m·r/κ)^−κ`` (a negative
    binomial count of none), the rate r such that one token touches k.
    """
    if top_k >= experts:
        return np.full_like(np.asarray(tokens, dtype=float), experts)
    growth = np.expm1(-np.log1p(-top_k / experts) / evenness)
    touched: FloatArray = np.expm1(-evenness * np.log1p(tokens * growth)) * -experts
    return touched


def busiest(mean: FloatArray, largest: FloatArray, variance: FloatArray) -> FloatArray:
    """Expected largest of random loads with that ``mean`` and ``variance``, when of as many the
    ``largest`` is so many standard deviations above the mean."""
    above: FloatArray = mean + largest * np.sqrt(variance)
    return above


def largest_of(ranks: FloatArray) -> FloatArray:
    """How many standard deviations the largest of so many random loads is expected to be above the
    mean."""
    factor: FloatArray = np.interp(np.log2(ranks), np.arange(len(_LARGEST_NORMAL)), _LARGEST_NORMAL)
    return factor


def received(placed: PlacedBank, *, prompts: bool) -> FloatArray:
    """How many times the mean the rank receives whose experts are the most popular, columns like
    the layouts: chance aside, which evens out over many tokens."""
    bank = placed.bank
    excess = bank.balanced_excess.prompts if prompts else bank.balanced_excess.decode
    spread = placed.slots.ranks / (bank.evenness * float(bank.experts.count))
    popular = busiest(np.ones_like(spread), placed.largest, spread * placed.others)
    return np.where(placed.balanced, 1.0 + excess, popular)


def expert_works(
    placed: PlacedBank, tokens: FloatArray, imbalance: float, *, prompts: bool
) -> Iterator[tuple[Work, FloatArray]]:
    """The grouped products of a bank and the pairs of tokens and experts in them, when all ranks
    have ``tokens`` together, of ``prompts`` in part: other kernels serve ranks that tokens are sent
    to."""
    bank, sent = placed.bank, placed.sent
    excess = bank.balanced_excess.prompts if prompts else bank.balanced_excess.decode
    work, pairs = _expert_work(placed, tokens, imbalance, excess)
    if bank.dispatched_kernel == bank.kernel or not np.any(sent):
        yield work, pairs
        return
    if not np.all(sent):
        yield replace(work, calls=np.where(sent, 0.0, bank.calls)), pairs
    kernel, constants = bank.dispatched_kernel, bank.dispatched_constants
    calls = np.where(sent, bank.calls, 0.0)
    yield replace(work, kernel=kernel, constants=constants, calls=calls), pairs


def sorting_work(
    inventory: Inventory, bank: ExpertBank, pairs: FloatArray, calls: FloatArray | float
) -> Work:
    """Prompts' tokens put in the order of their experts, and what comes out of these summed per
    token: kernels of their own (SGLang: ep_scatter, ep_gather). In decode passes the dispatch
    itself puts each token in its place."""
    moved = 2.0 * bank.activation_bytes + 2.0
    return Work(
        name="sorting by expert",
        kernel="elementwise.bf16",
        constants=inventory.elementwise.constants,
        peak_flops=1.0,
        calls=2.0 * calls,
        flops=np.zeros_like(pairs),
        bytes=(0.5 * moved * bank.experts.matrices[0].inputs) * pairs,
        place=Place.EXPERTS,
    )


def _expert_work(
    placed: PlacedBank, tokens: FloatArray, imbalance: float, excess: float
) -> tuple[Work, FloatArray]:
    bank, slots, others = placed.bank, placed.slots, placed.others
    experts, count = bank.experts, float(bank.experts.count)
    # Identity experts take their share of the routing but no work.
    real_share = experts.count / (experts.count + experts.identity_count)
    choices = tokens * (experts.top_k * real_share)
    distinct = expected_experts(count, experts.top_k * real_share, tokens, bank.evenness)
    # Ranks wait for the one with the most work: in bytes its distinct experts, in FLOPs its
    # pairs. Random choices spread binomially, those of distinct experts less the more are taken;
    # and the experts of one rank are together more popular than those of another, unless placed
    # by their popularity. Each copy of an expert is touched like an expert of its own.
    copies = distinct * placed.copied
    mean = copies / slots.ranks
    touched = busiest(mean, placed.largest, mean * others * (1.0 - distinct / count))
    touched = np.minimum(touched, np.minimum(copies, slots.per_rank))
    mean = choices / slots.ranks
    popularity = np.where(placed.balanced, 0.0, slots.ranks / (bank.evenness * count))
    variance = mean * (others + mean * (others * popularity))
    pairs = np.minimum(busiest(mean, placed.largest, variance), choices)
    if bool(np.any(placed.balanced)):
        pairs = pairs * np.where(placed.balanced, 1.0 + excess, 1.0)
    if imbalance != 1.0:
        pairs = pairs * np.where(placed.divided, imbalance, 1.0)
    if bank.placing.shared_apart:
        # Every token passes the shared experts, of which each such rank serves its part.
        shared = tokens / np.maximum(slots.shared_ranks, 1.0)
        pairs = np.where(slots.apart, np.maximum(pairs, shared), pairs)
    work = Work(
        name="experts",
        kernel=bank.kernel,
        constants=bank.constants,
        peak_flops=bank.peak_flops,
        calls=bank.calls,
        flops=(2.0 * placed.weights) * pairs,
        bytes=placed.weights * bank.weight_bytes_per_element * touched + pairs * placed.pair_bytes,
        size=np.maximum(pairs / np.maximum(touched, 1e-9), 1e-9),
        compute_excess=placed.compute_excess,
        memory_excess=placed.memory_excess,
        place=Place.EXPERTS,
    )
    return work, pairs


def _pair_bytes(bank: ExpertBank, columns: FloatArray) -> FloatArray:
    """Traffic of one token at one expert: its operands as stored, its results in 16 bits, the last
    of which the sum over a token's experts reads again."""
    hidden = bank.experts.matrices[0].inputs
    operands = (hidden + columns) * bank.activation_bytes
    results: FloatArray = (2.0 * columns + 2.0 * hidden) * 2.0
    return operands + results
