"""Prompts in every so many passes only (vLLM: --prefill-schedule-interval)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.hardware.parts.scheduler import PrefillPasses
from engine.serve.batching.continuous import serve_continuous
from engine.serve.passes.deployment import Deployment
from engine.serve.requests import Requests
from engine.serve.steady import SteadyPasses, steady_passes, waited_passes
from engine.work.layout import Layout
from engine.work.tokens import LayoutArrays, take_inventory
from tests.engine import builders

MODEL = builders.mixture(experts=64)


def passes(
    interval: float, batch: float = 256, budget: int = 16_384, patience: int = 0
) -> SteadyPasses:
    engine = builders.framework(
        prefill_interval=interval,
        rank_wait_passes=patience,
        prefill_passes=PrefillPasses.SHARED,
        prefill_tokens=budget,
    )
    inventory = take_inventory(MODEL, builders.BF16, builders.chip(), engine)
    arrays = LayoutArrays.of([Layout(attention_data=8, expert=8)])
    made = Deployment(inventory, builders.chip(), engine, arrays)
    return steady_passes(made, Requests(1000.0, 1000.0), None, np.array([[batch]]))


def test_fewer_passes_hold_prompts_and_hold_more_of_them():
    often, seldom = passes(1.0), passes(16.0)
    assert float(seldom.share[0, 0]) < float(often.share[0, 0])
    assert float(seldom.share[0, 0]) <= 1 / 16
    assert float(seldom.step[0, 0]) < float(often.step[0, 0])


def test_all_prompts_are_taken_whatever_the_interval():
    for interval in (1.0, 4.0, 16.0):
        made = passes(interval)
        # Passes of one rank that hold its prompts, times what one holds.
        own = made.arrivals * made.interval * 1000.0 / made.chunk
        assert float((own / made.interval * made.chunk)[0, 0]) == pytest.approx(
            float(made.arrivals[0, 0]) * 1000.0
        )
        assert float(own[0, 0]) <= 1.0


def test_a_pass_that_cannot_take_all_that_wait_comes_sooner():
    assert float(passes(1000.0, budget=2048).interval[0, 0]) < 1000.0


def test_ranks_that_wait_for_each_other_prefill_in_the_same_passes():
    """32 sequences of a rank with answers of 1,000 tokens: a prompt each 31 passes."""
    alone, patient, endless = (passes(1.0, patience=most) for most in (0, 10, 1000))
    assert float(patient.interval[0, 0]) == 10
    assert float(endless.interval[0, 0]) == pytest.approx(999 / 32)
    assert float(endless.share[0, 0]) == pytest.approx(float(endless.arrivals[0, 0]))
    assert float(endless.step[0, 0]) < float(patient.step[0, 0]) < float(alone.step[0, 0])


def test_a_rank_that_decodes_nothing_does_not_wait():
    lone = passes(1.0, batch=1, patience=30)
    assert float(waited_passes(lone)[0, 0]) == 1.0
    several = passes(1.0, batch=256, patience=30)
    assert float(waited_passes(several)[0, 0]) == pytest.approx(1 + 29 * (1 - 1 / 32))


def test_few_requests_come_from_few_ranks():
    """Two requests on eight ranks hold all up a quarter as often as one on each of them."""
    few, all_ranks = passes(1.0, batch=2), passes(1.0, batch=8)
    ratio = float(few.share[0, 0]) / float(all_ranks.share[0, 0])
    assert ratio == pytest.approx(2 / 8, rel=0.01)


def test_prompts_of_patient_ranks_queue_where_a_pass_has_room_for_one():
    """Sixteen sequences with answers of 1,000 tokens, ranks that wait 40 passes: 0.64 prompts come
    to a rank until the next turn, which has room for one or for eight."""

    def waiting(budget: int) -> float:
        engine = builders.framework(
            rank_wait_passes=40, prefill_passes=PrefillPasses.SHARED, prefill_tokens=budget
        )
        inventory = take_inventory(MODEL, builders.BF16, builders.chip(), engine)
        arrays = LayoutArrays.of([Layout(attention_data=8, expert=8)])
        made = Deployment(inventory, builders.chip(), engine, arrays)
        size = np.array([[128.0]])
        served = serve_continuous(made, Requests(1000.0, 1000.0), None, size, size)
        plain = steady_passes(made, Requests(1000.0, 1000.0), None, size).plain
        return float((served.ttft_seconds / plain)[0, 0])

    assert waiting(1016) > waiting(8016) + 0.5 * 40 * 0.64
